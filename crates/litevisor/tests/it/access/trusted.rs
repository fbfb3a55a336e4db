//! A proxy's word, and the word of those who are no proxy.

use serde_json::json;

use crate::harness::TestApp;

const SQL: &str = "/v1/query?tenant=acme&sql=SELECT%20count(*)%20FROM%20devices";

fn start(peers: &str) -> TestApp {
    let settings = [("auth", "mode", "trusted_header"), ("auth", "trusted_peers", peers)];
    TestApp::start(&settings).ready()
}

#[test]
fn a_proxy_is_believed() {
    let app = start("10.0.0.0/8, 127.0.0.1");
    let ask =
        |method: &str, target: &str, fields: &[(&str, &str)]| app.send(method, target, fields, b"");
    let ann = [("Litevisor-Principal", "ann"), ("Litevisor-Tenants", "acme,auth0%7C1")];
    assert_eq!(ask("GET", SQL, &ann).rows(), json!([[200]]));
    assert_eq!(ask("GET", "/v1/schema?tenant=auth0%7C1", &ann).status, 200);
    ask("GET", "/v1/schema?tenant=tiny", &ann).problem(404, "tenant_not_found");
    ask("DELETE", "/v1/instance?tenant=acme", &ann).problem(403, "forbidden");
    let owner = [ann[0], ann[1], ("Litevisor-Role", "owner")];
    assert_eq!(ask("DELETE", "/v1/instance?tenant=acme", &owner).status, 202);
    ask("GET", SQL, &[]).problem(401, "unauthenticated");
    let twice = [ann[0], ann[1], ("Litevisor-Tenants", "tiny")];
    ask("GET", "/v1/schema?tenant=tiny", &twice).problem(401, "unauthenticated");
}

#[test]
fn nobody_else_is() {
    let app = start("10.0.0.0/8");
    let all = [
        ("Litevisor-Principal", "ann"),
        ("Litevisor-Tenants", "*"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
    ];
    app.send("GET", SQL, &all, b"").problem(401, "unauthenticated");
    app.send("GET", SQL, &[], b"").problem(401, "unauthenticated");
    let metrics = app.admin_get("/metrics").text();
    assert!(metrics.contains("litevisor_access_denied_total{reason=\"peer\"} 2"), "{metrics}");
}
