//! Slow readers: what is on its way to them is counted, and as it grows fewer queries are admitted.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::client;
use crate::harness::{TestApp, poll};

/// Starts a query whose result nobody takes.
fn untaken(app: &TestApp) -> TcpStream {
    let sql = "SELECT printf('%01000d', value) FROM generate_series(1, 1000000000)";
    let body = json!({ "sql": sql, "format": "ndjson" }).to_string();
    let headers = [("Content-Type", "application/json")];
    let target = "/v1/query?tenant=acme";
    let mut stream = client::connect(app.address);
    let bytes = client::request("POST", target, &headers, body.as_bytes());
    stream.write_all(&bytes).expect("sent");
    let (status, _) = client::read_head(&mut stream, &mut Vec::new());
    assert_eq!(status, 200);
    stream
}

/// It writes, so it needs a place like any query that is not over at once.
const PLACED: &str = "CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT a FROM t";

/// What a query is told that finds no place, if so.
fn turned_away(app: &TestApp) -> Option<Value> {
    let reply = app.sql("tiny", PLACED);
    if reply.status == 200 {
        assert_eq!(reply.rows(), json!([[1]]));
        return None;
    }
    reply.problem(503, "overloaded");
    assert!(reply.header("retry-after").is_some());
    Some(reply.json())
}

#[test]
fn as_untaken_results_grow_fewer_queries_are_admitted() {
    const PLACES: u64 = 8;
    let app = TestApp::start(&[
        ("memory", "budget", "24MiB"),
        ("admission", "replica_concurrent", "8"),
        ("admission", "queue_timeout", "200ms"),
        ("http", "stream_rate_min", "1B"),
    ])
    .ready();
    assert_eq!(turned_away(&app), None);
    let mut readers: Vec<TcpStream> = Vec::new();
    let mut told = None;
    // Places are left all the time, by their number: it is the bytes that take them.
    while told.is_none() && (readers.len() as u64) < PLACES - 1 {
        readers.push(untaken(&app));
        told = turned_away(&app);
    }
    // The last ones may not have filled their pipes yet.
    poll("a query to be turned away", || {
        told = told.take().or_else(|| turned_away(&app));
        told.is_some()
    });
    let told = told.expect("what it was told");
    assert_eq!(told["budget"], "admission.replica_concurrent", "{told}");
    let places = told["limit"].as_u64().expect("a limit");
    assert!(places < PLACES, "{told}");
    let by = |what: &str| told["by"][what].as_u64().unwrap_or_else(|| panic!("{what}: {told}"));
    let (bytes, most) = (by("result_bytes"), by("result_bytes_max"));
    assert!(bytes <= most && most == 24 * 1024 * 1024 / 100 * 10, "{told}");
    assert!(bytes > most / 2, "{told}");
    drop(readers);
    poll("the places to come back", || turned_away(&app).is_none());
}
