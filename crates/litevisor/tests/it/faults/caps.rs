//! The caps below the budget: one query's, one tenant's, all queries'. Each is named by the error that
//! hits it, and nothing stays charged.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use super::leaving::{KEPT_READERS_BYTES, budget_used};
use crate::client;
use crate::harness::{TestApp, poll};

const COUNT: &str = "SELECT count(*) FROM devices";

/// 10 GB each, by what they would have to hold.
const TEN_GIGABYTES: [&str; 4] = [
    "SELECT randomblob(100000) AS a FROM generate_series(1, 100000) ORDER BY a",
    "CREATE TABLE big AS SELECT randomblob(100000) AS a FROM generate_series(1, 100000)",
    "CREATE TEMP TABLE big AS SELECT randomblob(100000) AS a FROM generate_series(1, 100000)",
    "CREATE TABLE big(a); INSERT INTO big SELECT randomblob(100000) FROM generate_series(1, 100000)",
];

#[test]
fn ten_gigabytes_are_refused_and_nothing_is_left() {
    let bounds = [("query", "temp_bytes_max", "64MiB"), ("memory", "budget", "512MiB")];
    let app = TestApp::start(&bounds).ready();
    assert_eq!(app.sql("tiny", COUNT).rows(), json!([[1]]));
    let before = budget_used(&app);
    for sql in TEN_GIGABYTES {
        let why = app.sql("tiny", sql).problem(422, "query_memory_exceeded");
        assert!(why.contains("67108864 bytes") && why.contains("query.temp_bytes_max"), "{why}");
        assert_eq!(app.sql("tiny", COUNT).rows(), json!([[1]]));
    }
    let kept = before + KEPT_READERS_BYTES;
    poll("the memory to be given back", || budget_used(&app) <= kept);
}

#[test]
fn a_query_s_heap_has_a_cap_of_its_own() {
    let app = TestApp::start(&[("query", "heap_bytes_max", "16MiB")]).ready();
    let why = app.sql("tiny", "SELECT length(hex(zeroblob(12000000)))");
    let why = why.problem(422, "query_memory_exceeded");
    assert!(why.contains("query.heap_bytes_max"), "{why}");
}

/// What a query of this holds in temp files.
const HELD_BYTES: u64 = 6_000_000;

/// Starts a query that holds [`HELD_BYTES`] and waits for a reader that does not read.
fn holding(app: &TestApp, tenant: &str) -> TcpStream {
    let sql = "CREATE TEMP TABLE t AS SELECT randomblob(100000) AS a FROM generate_series(1, 60); \
               SELECT t.rowid FROM t, generate_series(1, 1000000000)";
    let body = json!({ "sql": sql, "format": "ndjson" }).to_string();
    let headers = [("Content-Type", "application/json")];
    let target = format!("/v1/query?tenant={tenant}");
    let mut stream = client::connect(app.address);
    let bytes = client::request("POST", &target, &headers, body.as_bytes());
    stream.write_all(&bytes).expect("sent");
    let (status, _) = client::read_head(&mut stream, &mut Vec::new());
    assert_eq!(status, 200);
    stream
}

fn query_bytes(app: &TestApp, tenant: &str) -> u64 {
    let tenants = app.admin_get("/v1/tenants").json();
    let slots = tenants["tenants"].as_array().expect("slots");
    let slot = slots.iter().find(|slot| slot["tenant"] == tenant).expect("the slot");
    slot["query_bytes"].as_u64().expect("bytes")
}

#[test]
fn one_tenant_s_queries_share_a_cap_and_others_have_their_own() {
    let bounds = [
        ("query", "temp_bytes_max", "8MiB"),
        ("query", "heap_bytes_max", "8MiB"),
        ("query", "tenant_bytes_max", "16MiB"),
    ];
    let app = TestApp::start(&bounds).ready();
    assert_eq!(app.sql("tiny", COUNT).rows(), json!([[1]]));
    let two = [holding(&app, "acme"), holding(&app, "acme")];
    poll("both to hold what they hold", || query_bytes(&app, "acme") > 2 * HELD_BYTES);
    let sql = "CREATE TEMP TABLE t AS SELECT randomblob(100000) AS a FROM generate_series(1, 60); \
               SELECT count(*) FROM t";
    let reply = app.sql("acme", sql);
    let why = reply.problem(429, "tenant_busy");
    assert!(why.contains("16777216 bytes") && why.contains("query.tenant_bytes_max"), "{why}");
    assert!(reply.header("retry-after").is_some());
    let body = reply.json();
    assert_eq!(body["budget"], "query.tenant_bytes_max");
    assert_eq!(body["limit"], 16_777_216);
    assert!(body["used"].as_u64() > Some(2 * HELD_BYTES), "{body}");
    assert_eq!(body["by"]["own_running"], 2, "{body}");
    assert_eq!(app.sql("tiny", sql).rows(), json!([[60]]), "others are not concerned");
    drop(two);
    poll("the two to end", || query_bytes(&app, "acme") < HELD_BYTES);
    assert_eq!(app.sql("acme", sql).rows(), json!([[60]]));
}
