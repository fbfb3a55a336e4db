//! Which tables a query has loaded, and how old they may be.

use bson::doc;
use litevisor::config::Layers;
use serde_json::{Value, json};
use testkit::mongod::Mongod;

use crate::client::Reply;
use crate::harness::{CATALOG, TestApp};

fn loaded(app: &TestApp, tenant: &str) -> Value {
    app.get(&format!("/v1/instance?tenant={tenant}")).json()["tables_loaded"].clone()
}

fn lazy() -> TestApp {
    TestApp::start(&[("instance", "tables", "lazy")]).ready()
}

fn warmth(reply: &Reply) -> &str {
    reply.header("litevisor-instance").expect("a result says so")
}

#[test]
fn lazily_only_what_is_asked_for_is_loaded() {
    let app = lazy();
    let first = app.sql("acme", "SELECT count(*) FROM devices");
    assert_eq!((first.rows(), warmth(&first)), (json!([[200]]), "cold"));
    assert_eq!(loaded(&app, "acme"), json!(["devices"]));
    let again = app.sql("acme", "SELECT sum(pages) FROM devices");
    assert_eq!((again.rows(), warmth(&again)), (json!([[19_900]]), "warm"));
    assert_eq!(loaded(&app, "acme"), json!(["devices"]));
    let other = app.sql("acme", "SELECT count(*) FROM alerts, devices");
    assert_eq!((other.rows(), warmth(&other)), (json!([[2_000]]), "cold"));
    assert_eq!(other.header("litevisor-generation"), first.header("litevisor-generation"));
    assert_eq!(loaded(&app, "acme"), json!(["devices", "alerts"]));
}

#[test]
fn a_request_that_comes_upon_a_table_midway_starts_over() {
    // Named by the third statement; by a statement that FTS5 makes for itself while it runs; by a
    // name that only exists once the script has run.
    let scripts = [
        "CREATE TEMP TABLE t(n); INSERT INTO t VALUES (1), (2); SELECT count(*) FROM alerts, t",
        "CREATE VIRTUAL TABLE f USING fts5(id, content='alerts', content_rowid='level'); \
         INSERT INTO f(f) VALUES ('rebuild'); SELECT count(*) * 20 FROM f WHERE f MATCH 'a7'",
        "CREATE VIEW v AS SELECT * FROM alerts; CREATE TEMP TABLE t AS SELECT 1 AS n FROM devices \
         LIMIT 2; SELECT count(*) FROM v, t",
    ];
    for sql in scripts {
        let app = lazy();
        app.sql("acme", "SELECT 1 FROM devices").rows();
        assert_eq!(loaded(&app, "acme"), json!(["devices"]));
        let reply = app.sql("acme", sql);
        assert_eq!((reply.rows(), warmth(&reply)), (json!([[20]]), "cold"), "{sql}");
        assert_eq!(loaded(&app, "acme"), json!(["devices", "alerts"]), "{sql}");
        let again = app.sql("acme", sql);
        assert_eq!((again.rows(), warmth(&again)), (json!([[20]]), "warm"), "{sql}");
    }
}

#[test]
fn a_request_that_names_an_age_waits_for_data_that_young() {
    let server = Mongod::shared();
    let database = server.database();
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    let device = |n: i32| doc! { "_id": format!("d{n}"), "customerId": "acme", "pages": n };
    tokio.block_on(async {
        server.insert(&database, "customers", &[doc! { "_id": "acme" }]).await;
        server.insert(&database, "devices", &[device(1)]).await;
        server.insert(&database, "alerts", &[doc! { "_id": "a", "customerId": "acme" }]).await;
    });
    let folder = tempfile::TempDir::new().expect("a folder");
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, CATALOG).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", server.uri())
        .flag("test", "source", "database", &*database)
        .flag("test", "catalog", "path", catalog.display().to_string());
    let app = TestApp::start_with(layers, Some(folder)).ready();
    let sql = "SELECT sum(pages) FROM devices";
    let ask = |max_age: Option<&str>| app.post("acme", &json!({"sql": sql, "max_age": max_age}));
    let generation = |reply: &Reply| -> u64 {
        reply.header("litevisor-generation").and_then(|text| text.parse().ok()).expect("a number")
    };
    let first = ask(None);
    assert_eq!((first.rows(), warmth(&first)), (json!([[1]]), "cold"));
    tokio.block_on(server.insert(&database, "devices", &[device(10)]));
    let old = ask(Some("1h"));
    assert_eq!((old.rows(), warmth(&old)), (json!([[1]]), "warm"), "old enough for this one");
    assert_eq!(generation(&old), generation(&first));
    let young = ask(Some("0s"));
    assert_eq!((young.rows(), warmth(&young)), (json!([[11]]), "cold"), "it waited for a load");
    assert!(generation(&young) > generation(&first));
    assert_eq!(young.header("litevisor-as-of"), young.json()["as_of"].as_str());
    assert!(young.header("litevisor-as-of") >= first.header("litevisor-as-of"));
    let after = ask(None);
    assert_eq!((after.rows(), warmth(&after)), (json!([[11]]), "warm"));
    assert_eq!(generation(&after), generation(&young));
    let by_get = format!("/v1/query?tenant=acme&max_age=0s&sql={}", "SELECT%201%20FROM%20devices");
    assert!(generation(&app.get(&by_get)) > generation(&young));
    app.post("acme", &json!({"sql": sql, "max_age": "soon"})).problem(400, "request_invalid");
}
