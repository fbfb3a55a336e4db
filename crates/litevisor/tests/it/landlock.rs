//! The real program under Landlock: it serves, reads what is replaced, and nothing beyond.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use litevisor::auth::{ApiKey, KeyFile, KeyRecord};
use serde_json::json;
use tempfile::TempDir;

use crate::client::{self, Reply};
use crate::connections::tls::{Authority, write};
use crate::harness::poll;
use crate::process::{Process, command};

/// A key that may ask of every tenant, and the file that says so.
fn key(number: u8) -> (String, String) {
    let key = ApiKey::new([number; ApiKey::RANDOM_BYTES]);
    let record = KeyRecord {
        id: key.id().to_owned(),
        name: format!("number {number}"),
        hash: KeyRecord::hash_text(&key.hash()),
        role: "viewer".to_owned(),
        tenants: None,
        tenant_pattern: None,
        all_tenants: true,
        created: "2026-01-01T00:00:00.000Z".to_owned(),
        expires: None,
    };
    let file = KeyFile { keys: vec![record] };
    (format!("Bearer {}", key.reveal()), file.render().expect("text"))
}

/// Puts a version of a mounted secret in force as the kubelet does: by a link to its folder.
fn mount(volume: &Path, version: u32, fill: impl FnOnce(&Path)) {
    let folder = volume.join(format!("..{version}"));
    fs::create_dir(&folder).expect("made");
    fill(&folder);
    symlink(format!("..{version}"), volume.join("..new")).expect("a link");
    fs::rename(volume.join("..new"), volume.join("..data")).expect("renamed");
}

fn ask(process: &Process, bearer: &str) -> Reply {
    let target = "/v1/query?tenant=tiny&sql=SELECT%20count(*)%20FROM%20devices";
    let headers = [("Authorization", bearer)];
    client::send(process.address, &client::request("GET", target, &headers, b""))
}

fn state(process: &Process) -> String {
    let request = client::request("GET", "/readyz?verbose", &[], b"");
    let text = client::send(process.admin, &request).text();
    let line = text.lines().find_map(|line| line.strip_prefix("landlock: "));
    line.expect("it says so").to_owned()
}

/// Serves with keys in a mounted secret, then has their file lead elsewhere; what it says to that.
fn keys_that_move(landlock: &str, besides: bool) -> (String, String) {
    let (folder, volume, far) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let [first, second, third] = [1, 2, 3].map(key);
    mount(volume.path(), 1, |to| fs::write(to.join("keys.toml"), &first.1).expect("written"));
    let keys = volume.path().join("keys.toml");
    symlink("..data/keys.toml", &keys).expect("a link");
    let mut command = command(&folder);
    command.env("LITEVISOR__AUTH__MODE", "api_keys").env("LITEVISOR__AUTH__KEYS_FILE", &keys);
    command.env("LITEVISOR__PROCESS__LANDLOCK", landlock);
    if besides {
        command.env("LITEVISOR__PROCESS__LANDLOCK_PATHS", far.path());
    }
    let process = Process::of(command, folder);
    poll("an answer", || ask(&process, &first.0).status == 200);
    assert_eq!(ask(&process, &first.0).rows(), json!([[1]]), "the dump was read");
    let line = process.until_said("ready");
    let said = state(&process);
    assert!(line.contains("landlock") && line.contains(&said), "{line}");

    mount(volume.path(), 2, |to| fs::write(to.join("keys.toml"), &second.1).expect("written"));
    process.until_said("credentials were read anew");
    assert_eq!(ask(&process, &second.0).status, 200);
    ask(&process, &first.0).problem(401, "unauthenticated");

    fs::write(far.path().join("keys.toml"), &third.1).expect("written");
    symlink(far.path().join("keys.toml"), volume.path().join("new")).expect("a link");
    fs::rename(volume.path().join("new"), &keys).expect("renamed");
    let told = process.until_said("credentials ");
    let refused = ask(&process, &third.0).status != 200;
    assert_eq!(ask(&process, &second.0).status == 200, refused, "those before, or those after");
    (said, told)
}

#[test]
fn a_file_elsewhere_is_refused_whatever_leads_to_it() {
    let (said, told) = keys_that_move("on", false);
    assert!(said.starts_with("on: files"), "{said}");
    assert!(told.contains("Permission denied") && told.contains("keys.toml"), "{told}");
}

#[test]
fn an_operator_may_grant_more_or_do_without() {
    let (said, told) = keys_that_move("auto", true);
    assert!(said.starts_with("on: files"), "{said}");
    assert!(told.contains("credentials were read anew"), "{told}");
    let (said, told) = keys_that_move("off", false);
    assert_eq!(said, "off");
    assert!(told.contains("credentials were read anew"), "{told}");
}

#[test]
fn what_cannot_be_granted_is_told_at_the_start() {
    let folder = TempDir::new().expect("a folder");
    let mut command = command(&folder);
    command.env("LITEVISOR__PROCESS__LANDLOCK_PATHS", "/nowhere/at-all");
    let output = command.output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("process.landlock_paths: /nowhere/at-all: No such file"), "{said}");
}

#[test]
fn certificates_are_read_anew_and_not_from_elsewhere() {
    let (folder, volume, far) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let authority = Authority::new();
    mount(volume.path(), 1, |to| write(to, &authority.sign()));
    let mut command = command(&folder);
    for (name, variable) in [("cert", "CERT_FILE"), ("key", "KEY_FILE")] {
        let path = volume.path().join(format!("{name}.pem"));
        symlink(format!("..data/{name}.pem"), &path).expect("a link");
        command.env(format!("LITEVISOR__TLS__{variable}"), path);
    }
    let process = Process::of(command, folder);
    process.until_said("ready");
    mount(volume.path(), 2, |to| write(to, &authority.sign()));
    process.until_said("the TLS certificate was read anew");
    write(far.path(), &authority.sign());
    symlink(far.path(), volume.path().join("..new")).expect("a link");
    fs::rename(volume.path().join("..new"), volume.path().join("..data")).expect("renamed");
    let told = process.until_said("the TLS certificate before stays in force");
    assert!(told.contains("Permission denied"), "{told}");
}

#[test]
fn a_dump_of_links_is_served() {
    let (folder, far) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let command = command(&folder);
    let dump = folder.path().join("dump");
    for entry in fs::read_dir(&dump).expect("listed") {
        let path = entry.expect("an entry").path();
        let moved = far.path().join(path.file_name().expect("a name"));
        fs::rename(&path, &moved).expect("moved");
        symlink(&moved, &path).expect("a link");
    }
    let process = Process::of(command, folder);
    assert_eq!(process.count(), "n\r\n1\r\n");
    assert!(state(&process).starts_with("on: files"));
}

#[test]
fn the_demo_makes_its_data_and_is_confined() {
    let folder = TempDir::new().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_litevisor"));
    let to = folder.path().join("made").join("by-it");
    command.arg("demo").arg("--dir").arg(&to).args(["--admin-listen", "127.0.0.1:0"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let process = Process::of(command, folder);
    assert!(state(&process).starts_with("on: files"));
    poll("readiness", || {
        let request = client::request("GET", "/readyz", &[], b"");
        client::send(process.admin, &request).status == 200
    });
    let sql = "SELECT count(*) > 100 FROM devices";
    let reply = client::read_reply(&mut process.ask_tenant("acme", sql));
    assert_eq!(reply.status, 200, "{}", reply.text());
}
