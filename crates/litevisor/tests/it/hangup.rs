//! SIGHUP to the real program: files that may change are looked at, and nothing ends.

use std::fs;

use tempfile::TempDir;

use crate::client;
use crate::connections::tls::{Authority, write};
use crate::process::{Process, command};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

const HEARD: &str = "files of credentials and certificates are read again";

#[test]
fn without_such_files_it_goes_on() {
    let mut process = Process::start();
    process.until_said("ready");
    for _ in 0..3 {
        process.signal("HUP");
        process.until_said(HEARD);
    }
    assert_eq!(process.count(), "n\r\n1\r\n");
    process.terminate();
    process.until_said("draining");
    process.signal("HUP");
    assert_eq!(process.ended().code(), Some(0), "it drains as before");
}

#[test]
fn each_file_is_looked_at_and_told_of() {
    let (folder, files) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let path = |name: &str| files.path().join(name);
    let put = |name: &str, text: &str| {
        fs::write(path("new"), text).expect("written");
        fs::rename(path("new"), path(name)).expect("renamed");
    };
    let authority = Authority::new();
    write(files.path(), &authority.sign());
    put("token", SECRET);
    put("links", SECRET);
    let mut command = command(&folder);
    for (variable, name) in [
        ("TLS__CERT_FILE", "cert.pem"),
        ("TLS__KEY_FILE", "key.pem"),
        ("ADMIN__TOKEN_FILE", "token"),
        ("AUTH__LINK_SECRETS_FILE", "links"),
    ] {
        command.env(format!("LITEVISOR__{variable}"), path(name));
    }
    let process = Process::of(command, folder);
    process.until_said("ready");
    // A look of their own says nothing of files that did not change.
    process.signal("HUP");
    process.until_said(HEARD);
    let told = |_| process.until_said(&files.path().display().to_string());
    let told: Vec<String> = (0..3).map(told).collect();
    for (name, said) in [
        ("cert.pem", "the TLS certificate is as before"),
        ("token", "credentials are as before"),
        ("links", "credentials are as before"),
    ] {
        let found = told.iter().any(|line| line.contains(name) && line.contains(said));
        assert!(found, "{name}, {said}: {told:?}");
    }
    put("links", OTHER);
    process.signal("HUP");
    let line = process.until_said("credentials were read anew");
    assert!(line.contains("links"), "{line}");
    put("links", "hunter2");
    process.until_said("stay in force");
    // Who asks is told again.
    process.signal("HUP");
    let line = process.until_said("stay in force");
    assert!(line.contains("links") && !line.contains("hunter2"), "{line}");
    let alive = client::request("GET", "/livez", &[], b"");
    assert_eq!(client::send(process.admin, &alive).status, 200);
}
