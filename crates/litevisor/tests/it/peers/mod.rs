//! Hand-over between replicas: two or more programs over one source.

mod strangers;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use litevisor::config::Layers;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{CATALOG, TestApp, poll, write_dump};

const SECRET: &str = "what-all-replicas-of-this-test-know";
const SQL: &str = "SELECT count(*), sum(pages) FROM devices";

static FLEETS: AtomicU8 = AtomicU8::new(1);

/// A dump, a catalog and a secret that several replicas share.
pub struct Fleet {
    folder: TempDir,
    ports: Vec<SocketAddr>,
}

impl Fleet {
    pub fn new(replicas: usize) -> Fleet {
        let folder = TempDir::new().expect("a folder");
        write_dump(folder.path());
        std::fs::write(folder.path().join("catalog.toml"), CATALOG).expect("written");
        std::fs::write(folder.path().join("secret"), SECRET).expect("written");
        // Addresses of its own, and a port that no client is given: nobody takes it in between.
        let fleet = FLEETS.fetch_add(1, Ordering::Relaxed);
        let [_, process, ..] = std::process::id().to_le_bytes().map(|byte| byte.max(1));
        let of = |replica: usize| {
            let last = u8::try_from(replica + 1).expect("a few");
            SocketAddr::from(([127, process.wrapping_add(2).max(1), fleet, last], 18_082))
        };
        let ports = (0..replicas).map(of).collect();
        Fleet { folder, ports }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn port(&self, number: usize) -> SocketAddr {
        self.ports[number]
    }

    fn service(&self) -> String {
        self.ports.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
    }

    /// The replica of this number, ready.
    pub fn replica(&self, number: usize, settings: &[(&str, &str, &str)]) -> TestApp {
        let mut layers = Layers::new()
            .flag("test", "source", "kind", "dump")
            .flag("test", "source", "path", self.folder.path().display().to_string())
            .flag("test", "catalog", "path", self.path("catalog.toml"))
            .flag("test", "peers", "listen", self.port(number).to_string())
            .flag("test", "peers", "service", self.service())
            .flag("test", "peers", "secret_file", self.path("secret"));
        for (section, key, value) in settings {
            layers = layers.flag("test", section, key, *value);
        }
        TestApp::start_with(layers, None).ready()
    }
}

/// The value of a metric as it stands in the text.
pub fn metric(app: &TestApp, name: &str) -> u64 {
    let text = app.admin_get("/metrics").text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().expect("a number"))
}

const DOCUMENTS: &str = "litevisor_loaded_documents_total";
pub const TAKEN: &str = "litevisor_handovers_total{direction=\"in\",outcome=\"ok\"}";
pub const NOT_TAKEN: &str = "litevisor_handovers_total{direction=\"in\",outcome=\"failed\"}";

/// All tables are there, so that nothing of the source is missing in a copy.
fn whole(app: &TestApp, tenant: &str) {
    poll("all tables", || {
        let instance = app.get(&format!("/v1/instance?tenant={tenant}")).json();
        instance["state"] == "live" && instance["boot"].is_null() && {
            let schema = app.get(&format!("/v1/schema?tenant={tenant}")).json();
            let tables = schema["tables"].as_array().cloned().unwrap_or_default();
            tables
                .iter()
                .filter(|table| table["shared"] != true)
                .all(|table| !table["rows"].is_null())
        }
    });
}

