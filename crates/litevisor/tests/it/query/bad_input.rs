//! Bad input, all through the public interface: each a clear code, none of them a crash.

use serde_json::json;

use crate::client;
use crate::harness::TestApp;

#[test]
fn tenants() {
    let app = TestApp::start(&[]).ready();
    let sql = "sql=SELECT%201";
    app.get(&format!("/v1/query?{sql}")).problem(400, "tenant_missing");
    app.get(&format!("/v1/query?tenant=&{sql}")).problem(400, "tenant_missing");
    let bad = [
        ("tenant=tiny&tenant=tiny", "more than once"),
        ("tenant=%74iny", "tenant=tiny"),
        ("tenant=auth0|1", "tenant=auth0%7C1"),
        ("tenant=auth0%7c1", "tenant=auth0%7C1"),
        ("tenant=a@b", "tenant=a%40b"),
        ("tenant=a+b", "tenant=a%2Bb"),
        ("tenant=%FF", "UTF-8"),
        ("tenant=%0A", "control"),
    ];
    for (tenant, part) in bad {
        let detail = app.get(&format!("/v1/query?{tenant}&{sql}")).problem(400, "request_invalid");
        assert!(detail.contains(part), "{tenant}: {detail}");
    }
    let long = "x".repeat(129);
    let detail = app.get(&format!("/v1/query?tenant={long}&{sql}")).problem(400, "request_invalid");
    assert!(detail.contains("128"), "{detail}");
}

#[test]
fn the_tenant_in_a_header() {
    let app = TestApp::start(&[("http", "tenant_header", "X-Tenant")]).ready();
    let ask = |query: &str, headers: &[(&str, &str)]| {
        app.send("GET", &format!("/v1/query?sql=SELECT%201{query}"), headers, b"")
    };
    assert_eq!(ask("", &[("X-Tenant", "tiny")]).status, 200);
    assert_eq!(ask("&tenant=tiny", &[("X-Tenant", "tiny")]).status, 200);
    assert_eq!(ask("", &[("X-Tenant", "a%40b")]).status, 200);
    ask("&tenant=tiny", &[("X-Tenant", "acme")]).problem(400, "request_invalid");
    ask("", &[("X-Tenant", "a@b")]).problem(400, "request_invalid");
    ask("", &[("X-Tenant", "tiny"), ("X-Tenant", "tiny")]).problem(400, "request_invalid");
    let detail = ask("", &[]).problem(400, "tenant_missing");
    assert!(detail.contains("x-tenant"), "{detail}");
}

