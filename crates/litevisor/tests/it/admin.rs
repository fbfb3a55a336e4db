//! The admin listener.

use litevisor::config::Layers;

use crate::harness::{TestApp, write_dump};

#[test]
fn probes_and_metrics() {
    let app = TestApp::start(&[]).ready();
    assert_eq!(app.admin_get("/livez").text(), "ok\n");
    let ready = app.admin_get("/readyz?verbose");
    assert_eq!(ready.status, 200);
    assert_eq!(ready.text().lines().filter(|line| line.starts_with("[+]")).count(), 4);
    assert_eq!(app.sql("acme", "SELECT 1").status, 200);
    let metrics = app.admin_get("/metrics");
    assert!(metrics.header("content-type").expect("a type").contains("openmetrics"));
    let text = metrics.text();
    assert!(text.contains("litevisor_queries_total{outcome=\"ok\"} 1"), "{text}");
    assert!(text.contains("litevisor_http_requests_total{route=\"/v1/query\",status=\"200\"} 1"));
    assert!(!text.contains("acme"), "no tenant in a label");
}

#[test]
fn a_replica_whose_source_is_away_lives_and_says_so() {
    let layers = Layers::new().flag("test", "source", "kind", "mongodb").flag(
        "test",
        "source",
        "uri",
        "mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=200",
    );
    let folder = tempfile::TempDir::new().expect("a folder");
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, crate::harness::CATALOG).expect("written");
    let layers = layers.flag("test", "catalog", "path", catalog.display().to_string());
    let app = TestApp::start_with(layers, Some(folder));
    assert_eq!(app.admin_get("/livez").status, 200);
    let ready = app.admin_get("/readyz?verbose");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("[-] source answered once"), "{}", ready.text());
    let reply = app.sql("acme", "SELECT 1 FROM devices");
    reply.problem(503, "source_unavailable");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(app.admin_get("/livez").status, 200);
}

#[test]
fn a_taken_port_fails_at_once_and_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let folder = tempfile::TempDir::new().expect("a folder");
    write_dump(folder.path());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--admin-listen", "127.0.0.1:0"])
        .env("LITEVISOR__SOURCE__KIND", "dump")
        .env("LITEVISOR__SOURCE__PATH", folder.path())
        .current_dir(folder.path())
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&port.to_string()) && said.contains("--listen"), "{said}");
}
