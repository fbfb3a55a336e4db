//! `/v1/schema`.

use serde_json::{Value, json};

use crate::harness::TestApp;

#[test]
fn the_catalog_before_a_boot_and_what_was_seen_after() {
    let app = TestApp::start(&[]).ready();
    let body = app.get("/v1/schema?tenant=acme").json();
    assert_eq!(body["tables"][0]["name"], "devices");
    assert_eq!(body["tables"][0]["description"], "Printers and copiers");
    assert_eq!(body["tables"][0]["rows"], Value::Null);
    assert_eq!(body["tables"][0]["columns"][3]["type"], "integer");
    assert_eq!(body["tables"][0]["columns"][3]["declared"], "INT");
    assert_eq!(body["tables"][0]["primary_key"], json!(["id"]));
    assert_eq!(app.get("/v1/instance?tenant=acme").json()["state"], "vacant", "it never boots");

    assert_eq!(app.sql("acme", "SELECT count(*) FROM devices").rows(), json!([[200]]));
    let body = app.get("/v1/schema?tenant=acme").json();
    let devices = &body["tables"][0];
    assert_eq!(devices["rows"], 200, "{devices}");
    assert_eq!(devices["columns"][3]["seen"], json!({"long": 200}));
    assert_eq!(devices["columns"][3]["nulls"], 0);
}