#[test]
fn routes_methods_and_media_types() {
    let app = TestApp::start(&[]).ready();
    app.get("/v1/nothing").problem(404, "not_found");
    app.get("/").problem(404, "not_found");
    app.get("/metrics").problem(404, "not_found");
    app.admin_get("/v1/query?tenant=tiny").problem(404, "not_found");
    let reply = app.send("PUT", "/v1/query?tenant=tiny", &[], b"x");
    reply.problem(405, "method_not_allowed");
    assert_eq!(reply.header("allow"), Some("GET, POST"));
    app.get("/v1/instance/boot?tenant=tiny").problem(405, "method_not_allowed");
    let body = br#"{"sql": "SELECT 1"}"#;
    let post = |headers: &[(&str, &str)]| app.send("POST", "/v1/query?tenant=tiny", headers, body);
    post(&[]).problem(415, "media_type_unsupported");
    post(&[("Content-Type", "text/plain")]).problem(415, "media_type_unsupported");
    post(&[("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
        .problem(415, "media_type_unsupported");
    post(&[("Content-Type", "application/json"), ("Accept", "text/html")])
        .problem(415, "media_type_unsupported");
    assert_eq!(post(&[("Content-Type", "Application/JSON; charset=utf-8")]).status, 200);
    assert_eq!(post(&[("Content-Type", "application/json;x=y; Charset=\"UTF-8\"")]).status, 200);
    let detail = post(&[("Content-Type", "application/json; charset=latin1")])
        .problem(415, "media_type_unsupported");
    assert!(detail.contains("charset=utf-8"), "{detail}");
}

#[test]
fn bodies() {
    let app = TestApp::start(&[("http", "body_bytes_max", "2000")]).ready();
    let bad = [
        ("", "JSON object"),
        ("null", "JSON object"),
        (r#"["SELECT 1", null, null, null, null, null]"#, "JSON object"),
        (r#"{"sql": "SELECT 1""#, "EOF"),
        ("{}", "sql"),
        (r#"{"sql": 5}"#, "string"),
        (r#"{"sql": "SELECT 1", "sqll": 1}"#, "sqll"),
        (r#"{"sql": "SELECT 1", "sql": "SELECT 2"}"#, "duplicate"),
        (r#"{"sql": "SELECT 1", "params": 5}"#, "params"),
        (r#"{"sql": "SELECT :a", "params": {"a": 1, "a": 2}}"#, "duplicate key `a`"),
        (r#"{"sql": "SELECT ?1", "params": [{"$text": "1", "$text": "2"}]}"#, "duplicate key"),
        (r#"{"sql": "SELECT ?1", "params": [[1]]}"#, "params[0]"),
        (r#"{"sql": "SELECT :a", "params": {"a": {"b": 1}}}"#, "params.a"),
        (r#"{"sql": "SELECT ?1", "params": []}"#, "1"),
        (r#"{"sql": "SELECT 1", "params": [1]}"#, ""),
        (r#"{"sql": "SELECT :a", "params": {"b": 1}}"#, ""),
        (r#"{"sql": "SELECT 1", "format": "xml"}"#, "xml"),
        (r#"{"sql": null}"#, "the body needs the key `sql`"),
        (r#"{"sql": ["SELECT 1"]}"#, "sql is a string, not a list"),
        (r#"{"sql": "SELECT 1", "format": {}}"#, "format is a string, not an object"),
        (r#"{"sql": "SELECT 1", "max_age": 5}"#, "max_age is a string, not 5"),
        (r#"{"sql": "SELECT 1", "lane": "boot"}"#, "lane is `interactive` or `report`, not `boot`"),
        (r#"{"sql": "SELECT 1", "lane": 1}"#, "lane is a string, not 1"),
        (r#"{"sql": "SELECT 1", "timeout_ms": -1}"#, "a whole number from 0 on, not -1"),
        (r#"{"sql": "SELECT 1", "timeout_ms": "5"}"#, "timeout_ms is a whole number"),
        (
            r#"{"sql": "SELECT 1", "max_rows": 1.5}"#,
            "max_rows is a whole number from 0 on, not 1.5",
        ),
        (r#"{"sql": "SELECT 1", "max_rows": true}"#, "not true"),
        (r#"{"sql": "SELECT 1"} x"#, "trailing"),
    ];
    for (body, part) in bad {
        let detail = app.post_text("tiny", body).problem(400, "request_invalid");
        assert!(detail.contains(part), "{body}: {detail}");
        let ours = ["u64", "i64", "f64", "struct", "QueryBody", "Option"];
        assert!(!ours.iter().any(|word| detail.contains(word)), "{body}: {detail}");
    }
    let json_type = [("Content-Type", "application/json")];
    let reply = app.send("POST", "/v1/query?tenant=tiny", &json_type, b"{\"sql\": \"\xff\"}");
    assert!(reply.problem(400, "request_invalid").contains("byte 9"));
    let long = json!({"sql": format!("SELECT 1 -- {}", "x".repeat(2000))});
    app.post("tiny", &long).problem(413, "body_too_large");
    let chunked = format!(
        "POST /v1/query?tenant=tiny HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n{}\r\n0\r\n\r\n",
        "x".repeat(3000)
    );
    client::send(app.address, chunked.as_bytes()).problem(413, "body_too_large");
    let extra = app.send("POST", "/v1/query?tenant=tiny&format=csv", &json_type, b"{}");
    assert!(extra.problem(400, "request_invalid").contains("format"));
}

#[test]
fn sql() {
    let app = TestApp::start(&[("query", "sql_bytes_max", "1000")]).ready();
    for empty in ["", "  ", ";", "-- nothing"] {
        app.sql("tiny", empty).problem(400, "sql_error");
    }
    let reply = app.sql("tiny", "SELECT 1;\nSELECT serial FORM devices");
    reply.problem(400, "sql_error");
    assert_eq!(reply.json()["offset"], 29, "{}", reply.text());
    assert_eq!(reply.json()["retryable"], false);
    let detail = app.sql("tiny", "SELECT seriel FROM devices").problem(400, "sql_error");
    assert!(detail.contains("serial"), "suggests the near column: {detail}");
    app.sql("tiny", "SELECT * FROM nothing").problem(400, "sql_error");
    let long = format!("SELECT 1 -- {}", "x".repeat(1000));
    app.sql("tiny", &long).problem(413, "body_too_large");
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]), "it lives");
}

#[test]
fn heads_that_are_no_http_end_the_connection_only() {
    let app = TestApp::start(&[]).ready();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello there, padding"[..],
        b"GET\r\n\r\n",
    ] {
        let mut stream = client::connect(app.address);
        std::io::Write::write_all(&mut stream, bytes).expect("sent");
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    }
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]));
}
