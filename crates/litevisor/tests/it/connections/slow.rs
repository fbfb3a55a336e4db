//! Who sends slowly, or opens connections and sends nothing: bodies have a time and are their
//! tenant's memory, and connections over their bound wait for those before them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::client;
use crate::faults::budget_used;
use crate::harness::{TestApp, poll};

/// The head of a query whose body has so many bytes, and is still to come.
fn head(tenant: &str, bytes: usize) -> Vec<u8> {
    format!(
        "POST /v1/query?tenant={tenant} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    )
    .into_bytes()
}

/// A query in a body of so many bytes.
fn body(bytes: usize) -> Vec<u8> {
    let mut body = br#"{"sql": "SELECT 'whole'"}"#.to_vec();
    body.resize(bytes, b' ');
    body
}

#[test]
fn a_body_that_drips_ends_in_its_time() {
    let app = TestApp::start(&[("http", "read_timeout", "1s")]).ready();
    for first in [0, 1, 100_000] {
        let mut stream = client::connect(app.address);
        stream.write_all(&head("tiny", 1_000_000)).expect("sent");
        stream.write_all(&body(first)).expect("sent");
        let over = AtomicBool::new(false);
        let reply = std::thread::scope(|scope| {
            let mut dripping = stream.try_clone().expect("another handle");
            let over = &over;
            // Each byte comes long before any patience ends; all of them would take hours.
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) && dripping.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
            let reply = client::read_reply(&mut stream);
            over.store(true, Ordering::Relaxed);
            reply
        });
        let why = reply.problem(400, "request_invalid");
        assert!(why.contains("took too long"), "{why}");
    }
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]));
}

/// Sends all of a body but its last byte; gives what was not told to end meanwhile.
fn almost(app: &TestApp, tenant: &str, bytes: usize) -> TcpStream {
    let mut stream = client::connect(app.address);
    stream.write_all(&head(tenant, bytes)).expect("sent");
    stream.write_all(&body(bytes - 1)).expect("sent");
    stream
}

#[test]
fn bodies_on_their_way_are_their_tenants_memory() {
    const BODY: usize = 4_000_000;
    let app = TestApp::start(&[
        ("memory", "budget", "32MiB"),
        ("query", "heap_bytes_max", "4MiB"),
        ("query", "temp_bytes_max", "4MiB"),
        ("query", "tenant_bytes_max", "12MiB"),
    ])
    .ready();
    let mut first = almost(&app, "tiny", BODY);
    // Twice: itself, and what will be read from it.
    poll("the body to be charged", || budget_used(&app) >= 2 * (BODY as u64 - 1));
    let mut second = almost(&app, "tiny", BODY);
    let refused = client::read_reply(&mut second);
    let why = refused.problem(429, "tenant_busy");
    assert!(why.contains("memory") && refused.header("retry-after").is_some(), "{why}");
    let told = refused.json();
    assert_eq!(
        (&told["budget"], &told["limit"]),
        (&json!("query.tenant_bytes_max"), &json!(12 << 20))
    );
    assert!(told["used"].as_u64() >= Some(2 * (BODY as u64 - 1)), "{told}");
    // Others have their own, and the first one goes on.
    let mut other = almost(&app, "acme", BODY);
    poll("the other's body to be charged", || budget_used(&app) >= 4 * (BODY as u64 - 1));
    for stream in [&mut first, &mut other] {
        stream.write_all(b" ").expect("sent");
        assert_eq!(client::read_reply(stream).rows(), json!([["whole"]]));
    }
    // A client that leaves gives its bytes back; so does the end of all of them.
    let third = almost(&app, "tiny", BODY);
    poll("the third body to be charged", || budget_used(&app) >= 2 * (BODY as u64 - 1));
    drop(third);
    poll("all to be given back", || budget_used(&app) < BODY as u64);
}

#[test]
fn connections_over_their_bound_wait_for_those_before_them() {
    let settings = [("http", "connections_max", "2"), ("http", "keep_alive_timeout", "2s")];
    let app = TestApp::start(&settings).ready();
    let silent = [(); 2].map(|()| client::connect(app.address));
    let mut third = client::connect(app.address);
    let request = client::request("GET", "/v1/query?tenant=tiny&sql=SELECT%201", &[], b"");
    third.write_all(&request).expect("sent");
    assert_eq!(client::read_reply(&mut third).rows(), json!([[1]]));
    // It was not served before one of them had ended.
    let ended = silent.iter().filter(|stream| {
        stream.set_nonblocking(true).expect("set");
        matches!((&mut &**stream).read(&mut [0]), Ok(0))
    });
    assert!(ended.count() > 0, "three were served at once");
}
