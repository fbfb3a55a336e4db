//! Shutdown, driven through the lifecycle and through signals.

use std::io::Write;

use serde_json::json;

use crate::client;
use crate::harness::TestApp;
use crate::process::Process;

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
fn newcomers_are_served_until_every_proxy_knows_and_a_second_signal_ends_that() {
    let app = TestApp::start(&[("http", "drain_delay", "1h")]).ready();
    app.lifecycle.drain();
    assert_eq!(client::send(app.admin, &client::request("GET", "/readyz", &[], b"")).status, 503);
    assert_eq!(client::send(app.admin, &client::request("GET", "/livez", &[], b"")).status, 200);
    // Neither a new connection nor a cold tenant is turned away.
    let reply = app.get("/v1/query?tenant=tiny&sql=SELECT%201");
    assert_eq!(reply.rows(), json!([[1]]));
    app.lifecycle.stop();
    app.wait().expect("ended");
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
fn a_signal_while_the_source_is_being_read_ends_the_process() {
    // It listens, and nobody has waited until it is ready.
    let mut process = Process::start();
    process.terminate();
    assert_eq!(process.ended().code(), Some(0), "{}", process.rest());
}
