//! Signed links: what they open, for how long, and what they do not.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Keyed;
use crate::client::{self, Reply};
use crate::harness::TestApp;
use crate::process::{Process, command};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const NEWER: &str = "fedcba9876543210fedcba9876543210";

fn sign(app: &TestApp, tenant: &str, bearer: &str, body: &Value) -> Reply {
    let headers = [("Content-Type", "application/json"), ("Authorization", bearer)];
    let target = format!("/v1/links?tenant={tenant}");
    app.send("POST", &target, &headers, body.to_string().as_bytes())
}

fn url(reply: &Reply) -> String {
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["url"].as_str().expect("a URL").to_owned()
}

#[test]
fn a_link_runs_its_query_and_nothing_else() {
    let mut keyed = Keyed::start_with(&[("auth", "link_secrets", SECRET)]);
    let author = keyed.add(&["acme", "tiny"], "author", None);
    let viewer = keyed.add(&["acme"], "viewer", None);
    keyed.write();
    keyed.until_known(&author, "/v1/schema?tenant=acme");
    let (author, viewer) = (format!("Bearer {author}"), format!("Bearer {viewer}"));
    let app = &keyed.app;
    let body = json!({"sql": "SELECT count(*) AS n FROM devices WHERE city = :c",
                      "params": {"c": "Delft"}, "format": "csv", "expires_in": "1h"});
    sign(app, "acme", &viewer, &body).problem(403, "forbidden");
    sign(app, "empty", &author, &body).problem(404, "tenant_not_found");
    sign(app, "acme", "Bearer x", &body).problem(401, "unauthenticated");
    let url = url(&sign(app, "acme", &author, &body));
    let reply = app.get(&url);
    assert_eq!((reply.status, reply.text().as_str()), (200, "n\r\n100\r\n"));
    // Nothing else: no other tenant, no other query, no other route, no other method.
    let token = url.strip_prefix("/v1/links/").and_then(|rest| rest.split('?').next());
    let token = token.expect("a token");
    app.get(&format!("/v1/links/{token}?tenant=tiny")).problem(404, "tenant_not_found");
    app.get(&format!("/v1/links/{token}")).problem(400, "tenant_missing");
    app.get(&format!("{url}&sql=SELECT%201")).problem(400, "request_invalid");
    app.send("POST", &url, &[], b"").problem(405, "method_not_allowed");
    app.send("HEAD", &url, &[], b"");
    let bearer = format!("Bearer {token}");
    let as_key = [("Authorization", bearer.as_str())];
    app.send("GET", "/v1/schema?tenant=acme", &as_key, b"").problem(401, "unauthenticated");
    let changed = format!("/v1/links/{}A?tenant=acme", &token[..token.len() - 1]);
    let other = format!("/v1/links/{}B?tenant=acme", &token[..token.len() - 1]);
    let either = if token.ends_with('A') { other } else { changed };
    app.get(&either).problem(404, "not_found");
    let long = format!("/v1/links/{}?tenant=acme", "A".repeat(20_000));
    app.get(&long).problem(404, "not_found");
}

#[test]
fn what_may_not_be_signed() {
    let settings = [("auth", "link_secrets", SECRET), ("auth", "link_expiry_max", "2h")];
    let app = TestApp::start(&settings).ready();
    let ask = |body: &Value| sign(&app, "acme", "Bearer none", body);
    for bad in [
        json!({"sql": "SELECT 1", "expires_in": "3h"}),
        json!({"sql": "SELECT 1", "expires_in": "0s"}),
        json!({"sql": "SELECT 1", "expires_in": 60}),
        json!({"sql": "SELECT 1", "expires_in": "soon"}),
        json!({"sql": "SELECT 1", "format": "xml"}),
        json!({"sql": "SELECT 1", "params": 3}),
        json!({"sql": "SELECT 1", "unknown": true}),
        json!({"expires_in": "1h"}),
        json!([]),
    ] {
        let reply = ask(&bad);
        assert!(matches!(reply.status, 400 | 415), "{bad}: {}", reply.text());
    }
    let long = json!({"sql": format!("SELECT '{}'", "x".repeat(20_000))});
    ask(&long).problem(413, "body_too_large");
    let off = TestApp::start(&[]).ready();
    sign(&off, "acme", "Bearer none", &json!({"sql": "SELECT 1"})).problem(404, "not_found");
}