#[test]
fn a_tenant_who_moves_is_not_read_again() {
    let fleet = Fleet::new(2);
    let (old, new) = (fleet.replica(0, &[]), fleet.replica(1, &[]));
    let first = old.sql("acme", SQL);
    whole(&old, "acme");
    let moved = new.sql("acme", SQL);
    assert_eq!(moved.rows(), first.rows());
    // It is the same copy: the same point in time, the same number, and it waited for it.
    for header in ["litevisor-as-of", "litevisor-generation"] {
        assert!(first.header(header).is_some());
        assert_eq!(moved.header(header), first.header(header));
    }
    assert_eq!(moved.header("litevisor-instance"), Some("cold"));
    assert_eq!((metric(&new, DOCUMENTS), metric(&new, TAKEN)), (0, 1));
    // What stays behind is known as a duplicate, and is still right.
    let duplicates = |app: &TestApp| metric(app, "litevisor_duplicates");
    assert_eq!((duplicates(&old), duplicates(&new)), (1, 0));
    assert_eq!(old.sql("acme", SQL).rows(), first.rows());
    // What the loads saw went along.
    let schema = |app: &TestApp| app.get("/v1/schema?tenant=acme").json()["tables"].clone();
    assert_eq!(schema(&new), schema(&old));
    // It is an instance like any other: it serves, it writes into a scratch, it closes.
    let sql = "UPDATE devices SET pages = 0; SELECT sum(pages) FROM devices";
    assert_eq!(new.sql("acme", sql).rows(), json!([[0]]));
    assert_eq!(new.sql("acme", SQL).rows(), first.rows());
}

#[test]
fn what_nobody_has_is_read_from_the_source() {
    let fleet = Fleet::new(2);
    // Of two peers one is this replica itself, and nobody listens at the other's port.
    let app = fleet.replica(0, &[]);
    assert_eq!(app.sql("tiny", SQL).status, 200);
    assert_eq!((metric(&app, TAKEN), metric(&app, NOT_TAKEN)), (0, 0));
    poll("the load's end", || metric(&app, DOCUMENTS) > 0);
}

#[test]
fn a_replica_that_leaves_hands_its_images_on() {
    let fleet = Fleet::new(3);
    let (leaver, stayer) = (fleet.replica(0, &[]), fleet.replica(1, &[]));
    let answers: Vec<_> = ["acme", "tiny"].map(|tenant| leaver.sql(tenant, SQL).rows()).into();
    whole(&leaver, "acme");
    whole(&leaver, "tiny");
    leaver.lifecycle.drain();
    leaver.wait().expect("drained");
    assert_eq!(metric(&stayer, TAKEN), 2);
    // One that comes finds them at the foster peer.
    let newcomer = fleet.replica(2, &[]);
    let after: Vec<_> = ["acme", "tiny"].map(|tenant| newcomer.sql(tenant, SQL).rows()).into();
    assert_eq!(after, answers);
    assert_eq!((metric(&newcomer, DOCUMENTS), metric(&stayer, DOCUMENTS)), (0, 0));
}

#[test]
fn a_copy_by_another_catalog_is_not_taken() {
    let fleet = Fleet::new(2);
    let old = fleet.replica(0, &[]);
    let first = old.sql("acme", SQL);
    whole(&old, "acme");
    let other = Path::new(&fleet.path("other.toml")).to_owned();
    std::fs::write(&other, CATALOG.replace("name = \"serial\"", "name = \"serial_number\""))
        .expect("written");
    let new = fleet.replica(1, &[("catalog", "path", &other.display().to_string())]);
    assert_eq!(new.sql("acme", SQL).rows(), first.rows());
    assert_eq!((metric(&new, TAKEN), metric(&new, NOT_TAKEN)), (0, 0));
    poll("the load's end", || metric(&new, DOCUMENTS) > 0);
}

#[test]
fn a_copy_that_is_too_large_is_not_taken() {
    let fleet = Fleet::new(2);
    let old = fleet.replica(0, &[]);
    assert_eq!(old.sql("acme", SQL).status, 200);
    whole(&old, "acme");
    let new = fleet.replica(1, &[("instance", "bytes_max", "8KiB")]);
    new.sql("acme", SQL).problem(422, "instance_too_large");
    assert_eq!(metric(&new, TAKEN), 0);
}

#[test]
fn replicas_of_another_secret_are_strangers() {
    let fleet = Fleet::new(2);
    let old = fleet.replica(0, &[]);
    let first = old.sql("acme", SQL);
    whole(&old, "acme");
    std::fs::write(fleet.path("another"), "what-no-other-replica-knows-of-here").expect("written");
    let new = fleet.replica(1, &[("peers", "secret_file", &fleet.path("another"))]);
    assert_eq!(new.sql("acme", SQL).rows(), first.rows());
    assert_eq!(metric(&new, TAKEN), 0);
    poll("the load's end", || metric(&new, DOCUMENTS) > 0);
}
