//! The source fails under an instance that is live: what is there goes on answering, and only who
//! asks for more than is there is told.

use serde_json::json;
use testkit::mongod::{Mongod, Traffic};

use super::leaving::{KEPT_READERS_BYTES, budget_used};
use super::source::{CATALOG, COUNT, database, reads, recovers, serve, serve_tables};
use crate::client::Reply;
use crate::harness::{TestApp, poll};

/// Asks for data no older than this moment.
fn newest(app: &TestApp) -> Reply {
    app.post("a", &json!({ "sql": COUNT, "max_age": "0s" }))
}

fn generation(reply: &Reply) -> u64 {
    reply.header("litevisor-generation").and_then(|text| text.parse().ok()).expect("a number")
}

/// Five reads more of tenant `a`.
fn write_more(database: &str) {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(Mongod::shared().insert(database, "reads", &reads("a", 500_000, 5)));
}

#[test]
fn a_refresh_that_fails_is_told_to_who_waits_for_it_only() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[]).ready();
    let first = app.sql("a", COUNT);
    assert_eq!(first.rows(), json!([[20_000]]));
    let kept = budget_used(&app) + KEPT_READERS_BYTES;
    write_more(&name);
    // Away at once, then in the middle of the second reading.
    for harm in [Traffic::Refuse, Traffic::CutAfter(3_000_000)] {
        proxy.set(harm);
        poll("a refresh to be tried, not only remembered", || {
            newest(&app).problem(503, "source_unavailable");
            proxy.traffic() == Traffic::Refuse
        });
        let old = app.sql("a", COUNT);
        assert_eq!((old.rows(), generation(&old)), (json!([[20_000]]), generation(&first)));
        assert_eq!(old.header("litevisor-instance"), Some("warm"));
        poll("what was read to be given back", || budget_used(&app) <= kept);
        assert_eq!(app.admin_get("/livez").status, 200);
    }
    proxy.set(Traffic::Pass);
    let mut new = None;
    poll("a refresh", || {
        let reply = newest(&app);
        let done = reply.status == 200;
        new = done.then_some(reply);
        done
    });
    let new = new.expect("an answer");
    assert_eq!(new.rows(), json!([[20_005]]));
    assert!(generation(&new) > generation(&first));
}

#[test]
fn past_its_age_an_instance_answers_while_the_source_is_down_and_is_refreshed_after() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("instance", "max_age", "1ms")]).ready();
    assert_eq!(app.sql("a", COUNT).rows(), json!([[20_000]]));
    proxy.set(Traffic::Refuse);
    write_more(&name);
    let failed = "litevisor_loads_total{kind=\"refresh\",outcome=\"source_unavailable\"}";
    poll("a refresh to fail", || {
        assert_eq!(app.sql("a", COUNT).rows(), json!([[20_000]]));
        app.admin_get("/metrics").text().contains(failed)
    });
    proxy.set(Traffic::Pass);
    poll("the refresh", || app.sql("a", COUNT).rows() == json!([[20_005]]));
}

#[test]
fn a_table_that_cannot_be_added_leaves_those_there_are() {
    let more = CATALOG.replace("tenant_key = \"t\"", "");
    let more = more.replace("name = \"reads\"", "name = \"texts\"");
    let (name, proxy) = database();
    let catalog = format!("{CATALOG}{more}");
    let lazily = [("instance", "tables", "lazy")];
    let app = serve_tables(&catalog, &proxy.uri(), &name, &lazily).ready();
    let loaded = || app.get("/v1/instance?tenant=a").json()["tables_loaded"].clone();
    assert_eq!(app.sql("a", COUNT).rows(), json!([[20_000]]));
    assert_eq!(loaded(), json!(["reads"]));
    proxy.set(Traffic::Refuse);
    let both = "SELECT (SELECT count(*) FROM reads) + (SELECT count(*) FROM texts)";
    app.sql("a", both).problem(503, "source_unavailable");
    // Found missing only once the script runs.
    let late = "CREATE TEMP TABLE t(n); SELECT count(*) FROM texts, t";
    app.sql("a", late).problem(503, "source_unavailable");
    assert_eq!(app.sql("a", COUNT).rows(), json!([[20_000]]));
    assert_eq!(loaded(), json!(["reads"]));
    proxy.set(Traffic::Pass);
    poll("the table", || app.sql("a", both).status == 200);
    assert_eq!(app.sql("a", both).rows(), json!([[40_000]]));
    recovers(&app, "a", 20_000);
}
