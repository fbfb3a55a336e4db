//! API keys: reloaded on change, managed by the command line, never in the log.

use std::process::Command;

use super::Keyed;
use crate::harness::poll;
use crate::process::{self, Process};
use crate::{client, harness};

#[test]
fn a_changed_file_counts_and_a_bad_one_does_not() {
    let mut keyed = Keyed::start();
    let target = "/v1/schema?tenant=acme";
    let first = keyed.add(&["acme"], "viewer", None);
    keyed.write();
    keyed.until_known(&first, target);
    std::fs::write(&keyed.path, "[[keys]]\nid = 3").expect("written");
    let failed = "litevisor_credential_reads_total{file=\"keys\",outcome=\"failed\"} 1";
    poll("the bad file to be noticed", || keyed.app.admin_get("/metrics").text().contains(failed));
    assert_eq!(keyed.ask("GET", target, &first).status, 200, "the old one stays in force");
    keyed.file.keys.clear();
    let second = keyed.add(&["acme"], "viewer", None);
    keyed.write();
    keyed.until_known(&second, target);
    keyed.ask("GET", target, &first).problem(401, "unauthenticated");
    let metrics = keyed.app.admin_get("/metrics").text();
    assert!(metrics.contains("{file=\"keys\",outcome=\"ok\"} 2"), "{metrics}");
    assert!(metrics.contains(failed), "told once, not at every look: {metrics}");
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let run = |args: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_litevisor"));
        let args = args.split(' ').chain(["--file", "keys.toml"]);
        let output = command.arg("key").args(args).current_dir(folder.path()).output();
        let output = output.expect("run");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, key, said) = run("create --name dashboard --tenant acme --role author");
    assert_eq!(code, Some(0), "{said}");
    let key = key.trim();
    let id = &key[3..19];
    let file = || std::fs::read_to_string(folder.path().join("keys.toml")).expect("a file");
    assert!(file().contains(id) && !file().contains(&key[20..]), "hashes only: {}", file());
    let (code, other, _) = run("create --name all --all-tenants --expires-in 1h");
    assert_eq!((code, other.trim().len()), (Some(0), key.len()));
    let (_, listed, _) = run("list");
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(&format!("{id}  author    for ever  dashboard")), "{listed}");
    assert!(listed.contains("all tenants") && !listed.contains(&key[20..]), "{listed}");
    assert_eq!(run(&format!("revoke {id}")).0, Some(0));
    assert!(!file().contains(id));
    let (code, _, said) = run(&format!("revoke {id}"));
    assert_eq!(code, Some(1), "{said}");
    let explain = |args: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_litevisor"));
        let command = command.arg("explain-access").args(args.split(' '));
        let command = command.env("LITEVISOR__AUTH__KEYS_FILE", "keys.toml");
        let output = command.current_dir(folder.path()).output().expect("run");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, why) = explain("--principal all --action query --tenant acme");
    assert!(code == Some(0) && why.contains("verdict    allow"), "{why}");
    let (code, why) = explain("--principal all --action close_instance --tenant acme");
    assert!(code == Some(1) && why.contains("deny: the role is too low"), "{why}");
    let (code, _, said) = run("create --name x --tenant a --role king");
    assert!(code == Some(2) && said.contains("viewer, author, owner or operator"), "{said}");
}

#[test]
fn a_credential_never_reaches_the_log() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut command = process::command(&folder);
    let made = Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(["key", "create", "--name", "dash", "--tenant", "tiny", "--file", "keys.toml"])
        .current_dir(folder.path())
        .output()
        .expect("run");
    let key = String::from_utf8(made.stdout).expect("UTF-8").trim().to_owned();
    command.envs([
        ("LITEVISOR__AUTH__MODE", "api_keys"),
        ("LITEVISOR__AUTH__KEYS_FILE", "keys.toml"),
        ("LITEVISOR__TELEMETRY__LOG_LEVEL", "trace"),
        ("LITEVISOR__TELEMETRY__LOG_FORMAT", "json"),
    ]);
    let process = Process::of(command, folder);
    let ask = |key: &str| {
        let bearer = format!("Bearer {key}");
        let target = "/v1/query?tenant=tiny&sql=SELECT%20count(*)%20FROM%20devices";
        let request = client::request("GET", target, &[("Authorization", &bearer)], b"");
        client::send(process.address, &request)
    };
    harness::poll("the program to be ready", || ask(&key).status == 200);
    ask(&format!("{key}0")).problem(401, "unauthenticated");
    ask("a-password-by-mistake").problem(401, "unauthenticated");
    process.terminate();
    let log = process.rest();
    assert!(log.contains("answered"), "{log}");
    for secret in [&key[20..], "a-password-by-mistake"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
