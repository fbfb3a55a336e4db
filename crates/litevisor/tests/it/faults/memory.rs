//! A tenant or a query that does not fit is refused; others are unharmed, the memory returned.

use serde_json::json;

use super::leaving::{KEPT_READERS_BYTES, budget_used};
use super::source::{COUNT, database, serve};
use crate::harness::{TestApp, poll};

#[test]
fn a_tenant_over_its_cap_is_too_large_and_others_are_not() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("instance", "bytes_max", "128KiB")]).ready();
    let refused = app.sql("a", COUNT);
    let told = refused.problem(422, "instance_too_large");
    // So few bytes for 20,000 rows: its estimate says so, and what a boot would have cost.
    let price = refused.json();
    assert_eq!(price["rows"], 20_000, "{told}");
    assert!(price["bytes"].as_u64() > Some(128 << 10) && price["seconds"].is_f64(), "{price}");
    assert_eq!(app.get("/v1/instance?tenant=a").json()["price"]["rows"], price["rows"]);
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    app.sql("a", COUNT).problem(422, "instance_too_large");
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
}

#[test]
fn a_budget_smaller_than_the_tenant() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("memory", "budget", "4MiB")]).ready();
    let reply = app.sql("a", COUNT);
    reply.problem(422, "instance_too_large");
    let b = app.sql("b", COUNT);
    assert_eq!(b.rows()[0][0], 10);
    // Nor does a tenant that is there suffer from one that does not fit.
    app.sql("a", COUNT).problem(422, "instance_too_large");
    let again = app.sql("b", COUNT);
    assert_eq!((again.rows(), again.header("litevisor-instance")), (b.rows(), Some("warm")));
}

#[test]
fn a_query_over_its_memory_fails_alone() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("query", "temp_bytes_max", "2MiB")]).ready();
    let hungry = "CREATE TEMP TABLE big AS SELECT a.text || b.n AS x FROM reads a, (SELECT n FROM reads LIMIT 20) b; \
                  SELECT count(*) FROM big";
    app.sql("a", hungry).problem(422, "query_memory_exceeded");
    assert_eq!(app.sql("a", COUNT).rows()[0][0], 20_000);
}

#[test]
fn a_sort_over_its_memory_fails_alone_and_returns_it() {
    let app = TestApp::start(&[("query", "temp_bytes_max", "8MiB")]).ready();
    assert_eq!(app.sql("tiny", "SELECT count(*) FROM devices").rows(), json!([[1]]));
    let before = budget_used(&app);
    // The sorter's runs come to some 400 MB; their key is not the order they are made in.
    let sort = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3000000) \
                SELECT x, printf('%0100d', x) AS wide FROM c ORDER BY x * 7919 % 3000017, wide";
    for format in ["json", "csv"] {
        let reply = app.post("tiny", &json!({ "sql": sort, "format": format }));
        reply.problem(422, "query_memory_exceeded");
    }
    assert_eq!(app.sql("tiny", "SELECT count(*) FROM devices").rows(), json!([[1]]));
    let kept = before + KEPT_READERS_BYTES;
    poll("the sort's memory to be given back", || budget_used(&app) <= kept);
}

/// Writes some 100 MB into tables of its own, then looks whether all of it is sound.
const LARGE_WHAT_IF: &str = "CREATE TABLE big(id INTEGER PRIMARY KEY, wide BLOB); \
    WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 50000) \
    INSERT INTO big SELECT x, zeroblob(2000) FROM c; \
    SELECT count(*), sum(length(wide)), (SELECT integrity_check FROM pragma_integrity_check) FROM big";

#[test]
fn a_large_what_if_is_charged_bounded_and_returned() {
    let app = TestApp::start(&[]).ready();
    let count = || assert_eq!(app.sql("tiny", "SELECT count(*) FROM devices").rows(), json!([[1]]));
    count();
    let before = budget_used(&app);
    let rows = app.sql("tiny", LARGE_WHAT_IF).rows();
    assert_eq!(rows, json!([[50_000, 100_000_000, "ok"]]));
    app.sql("tiny", "SELECT count(*) FROM big").problem(400, "sql_error");
    let kept = before + KEPT_READERS_BYTES;
    poll("the scratch's memory to be given back", || budget_used(&app) <= kept);
    count();

    for bound in [("query", "temp_bytes_max", "32MiB"), ("memory", "budget", "32MiB")] {
        let app = TestApp::start(&[bound]).ready();
        assert_eq!(app.sql("acme", "SELECT count(*) FROM devices").rows(), json!([[200]]));
        let before = budget_used(&app);
        let reply = app.sql("tiny", LARGE_WHAT_IF);
        let code =
            if bound.0 == "query" { (422, "query_memory_exceeded") } else { (503, "overloaded") };
        reply.problem(code.0, code.1);
        let kept = before + KEPT_READERS_BYTES;
        poll("the scratch's memory to be given back", || budget_used(&app) <= kept);
        assert_eq!(app.sql("acme", "SELECT count(*) FROM devices").rows(), json!([[200]]));
    }
}
