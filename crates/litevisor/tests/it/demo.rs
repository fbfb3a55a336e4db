//! The demo's data, served: its queries work, and what they change is gone.

use litevisor::config::Layers;
use litevisor::demo::{self, QUERIES};
use tempfile::TempDir;

use crate::harness::TestApp;

fn served() -> TestApp {
    let folder = TempDir::new().expect("a folder");
    let data = demo::write_sized(folder.path(), 6_000, &mut |_, _| {}).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "dump")
        .flag("test", "source", "path", data.dump.display().to_string())
        .flag("test", "catalog", "path", data.catalog.display().to_string());
    TestApp::start_with(layers, Some(folder)).ready()
}

#[test]
fn the_queries_to_paste_answer() {
    let app = served();
    for query in QUERIES {
        let sql = model::ids::percent_encode(query.sql);
        let reply = app.get(&format!("/v1/query?tenant={}&format=csv&sql={sql}", query.tenant));
        assert_eq!(reply.status, 200, "{}: {}", query.title, reply.text());
        assert!(reply.text().lines().count() > 1, "{}: no rows", query.title);
    }
    let [.., what_if] = QUERIES;
    let sql = model::ids::percent_encode("SELECT count(*) FROM devices WHERE status = 'retired'");
    let reply = app.get(&format!("/v1/query?tenant={}&format=csv&sql={sql}", what_if.tenant));
    assert_eq!(reply.text(), "count(*)\r\n0\r\n", "nothing is written back");
}

#[test]
fn what_is_excluded_is_in_no_table() {
    let app = served();
    for target in ["/v1/schema?tenant=acme", "/v1/instance/image?tenant=acme"] {
        let reply = app.get(target);
        assert_eq!(reply.status, 200, "{target}");
        for secret in [&b"passwordHash"[..], b"$2b$12$", b"iban"] {
            let found = reply.body.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{target} holds {}", String::from_utf8_lossy(secret));
        }
    }
}
