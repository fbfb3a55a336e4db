//! Collections rebuilt under a running program, as `$out` and `mongorestore --drop` do every night:
//! nobody gets an error for it, and nobody gets an emptiness that was not there.

use bson::{Document, doc};
use litevisor::config::Layers;
use serde_json::json;
use tempfile::TempDir;
use testkit::mongod::{ChaosProxy, Mongod, Traffic};

use crate::client;
use crate::harness::{TestApp, poll};

const CATALOG: &str = r#"
tenant_key = "t"

[[tables]]
name = "reads"
collection = "reads"
primary_key = ["id"]
columns = [{ name = "id", path = "_id", as = "integer" }, { name = "text", path = "text", as = "text" }]

[[tables]]
name = "devices"
collection = "devices"
primary_key = ["id"]
columns = [{ name = "id", path = "_id", as = "integer" }]
"#;

struct Scene {
    runtime: tokio::runtime::Runtime,
    mongod: &'static Mongod,
    database: String,
    proxy: ChaosProxy,
}

fn documents(tenant: &str, from: i32, count: i32) -> Vec<Document> {
    (from..from + count)
        .map(|id| doc! { "_id": id, "t": tenant, "text": "x".repeat(200) })
        .collect()
}

impl Scene {
    /// Tenants `a` and `b` with devices; reads of `a`: so many.
    fn new(reads: i32) -> Scene {
        let mongod = Mongod::shared();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let scene = Scene {
            runtime: runtime.expect("a runtime"),
            mongod,
            database: mongod.database(),
            proxy: ChaosProxy::start(mongod.address()),
        };
        scene.insert("reads", &documents("a", 0, reads));
        scene.insert("devices", &documents("a", 0, 3));
        scene.insert("devices", &documents("b", 10, 4));
        scene
    }

    fn insert(&self, collection: &str, documents: &[Document]) {
        self.runtime.block_on(self.mongod.insert(&self.database, collection, documents));
    }

    /// Drops a collection and makes it anew with these documents.
    fn rebuild(&self, collection: &str, documents: &[Document]) {
        self.runtime.block_on(async {
            let database = self.mongod.client().await.database(&self.database);
            database.collection::<Document>(collection).drop().await.expect("dropped");
        });
        self.insert(collection, documents);
    }

    fn serve(&self, tables: &str) -> TestApp {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("catalog.toml");
        std::fs::write(&file, CATALOG).expect("written");
        let layers = Layers::new()
            .flag("test", "source", "kind", "mongodb")
            .flag("test", "source", "uri", self.proxy.uri())
            .flag("test", "source", "database", &*self.database)
            .flag("test", "instance", "tables", tables)
            .flag("test", "catalog", "path", file.display().to_string());
        TestApp::start_with(layers, Some(folder)).ready()
    }
}

#[test]
fn between_two_boots() {
    let scene = Scene::new(10);
    let app = scene.serve("on_demand");
    let count = "SELECT count(*) FROM devices";
    assert_eq!(app.sql("a", count).rows(), json!([[3]]));
    scene.rebuild("devices", &documents("b", 10, 7));
    assert_eq!(app.sql("b", count).rows(), json!([[7]]));
    assert_eq!(app.sql("a", count).rows(), json!([[3]]), "as of its own point");
}

#[test]
fn during_a_boot() {
    let scene = Scene::new(30_000);
    let app = scene.serve("on_demand");
    // Into the second of the batches, some 250 bytes a document.
    scene.proxy.set(Traffic::StallAfter(1_000_000));
    let address = app.address;
    let asking = std::thread::Builder::new().spawn(move || {
        let headers = [("Content-Type", "application/json")];
        let body = br#"{"sql":"SELECT count(*) FROM reads"}"#;
        client::send(address, &client::request("POST", "/v1/query?tenant=a", &headers, body))
    });
    poll("the boot to be in the midst of it", || scene.proxy.traffic() == Traffic::Stall);
    scene.rebuild("reads", &documents("a", 0, 5));
    scene.proxy.set(Traffic::Pass);
    let reply = asking.expect("a thread").join().expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.rows(), json!([[5]]));
}

#[test]
fn a_table_asked_for_after_it_was_rebuilt() {
    let scene = Scene::new(10);
    let app = scene.serve("lazy");
    let first = app.sql("a", "SELECT count(*) FROM devices");
    assert_eq!(first.rows(), json!([[3]]));
    scene.rebuild("reads", &documents("a", 0, 6));
    scene.insert("devices", &documents("a", 100, 1));
    let second = app.sql("a", "SELECT count(*) FROM reads");
    assert_eq!(second.status, 200, "{}", second.text());
    assert_eq!(second.rows(), json!([[6]]));
    let generation = |reply: &client::Reply| -> u64 {
        reply.header("litevisor-generation").and_then(|text| text.parse().ok()).expect("a number")
    };
    assert!(generation(&second) > generation(&first), "both tables are of one point again");
    assert_eq!(app.sql("a", "SELECT count(*) FROM devices").rows(), json!([[4]]));
}

#[test]
fn a_table_that_is_away_when_it_is_asked_for() {
    let scene = Scene::new(10);
    let app = scene.serve("lazy");
    let rename = |from: &str, to: &str| {
        let name = |collection| format!("{}.{collection}", scene.database);
        let command = doc! { "renameCollection": name(from), "to": name(to) };
        scene.runtime.block_on(async {
            let admin = scene.mongod.client().await.database("admin");
            admin.run_command(command).await.expect("renamed");
        });
    };
    assert_eq!(app.sql("a", "SELECT count(*) FROM devices").rows(), json!([[3]]));
    rename("reads", "away");
    // At the instance's own point there were ten; to show none would be wrong there.
    let first = app.sql("a", "SELECT count(*) FROM reads, devices");
    assert_eq!(first.rows(), json!([[0]]), "of a new point, at which there are none");
    rename("away", "reads");
    assert_eq!(app.sql("b", "SELECT count(*) FROM reads, devices").rows(), json!([[0]]));
    let fresh = json!({"sql": "SELECT count(*) FROM reads", "max_age": "0s"});
    assert_eq!(app.post("a", &fresh).rows(), json!([[10]]));
}
