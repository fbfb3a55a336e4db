//! `/v1/instance` and what is below it.

use serde_json::json;

use crate::harness::TestApp;

#[test]
fn looking_never_boots() {
    let app = TestApp::start(&[]).ready();
    let body = app.get("/v1/instance?tenant=acme").json();
    assert_eq!((&body["state"], &body["tenant"]), (&json!("vacant"), &json!("acme")));
    // What a boot would cost, before anybody asks for one.
    let price = &body["price"];
    assert_eq!((&price["documents"], &price["rows"]), (&json!(210), &json!(210)), "{body}");
    assert!(price["bytes"].as_u64() > Some(0) && price["seconds"].as_f64() > Some(0.0), "{body}");
    assert_eq!(app.get("/v1/instance?tenant=acme").json()["state"], "vacant");
    app.get("/v1/instance?tenant=nobody").problem(404, "tenant_not_found");
    app.get("/v1/instance").problem(400, "tenant_missing");
    app.get("/v1/instance?tenant=acme&x=1").problem(400, "request_invalid");
}

#[test]
fn who_is_not_there_is_not_there_after_a_query_either() {
    let app = TestApp::start(&[]).ready();
    app.sql("nobody", "SELECT count(*) FROM devices").problem(404, "tenant_not_found");
    app.get("/v1/instance?tenant=nobody").problem(404, "tenant_not_found");
    app.get("/v1/schema?tenant=nobody").problem(404, "tenant_not_found");
    app.sql("nobody", "SELECT count(*) FROM devices").problem(404, "tenant_not_found");
}

#[test]
fn boot_look_close() {
    let app = TestApp::start(&[]).ready();
    assert_eq!(app.send("POST", "/v1/instance/boot?tenant=acme", &[], b"").status, 202);
    let mut body = app.get("/v1/instance?tenant=acme").json();
    while body["tables_loaded"].as_array().map(Vec::len) != Some(2) {
        body = app.get("/v1/instance?tenant=acme").json();
    }
    assert_eq!((&body["state"], &body["rows"]), (&json!("live"), &json!(210)));
    assert_eq!(body["tables_total"], 2, "what can be loaded: the shared table is not the tenant's");
    assert!(body["bytes"].as_u64() > Some(0) && body["generation"].is_u64());
    assert_eq!(app.send("POST", "/v1/instance/boot?tenant=acme", &[], b"").status, 200);
    let slots = app.admin_get("/v1/tenants").json();
    assert_eq!(slots["tenants"][0]["tenant"], "acme", "{slots}");
    assert_eq!(slots["tenants"][0]["state"], "live");
    assert_eq!(app.send("DELETE", "/v1/instance?tenant=acme", &[], b"").status, 202);
    while app.get("/v1/instance?tenant=acme").json()["state"] != "vacant" {}
    assert_eq!(app.send("DELETE", "/v1/instance?tenant=acme", &[], b"").status, 204);
    assert_eq!(app.sql("acme", "SELECT count(*) FROM alerts").rows(), json!([[10]]));
}

#[test]
fn the_image_is_a_database() {
    let app = TestApp::start(&[]).ready();
    let reply = app.get("/v1/instance/image?tenant=acme");
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.header("content-length"), Some(&*reply.body.len().to_string()));
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &reply.body).expect("written");
    // The program under test shares this process, and with it SQLite's default VFS: not for files.
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags_and_vfs(file.path(), flags, "unix");
    let database = database.expect("opened");
    let one =
        |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).expect("a row");
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(one("SELECT count(*) || ' ' || sum(pages) FROM devices"), "200 19900");
    assert_eq!(one("SELECT count(*) || '' FROM alerts"), "10");
}
