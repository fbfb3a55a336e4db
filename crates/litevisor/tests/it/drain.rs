//! Shutdown, driven through the lifecycle and through signals.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::client;
use crate::harness::TestApp;

#[test]
fn a_stream_under_way_is_finished_and_newcomers_find_no_door() {
    let app = TestApp::start(&[]).ready();
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000) \
               SELECT x, printf('%0100d', x) FROM c";
    let body = json!({ "sql": sql }).to_string();
    let headers = [("Content-Type", "application/json")];
    let bytes = client::request("POST", "/v1/query?tenant=tiny", &headers, body.as_bytes());
    let mut stream = client::connect(app.address);
    stream.write_all(&bytes).expect("sent");
    let mut peeked = [0; 1];
    assert_eq!(stream.peek(&mut peeked).expect("a first byte"), 1);
    app.lifecycle.drain();
    let reply = client::read_reply(&mut stream);
    assert_eq!((reply.ended, &reply.json()["complete"]), (client::Ended::Whole, &json!(true)));
    let address = app.address;
    app.wait().expect("drained");
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_stream_that_outlives_the_deadline_does_not_look_whole() {
    let app = TestApp::start(&[("http", "drain_timeout", "200ms")]).ready();
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let body = json!({ "sql": sql }).to_string();
    let headers = [("Content-Type", "application/json")];
    let bytes = client::request("POST", "/v1/query?tenant=tiny", &headers, body.as_bytes());
    let mut stream = client::connect(app.address);
    stream.write_all(&bytes).expect("sent");
    let mut peeked = [0; 1];
    assert_eq!(stream.peek(&mut peeked).expect("a first byte"), 1);
    app.lifecycle.drain();
    let reply = client::read_reply(&mut stream);
    assert!(reply.ended == client::Ended::Broken || reply.json()["complete"] == json!(false));
    app.wait().expect("drained");
}

#[test]
fn sigterm_drains_the_process() {
    let folder = tempfile::TempDir::new().expect("a folder");
    crate::harness::write_dump(folder.path());
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, crate::harness::CATALOG).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .env("LITEVISOR__SOURCE__KIND", "dump")
        .env("LITEVISOR__SOURCE__PATH", folder.path())
        .env("LITEVISOR__CATALOG__PATH", &catalog)
        .env("LITEVISOR_PORT", "tcp://10.0.0.1:80")
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().expect("piped")));
    let said =
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("listening on http://")));
    assert!(said.is_some(), "it says where it listens");
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status().expect("told");
    assert!(told.success());
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}
