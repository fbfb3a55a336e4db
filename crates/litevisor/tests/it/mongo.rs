//! The program over a real MongoDB: a first look without a catalog.

use bson::doc;
use litevisor::config::Layers;
use serde_json::json;
use testkit::mongod::Mongod;

use crate::harness::TestApp;

#[test]
fn collections_never_seen_before_become_tables() {
    let server = Mongod::shared();
    let database = server.database();
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(async {
        let orders: Vec<_> = (0..100_i32)
            .map(|i| {
                let tenant = if i % 4 == 0 { "north" } else { "south" };
                doc! { "customerId": tenant, "total": f64::from(i),
                "address": { "city": "Delft" }, "lines": [{ "sku": "a", "n": i }] }
            })
            .collect();
        server.insert(&database, "orders", &orders).await;
    });
    let layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", server.uri())
        .flag("test", "source", "database", &*database);
    let app = TestApp::start_with(layers, None).ready();
    let sql = "SELECT count(*), sum(total), min(address_city) FROM orders";
    assert_eq!(app.sql("north", sql).rows(), json!([[25, 1200.0, "Delft"]]));
    assert_eq!(app.sql("south", sql).rows(), json!([[75, 3750.0, "Delft"]]));
    let schema = app.get("/v1/schema?tenant=north").json();
    let names: Vec<&str> = schema["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .filter_map(|t| t["name"].as_str())
        .collect();
    assert!(names.contains(&"orders") && names.len() == 2, "the array is a child table: {names:?}");
}
