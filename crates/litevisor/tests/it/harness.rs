//! The real program on free ports over a dump folder of a few tenants.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bson::{Document, doc};
use litevisor::app::App;
use litevisor::config::{Config, Layers};
use litevisor::runtime::{Lifecycle, SystemRuntime};
use tempfile::TempDir;

use crate::client::{self, Reply};

pub const CATALOG: &str = r#"
tenant_key = "customerId"
tenants = { collection = "customers", key = "_id" }

[[tables]]
name = "devices"
description = "Printers and copiers"
collection = "devices"
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "serial", path = "serial", as = "text", description = "as printed on the device" },
  { name = "city", path = "location.city", as = "text" },
  { name = "pages", path = "pages", as = "integer" },
  { name = "price", path = "price", as = "real" },
]
primary_key = ["id"]

[[tables]]
name = "alerts"
collection = "alerts"
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "level", path = "level", as = "integer" },
]
primary_key = ["id"]

[[tables]]
name = "cities"
description = "The same for everybody"
collection = "cities"
shared = true
columns = [
  { name = "name", path = "_id", as = "text" },
  { name = "country", path = "country", as = "text" },
]
primary_key = ["name"]
"#;

/// How often [`poll`] looks before it gives up: a minute and more, far beyond what anything takes.
const POLLS_MAX: u32 = 12_000;
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Looks until `done`; panics with `what` it waited for if that never comes.
#[track_caller]
pub fn poll(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..POLLS_MAX {
        if done() {
            return;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    panic!("waited in vain for {what}");
}

/// Tenants whose ids are no plain words.
pub const ODD_TENANTS: [(&str, &str); 4] =
    [("acme.com", "acme.com"), ("auth0|1", "auth0%7C1"), ("a@b", "a%40b"), ("ü", "%C3%BC")];

/// A running program. Dropping it stops it.
pub struct TestApp {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub lifecycle: Lifecycle,
    running: Option<JoinHandle<Result<Option<u64>, String>>>,
    _folder: Option<TempDir>,
}

/// Writes a collection as mongodump does.
pub fn write_collection(folder: &Path, name: &str, documents: &[Document]) {
    let bytes: Vec<u8> =
        documents.iter().flat_map(|document| document.to_vec().expect("BSON")).collect();
    std::fs::write(folder.join(format!("{name}.bson")), bytes).expect("written");
    let metadata =
        format!("{{\"indexes\":[],\"collectionName\":\"{name}\",\"type\":\"collection\"}}");
    std::fs::write(folder.join(format!("{name}.metadata.json")), metadata).expect("written");
}

/// A dump with `acme` (200 devices), `tiny` (1), `empty` (listed, no documents) and the odd ones.
pub fn write_dump(folder: &Path) {
    let mut devices = Vec::new();
    for i in 0..200_i32 {
        devices.push(doc! {
            "_id": format!("d{i:03}"), "customerId": "acme", "serial": format!("S{i}"),
            "location": { "city": if i % 2 == 0 { "Delft" } else { "Gent" } },
            "pages": i64::from(i), "price": f64::from(i) / 4.0,
        });
    }
    for (id, _) in ODD_TENANTS {
        devices.push(doc! { "_id": format!("x-{id}"), "customerId": id, "serial": id });
    }
    devices.push(doc! { "_id": "t1", "customerId": "tiny", "serial": "only" });
    write_collection(folder, "devices", &devices);
    let alerts: Vec<Document> = (0..10_i32)
        .map(|i| doc! { "_id": format!("a{i}"), "customerId": "acme", "level": i })
        .collect();
    write_collection(folder, "alerts", &alerts);
    let listed = ["acme", "tiny", "empty"].into_iter().chain(ODD_TENANTS.map(|(id, _)| id));
    let customers: Vec<Document> = listed.map(|id| doc! { "_id": id }).collect();
    write_collection(folder, "customers", &customers);
    let cities = [("Delft", "NL"), ("Gent", "BE")];
    let cities = cities.map(|(name, country)| doc! { "_id": name, "country": country });
    write_collection(folder, "cities", &cities);
}

impl TestApp {
    /// Over the dump of [`write_dump`], with further TOML sections' keys set by the caller.
    pub fn start(settings: &[(&str, &str, &str)]) -> TestApp {
        let folder = TempDir::new().expect("a folder");
        write_dump(folder.path());
        std::fs::write(folder.path().join("catalog.toml"), CATALOG).expect("written");
        let mut layers = Layers::new()
            .flag("test", "source", "kind", "dump")
            .flag("test", "source", "path", folder.path().display().to_string())
            .flag(
                "test",
                "catalog",
                "path",
                folder.path().join("catalog.toml").display().to_string(),
            );
        for (section, key, value) in settings {
            layers = layers.flag("test", section, key, *value);
        }
        TestApp::start_with(layers, Some(folder))
    }

    /// With these settings, on free ports.
    pub fn start_with(layers: Layers, folder: Option<TempDir>) -> TestApp {
        let layers = layers.flag("test", "http", "listen", "127.0.0.1:0").flag(
            "test",
            "http",
            "admin_listen",
            "127.0.0.1:0",
        );
        let config = Config::load(layers).expect("a good configuration").config;
        let lifecycle = Lifecycle::new();
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let theirs = lifecycle.clone();
        let running = std::thread::Builder::new()
            .name("app".to_owned())
            .spawn(move || {
                let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build();
                let tokio = tokio.expect("a runtime");
                let runtime = SystemRuntime::new(tokio.handle().clone(), theirs);
                let result = tokio.block_on(async {
                    let app = App::bind(config, Arc::clone(&runtime)).await?;
                    tell.send((app.address(), app.admin_address())).expect("heard");
                    app.run(|_| {}).await
                });
                tokio.shutdown_background();
                result
            })
            .expect("a thread");
        let (address, admin) = told.recv().expect("bound");
        TestApp { address, admin, lifecycle, running: Some(running), _folder: folder }
    }

    /// Waits until it is ready. (It answers at once, but 503 until the dump is indexed.)
    pub fn ready(self) -> TestApp {
        poll("the program to be ready", || {
            let ended = self.running.as_ref().is_none_or(JoinHandle::is_finished);
            assert!(!ended, "the program ended: {:?}", self.lifecycle);
            self.admin_get("/readyz").status == 200
        });
        self
    }

    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        client::send(self.address, &client::request(method, target, headers, body))
    }

    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[], b"")
    }

    pub fn admin_get(&self, target: &str) -> Reply {
        client::send(self.admin, &client::request("GET", target, &[], b""))
    }

    /// `POST /v1/query` with a JSON body.
    pub fn post(&self, tenant: &str, body: &serde_json::Value) -> Reply {
        self.post_text(tenant, &body.to_string())
    }

    pub fn post_text(&self, tenant: &str, body: &str) -> Reply {
        let target = format!("/v1/query?tenant={tenant}");
        self.send("POST", &target, &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// SQL on a tenant's data, as JSON.
    pub fn sql(&self, tenant: &str, sql: &str) -> Reply {
        self.post(tenant, &serde_json::json!({ "sql": sql }))
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Result<(), String> {
        self.running.take().expect("running").join().expect("no panic").map(nothing_charged)
    }
}

/// The leak check: once all instances are closed and nobody is inside, nothing is charged to any
/// tenant.
#[track_caller]
fn nothing_charged(charged: Option<u64>) {
    assert!(charged.is_none_or(|bytes| bytes == 0), "{charged:?} bytes stay charged");
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // A whole drain, so that the ledger can be looked at.
        self.lifecycle.drain();
        if std::thread::panicking() {
            self.lifecycle.stop();
        }
        if let Some(running) = self.running.take() {
            let ended = running.join();
            if !std::thread::panicking() {
                nothing_charged(ended.expect("no panic").expect("no failure"));
            }
        }
    }
}
