//! Bodies that nobody reads: who is still sending sees the answer nevertheless.

use std::io::Write;

use crate::client;
use crate::harness::TestApp;

/// More than both sockets' buffers hold.
const BODY_BYTES: usize = 32 * 1024 * 1024;
const HEAD: &str = "POST /v1/query?tenant=tiny HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\
                    Content-Type: application/json\r\n";

fn app() -> TestApp {
    TestApp::start(&[("http", "body_bytes_max", "2000")]).ready()
}

#[test]
fn a_body_over_its_bound_is_sent_to_its_end_and_then_refused() {
    let app = app();
    let mut stream = client::connect(app.address);
    let head = format!("{HEAD}Content-Length: {BODY_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&vec![b' '; BODY_BYTES]).expect("all of it was taken");
    client::read_reply(&mut stream).problem(413, "body_too_large");
}

#[test]
fn so_is_one_in_chunks() {
    let app = app();
    let mut stream = client::connect(app.address);
    stream.write_all(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).expect("sent");
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..BODY_BYTES >> 20 {
        stream.write_all(&chunk).expect("all of it was taken");
    }
    stream.write_all(b"0\r\n\r\n").expect("sent");
    client::read_reply(&mut stream).problem(413, "body_too_large");
}

#[test]
fn and_one_that_no_route_wanted() {
    let app = app();
    let mut stream = client::connect(app.address);
    let head = HEAD.replace("/v1/query?tenant=tiny", "/v1/nothing");
    stream
        .write_all(format!("{head}Content-Length: {BODY_BYTES}\r\n\r\n").as_bytes())
        .expect("sent");
    stream.write_all(&vec![b' '; BODY_BYTES]).expect("all of it was taken");
    client::read_reply(&mut stream).problem(404, "not_found");
}

#[test]
fn who_asks_first_is_told_before_it_sends() {
    let app = app();
    let mut stream = client::connect(app.address);
    let head = format!("{HEAD}Expect: 100-continue\r\nContent-Length: {BODY_BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    client::read_reply(&mut stream).problem(413, "body_too_large");
}
