//! Connections with nothing under way end after `http.keep_alive_timeout`: a test waits for the end,
//! and a connection that stays open fails it by the client's own read timeout.

use std::io::{Read, Write};

use crate::client;
use crate::harness::TestApp;

fn app() -> TestApp {
    TestApp::start(&[("http", "keep_alive_timeout", "1s")]).ready()
}

/// What comes until the connection ends.
fn until_its_end(mut stream: &std::net::TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let ended = stream.read_to_end(&mut seen);
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(ended.is_ok() || ended.as_ref().is_err_and(reset), "{ended:?}");
    seen
}

#[test]
fn silence_and_half_heads_end_the_connection() {
    let app = app();
    for sent in ["", "P", "PRI * HTTP/2.0\r\n", "GET /v1/query HTTP/1.1\r\nHost: t\r\nX-Half: "] {
        for address in [app.address, app.admin] {
            let mut stream = client::connect(address);
            stream.write_all(sent.as_bytes()).expect("sent");
            let seen = until_its_end(&stream);
            let text = String::from_utf8_lossy(&seen);
            assert!(seen.is_empty() || seen[0] == 0, "{address}: {sent:?}: {text}");
        }
    }
}

#[test]
fn what_is_under_way_is_not_quiet() {
    let app = app();
    let body = serde_json::json!({ "sql": "SELECT 'in time'" }).to_string();
    let mut busy = client::connect(app.address);
    let head = format!(
        "POST /v1/query?tenant=tiny HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).expect("sent");
    // One that came later, and is quiet, ends first.
    assert_eq!(until_its_end(&client::connect(app.address)), b"");
    busy.write_all(body.as_bytes()).expect("sent");
    let seen = String::from_utf8(until_its_end(&busy)).expect("UTF-8");
    assert!(seen.starts_with("HTTP/1.1 200") && seen.contains("in time"), "{seen}");
}
