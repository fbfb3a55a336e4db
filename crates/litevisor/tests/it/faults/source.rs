//! An app over the test server through a proxy that can harm it.

use std::net::SocketAddr;
use std::thread::JoinHandle;

use bson::{Document, doc};
use litevisor::config::Layers;
use tempfile::TempDir;
use testkit::mongod::{ChaosProxy, Mongod};

use crate::client::{self, Reply};
use crate::harness::TestApp;

pub const COUNT: &str = "SELECT count(*) FROM reads";

pub const CATALOG: &str = r#"
tenant_key = "t"

[[tables]]
name = "reads"
collection = "reads"
primary_key = ["id"]
columns = [
  { name = "id", path = "_id", as = "integer" },
  { name = "n", path = "n", as = "integer" },
  { name = "text", path = "text", as = "text" },
]
"#;

/// Reads of `tenant`, some 250 bytes each, from key `from` on.
pub fn reads(tenant: &str, from: i32, count: i32) -> Vec<Document> {
    (from..from + count)
        .map(|n| doc! { "_id": n, "t": tenant, "n": n, "text": "x".repeat(200) })
        .collect()
}

/// An app whose source is `database` behind `uri`.
pub fn serve(uri: &str, database: &str, settings: &[(&str, &str, &str)]) -> TestApp {
    serve_tables(CATALOG, uri, database, settings)
}

/// The same with another catalog.
pub fn serve_tables(
    catalog: &str,
    uri: &str,
    database: &str,
    settings: &[(&str, &str, &str)],
) -> TestApp {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, catalog).expect("written");
    let mut layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", uri)
        .flag("test", "source", "database", database)
        .flag("test", "catalog", "path", file.display().to_string());
    for (section, key, value) in settings {
        layers = layers.flag("test", section, key, *value);
    }
    TestApp::start_with(layers, Some(folder))
}

/// A database with tenants `a` (20,000 reads) and `b` (10), and a proxy before its server.
pub fn database() -> (String, ChaosProxy) {
    let mongod = Mongod::shared();
    let database = mongod.database();
    fill(mongod, &database);
    (database, ChaosProxy::start(mongod.address()))
}

/// Gives `database` the tenants of [`database`].
pub fn fill(mongod: &Mongod, database: &str) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        mongod.insert(database, "reads", &reads("a", 0, 20_000)).await;
        mongod.insert(database, "reads", &reads("b", 100_000, 10)).await;
    });
}

/// Asks for a tenant's count on a thread of its own.
pub fn asking(address: SocketAddr, tenant: &str) -> JoinHandle<Reply> {
    let body = serde_json::json!({ "sql": COUNT }).to_string();
    let headers = [("Content-Type", "application/json")];
    let target = format!("/v1/query?tenant={tenant}");
    let request = client::request("POST", &target, &headers, body.as_bytes());
    std::thread::Builder::new().spawn(move || client::send(address, &request)).expect("a thread")
}

/// Asks until the answer is 200, a bounded number of times: a driver needs a moment to see that
/// its server is back.
pub fn recovers(app: &TestApp, tenant: &str, rows: i64) {
    for _ in 0..200 {
        let reply = app.sql(tenant, COUNT);
        if reply.status == 200 {
            assert_eq!(reply.rows()[0][0], rows);
            return;
        }
        assert_eq!(reply.status, 503, "{}", reply.text());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no recovery");
}
