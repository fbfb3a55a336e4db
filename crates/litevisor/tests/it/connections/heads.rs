//! Bounds of heads, and requests that two readers may read differently.

use std::io::Write;

use model::limits::{HEADERS_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX};

use crate::client;
use crate::harness::TestApp;

#[test]
fn heads_over_their_bounds_are_told_so() {
    let app = TestApp::start(&[]).ready();
    let comment = |bytes: usize| {
        let sql = "/v1/query?tenant=tiny&sql=SELECT%201--";
        format!("{sql}{}", "x".repeat(bytes - sql.len()))
    };
    assert_eq!(app.get(&comment(TARGET_BYTES_MAX)).status, 200);
    let detail = app.get(&comment(TARGET_BYTES_MAX + 1)).problem(400, "request_invalid");
    assert!(detail.contains("32768") && detail.contains("POST /v1/query"), "{detail}");

    let target = "/v1/query?tenant=tiny&sql=SELECT%201";
    let long = "x".repeat(HEADERS_BYTES_MAX);
    let detail = app.send("GET", target, &[("Cookie", &long)], b"").problem(400, "request_invalid");
    assert!(detail.contains("header fields") && detail.contains("32768"), "{detail}");

    let names: Vec<String> = (0..HEADERS_MAX).map(|at| format!("X-{at}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "1")).collect();
    let detail = app.send("GET", target, &fields, b"").problem(400, "request_invalid");
    assert!(detail.contains("send fewer"), "{detail}");
    // `Host` and `Connection` are there too.
    assert_eq!(app.send("GET", target, &fields[2..], b"").status, 200);
    app.admin_get(&comment(TARGET_BYTES_MAX + 1)).problem(400, "request_invalid");
}

#[test]
fn two_lengths_of_one_body_are_refused_and_the_connection_ends() {
    let app = TestApp::start(&[]).ready();
    let hidden = "GET /v1/query?tenant=tiny&sql=SELECT%20'smuggled' HTTP/1.1\r\nHost: t\r\n\r\n";
    let head =
        "POST /v1/query?tenant=tiny HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n";
    let body = "{\"sql\": \"SELECT 1\"}";
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let length = chunked.len() + hidden.len();
    for both in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
    ] {
        // A good one goes before it on the same connection, and what it hides comes after it.
        let good = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = client::connect(app.address);
        stream.write_all(good.as_bytes()).expect("sent");
        let (status, headers) = client::read_head(&mut stream, &mut Vec::new());
        assert_eq!(status, 200, "{headers:?}");
        let bytes = format!("{head}{both}\r\n{chunked}{hidden}");
        stream.write_all(bytes.as_bytes()).expect("sent");
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
        let text = String::from_utf8_lossy(&rest);
        assert_eq!(text.matches("HTTP/1.1 400").count(), 1, "{text}");
        assert!(text.contains("Transfer-Encoding") && text.contains("request_invalid"), "{text}");
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "nothing after it: {text}");
    }
}

#[test]
fn other_codings_and_two_hosts_are_refused_and_the_connection_ends() {
    let app = TestApp::start(&[]).ready();
    let next = "GET /v1/query?tenant=tiny&sql=SELECT%202 HTTP/1.1\r\nHost: t\r\n\r\n";
    let body = "{\"sql\": \"SELECT 1\"}";
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let post =
        "POST /v1/query?tenant=tiny HTTP/1.1\r\nContent-Type: application/json\r\nHost: t\r\n";
    let cases = [
        ("Transfer-Encoding: gzip, chunked", "chunked, once"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "chunked, once"),
        ("Transfer-Encoding: chunked\r\nHost: u", "more than one Host"),
    ];
    for (fields, told) in cases {
        let mut stream = client::connect(app.address);
        let bytes = format!("{post}{fields}\r\n\r\n{chunked}{next}");
        stream.write_all(bytes.as_bytes()).expect("sent");
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
        let text = String::from_utf8_lossy(&rest);
        assert!(text.starts_with("HTTP/1.1 400") && text.contains(told), "{fields}: {text}");
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "nothing after it: {text}");
    }
    let mut stream = client::connect(app.address);
    let bytes = format!("{post}Transfer-Encoding: chunked\r\n\r\n{chunked}");
    stream.write_all(bytes.as_bytes()).expect("sent");
    assert_eq!(client::read_head(&mut stream, &mut Vec::new()).0, 200);
}

#[test]
fn http_1_1_without_host_is_refused_on_either_listener() {
    let app = TestApp::start(&[("http", "cors_origins", "https://page.example")]).ready();
    let query = "/v1/query?tenant=tiny&sql=SELECT%201";
    let page = "Origin: https://page.example\r\nAccess-Control-Request-Method: POST\r\n";
    let ask = |address, head: &str| {
        client::send(address, format!("{head}Connection: close\r\n\r\n").as_bytes())
    };
    for (address, line) in [
        (app.address, format!("GET {query} HTTP/1.1\r\n")),
        (app.address, format!("GET http://t{query} HTTP/1.1\r\n")),
        (app.address, format!("OPTIONS {query} HTTP/1.1\r\n{page}")),
        (app.address, format!("GET {query} HTTP/1.1\r\nX-Host: t\r\n")),
        (app.admin, "GET /readyz HTTP/1.1\r\n".to_owned()),
    ] {
        let told = ask(address, &line).problem(400, "request_invalid");
        assert!(told.contains("no Host"), "{line}: {told}");
        assert!(ask(address, &format!("{line}Host:\r\n")).status < 300, "{line}");
    }
    // HTTP/1.0 does not know it: some probes of load balancers.
    assert_eq!(ask(app.admin, "GET /readyz HTTP/1.0\r\n").status, 200);
}