/// Signed by the real program with secrets of a file, which change under it.
#[test]
fn secrets_are_changed_without_a_restart() {
    let (folder, secrets) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let path = secrets.path().join("secrets");
    // As a whole, as an editor or a mount does it.
    let list = |lines: &[&str]| {
        let new = secrets.path().join("new");
        std::fs::write(&new, lines.join("\n")).expect("written");
        std::fs::rename(&new, &path).expect("renamed");
    };
    list(&["# the first", SECRET]);
    let mut command = command(&folder);
    command.env("LITEVISOR__AUTH__LINK_SECRETS_FILE", &path);
    let process = Process::of(command, folder);
    process.count();
    let get = |url: &str| client::send(process.address, &client::request("GET", url, &[], b""));
    let sign = || {
        let headers = [("Content-Type", "application/json")];
        let body = json!({"sql": "SELECT 7"}).to_string();
        let target = "/v1/links?tenant=tiny";
        let bytes = client::request("POST", target, &headers, body.as_bytes());
        url(&client::send(process.address, &bytes))
    };
    let anew = || {
        let line = process.until_said("credentials ");
        assert!(line.contains("were read anew"), "{line}");
    };
    let old = sign();
    assert_eq!(get(&old).rows(), json!([[7]]));
    list(&[NEWER, SECRET]);
    anew();
    assert_eq!(get(&old).rows(), json!([[7]]), "good while its secret is listed");
    let new = sign();
    assert_eq!(get(&new).rows(), json!([[7]]));
    // Of no use: those before stay.
    list(&[NEWER, "hunter2"]);
    let line = process.until_said("credentials ");
    assert!(line.contains("stay in force") && line.contains("number 2"), "{line}");
    assert!(!line.contains("hunter2"), "{line}");
    assert_eq!(get(&old).rows(), json!([[7]]));
    list(&[NEWER]);
    anew();
    get(&old).problem(404, "not_found");
    assert_eq!(get(&new).rows(), json!([[7]]), "the first of the list signed it");
    let metrics = client::send(process.admin, &client::request("GET", "/metrics", &[], b"")).text();
    for (outcome, count) in [("ok", 2), ("failed", 1)] {
        let line = format!("{{file=\"link_secrets\",outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[test]
fn a_link_ends_with_its_time_its_signer_or_its_secret() {
    let body = json!({"sql": "SELECT 7"});
    let old = TestApp::start(&[("auth", "link_secrets", SECRET)]).ready();
    let signed = url(&sign(&old, "acme", "Bearer none", &body));
    let brief = json!({"sql": "SELECT 7", "expires_in": "1ms"});
    let over = url(&sign(&old, "acme", "Bearer none", &brief));
    crate::harness::poll("the link to end", || old.get(&over).status != 200);
    old.get(&over).problem(410, "gone");
    old.get(&over.replace("acme", "tiny")).problem(410, "gone");
    let secrets = format!("{NEWER},{SECRET}");
    let both = TestApp::start(&[("auth", "link_secrets", &secrets)]).ready();
    assert_eq!(both.get(&signed).rows(), json!([[7]]), "any replica takes it");
    let newer = url(&sign(&both, "acme", "Bearer none", &body));
    old.get(&newer).problem(404, "not_found");
    let new = TestApp::start(&[("auth", "link_secrets", NEWER)]).ready();
    new.get(&signed).problem(404, "not_found");
    assert_eq!(new.get(&newer).rows(), json!([[7]]));

    let mut keyed = Keyed::start_with(&[("auth", "link_secrets", SECRET)]);
    let ends = "2100-01-01T00:00:00.000Z";
    let author = keyed.add(&["acme"], "author", Some(ends));
    keyed.write();
    keyed.until_known(&author, "/v1/schema?tenant=acme");
    let bearer = format!("Bearer {author}");
    let reply = sign(&keyed.app, "acme", &bearer, &body);
    assert!(reply.json()["expires"].as_str() < Some(ends), "{}", reply.text());
    let long = Keyed::start_with(&[
        ("auth", "link_secrets", SECRET),
        ("auth", "link_expiry_max", "60000d"),
    ]);
    let mut long = long;
    let author = long.add(&["acme"], "author", Some(ends));
    long.write();
    long.until_known(&author, "/v1/schema?tenant=acme");
    let reply = sign(&long.app, "acme", &format!("Bearer {author}"), &body);
    assert_eq!(reply.json()["expires"], ends, "no longer than the credential");
}
