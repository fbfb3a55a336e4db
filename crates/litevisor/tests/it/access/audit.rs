//! The audit log: a line for each request on a tenant route, without a value in it.

use std::process::Command;

use serde_json::{Value, json};

use crate::process::{self, Process};
use crate::{client, harness};

const OPERATOR: &str = "an-operators-token-of-more-than-32-bytes";

/// A process that asks for keys and signs links, and a key of `tiny` for an author.
fn start() -> (Process, String) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = process::command(&folder);
    let made = Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(["key", "create", "--name", "dash", "--tenant", "tiny", "--role", "author"])
        .args(["--file", "keys.toml"])
        .current_dir(folder.path())
        .output()
        .expect("run");
    let key = String::from_utf8(made.stdout).expect("UTF-8").trim().to_owned();
    command.envs([
        ("LITEVISOR__AUTH__MODE", "api_keys"),
        ("LITEVISOR__AUTH__KEYS_FILE", "keys.toml"),
        ("LITEVISOR__AUTH__LINK_SECRETS", "0123456789abcdef0123456789abcdef"),
        ("LITEVISOR__ADMIN__TOKEN_FILE", "token"),
        ("LITEVISOR__TELEMETRY__LOG_FORMAT", "json"),
    ]);
    std::fs::write(folder.path().join("token"), OPERATOR).expect("written");
    (Process::of(command, folder), key)
}

#[test]
fn each_request_is_written_down() {
    let (process, key) = start();
    let ask = |method: &str, target: &str, key: &str, body: &Value| {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = client::request(method, target, &headers, body.as_bytes());
        client::send(process.address, &request)
    };
    let ready = || ask("GET", "/v1/schema?tenant=tiny", &key, &Value::Null).status == 200;
    harness::poll("the program to be ready", ready);
    let sql = json!({"sql": "SELECT 'marked', :p FROM devices", "params": {"p": "secretive"}});
    ask("POST", "/v1/query?tenant=tiny", &key, &sql).rows();
    let again = "/v1/query?tenant=tiny&p.p=another&sql=SELECT%20'marked',%20:p%20FROM%20devices";
    ask("GET", again, &key, &Value::Null).rows();
    let wrong = json!({"sql": "SELECT marked"});
    ask("POST", "/v1/query?tenant=tiny", &key, &wrong).problem(400, "sql_error");
    ask("POST", "/v1/query?tenant=acme", &key, &sql).problem(404, "tenant_not_found");
    ask("DELETE", "/v1/instance?tenant=tiny", &key, &Value::Null).problem(403, "forbidden");
    ask("GET", "/v1/schema?tenant=tiny", "no-key", &Value::Null).problem(401, "unauthenticated");
    let link = ask("POST", "/v1/links?tenant=tiny", &key, &json!({"sql": "SELECT 1"})).json();
    let url = link["url"].as_str().expect("a URL").to_owned();
    client::send(process.address, &client::request("GET", &url, &[], b"")).rows();
    for token in [OPERATOR, "not-it"] {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        client::send(process.admin, &client::request("GET", "/v1/tenants", &headers, b""));
    }
    process.terminate();
    let log = process.rest();

    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let audit: Vec<Value> = lines.filter(|line| line["target"] == "audit").collect();
    let first = audit.iter().position(|line| line["action"] == "query").expect("a query");
    let audit = &audit[first..];
    let seen = |at: usize| {
        let line = &audit[at];
        let word = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        (word("action"), word("outcome"), word("denied"), line["status"].as_u64())
    };
    let wanted = [
        ("query", "ok", "-", 200),
        ("query", "ok", "-", 200),
        ("query", "sql_error", "-", 400),
        ("query", "tenant_not_found", "tenant", 404),
        ("close_instance", "forbidden", "role", 403),
        ("-", "unauthenticated", "invalid", 401),
        ("sign_link", "ok", "-", 201),
        ("query", "ok", "-", 200),
        ("inspect_replica", "ok", "-", 200),
        ("inspect_replica", "unauthenticated", "invalid", 401),
    ];
    assert_eq!(audit.len(), wanted.len(), "{audit:#?}");
    for (at, (action, outcome, denied, status)) in wanted.into_iter().enumerate() {
        let wanted = (action.to_owned(), outcome.to_owned(), denied.to_owned(), Some(status));
        assert_eq!(seen(at), wanted, "{}", audit[at]);
        assert!(audit[at]["ms"].as_f64() > Some(0.0), "{}", audit[at]);
        assert_eq!(audit[at]["peer"], "127.0.0.1");
    }
    let name = format!("dash (key {})", &key[3..19]);
    assert_eq!((&audit[0]["principal"], &audit[0]["tenant"]), (&json!(name), &json!("tiny")));
    assert_eq!(audit[3]["tenant"], "acme", "whose data they wanted");
    assert!(audit[5]["principal"].is_null());
    assert_eq!(audit[7]["principal"], format!("a link of {name}"));
    assert_eq!((&audit[8]["principal"], &audit[8]["tenant"]), (&json!("operator"), &Value::Null));
    assert_eq!((&audit[0]["rows"], &audit[2]["rows"]), (&json!(1), &json!(0)));
    assert!(audit[0]["bytes"].as_u64() > Some(0));
    let statement = |at: usize| audit[at]["statement"].as_str().unwrap_or("-").to_owned();
    assert_eq!(statement(0), statement(1), "one text, one hash");
    assert_ne!(statement(0), statement(2));
    assert_eq!(statement(0).len(), 16);
    assert_eq!(statement(3), "-", "what was not allowed was not even read");
    let token = url.split(['/', '?']).nth(3).expect("a token");
    for value in ["marked", "secretive", "another", "no-key", &key[20..], token, OPERATOR] {
        assert!(!log.contains(value), "{value} is in the log: {log}");
    }
}
