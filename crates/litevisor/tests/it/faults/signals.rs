//! Signals to the real binary while a boot or a stream is under way, and what it says at start.

use std::io::Read;

use tempfile::TempDir;
use testkit::mongod::{ChaosProxy, Traffic};

use super::source::{CATALOG, asking, database};
use crate::client::{self, Ended};
use crate::harness::poll;
use crate::process::{Process, command};

/// A time that no test outlives: whatever ends before it was not waited for.
const NEVER: &str = "1h";

const STOPPED: i32 = 130;

/// The real binary over the test server.
fn serve(proxy: &ChaosProxy, database: &str, drain_timeout: &str) -> Process {
    let folder = TempDir::new().expect("a folder");
    let command = command(&folder);
    std::fs::write(folder.path().join("catalog.toml"), CATALOG).expect("written");
    let config = format!(
        "[source]\nkind = \"mongodb\"\nuri = \"{}\"\ndatabase = \"{database}\"\n\
         [catalog]\npath = \"catalog.toml\"\n\
         [http]\nadmin_listen = \"127.0.0.1:0\"\ndrain_timeout = \"{drain_timeout}\"\n",
        proxy.uri()
    );
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    let process = Process::of(command, folder);
    poll("readiness", || get(process.admin, "/readyz").status == 200);
    process
}

fn get(address: std::net::SocketAddr, target: &str) -> client::Reply {
    client::send(address, &client::request("GET", target, &[], b""))
}

/// Tenant `a`, whose boot stands still until the proxy lets it on.
fn booting(process: &Process, proxy: &ChaosProxy) -> std::thread::JoinHandle<client::Reply> {
    proxy.set(Traffic::StallAfter(1_000_000));
    let asking = asking(process.address, "a");
    poll("the boot to stand still midway", || proxy.traffic() == Traffic::Stall);
    asking
}

#[test]
fn a_signal_during_a_boot_lets_it_be_answered() {
    let (name, proxy) = database();
    let mut process = serve(&proxy, &name, NEVER);
    let asking = booting(&process, &proxy);
    process.terminate();
    process.until_said("draining");
    proxy.set(Traffic::Pass);
    assert_eq!(asking.join().expect("an answer").rows()[0][0], 20_000);
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_boot_that_outlives_the_deadline_is_given_up() {
    let (name, proxy) = database();
    let mut process = serve(&proxy, &name, "300ms");
    let asking = booting(&process, &proxy);
    process.terminate();
    asking.join().expect("an answer").problem(503, "shutting_down");
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_second_signal_during_a_boot_ends_at_once() {
    let (name, proxy) = database();
    let mut process = serve(&proxy, &name, NEVER);
    proxy.set(Traffic::StallAfter(1_000_000));
    let mut stream = process.ask_tenant("a", "SELECT count(*) FROM reads");
    poll("the boot to stand still midway", || proxy.traffic() == Traffic::Stall);
    process.terminate();
    process.until_said("draining");
    process.terminate();
    assert_eq!(process.ended().code(), Some(STOPPED));
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "nothing looks like an answer");
}

#[test]
fn a_stream_that_outlives_the_deadline_ends_and_does_not_look_whole() {
    let mut process = Process::start_with(&[("LITEVISOR__HTTP__DRAIN_TIMEOUT", "300ms")]);
    process.count();
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let mut stream = process.ask(sql);
    let mut peeked = [0; 1];
    assert_eq!(stream.peek(&mut peeked).expect("a first byte"), 1);
    process.terminate();
    let reply = client::read_reply(&mut stream);
    assert_eq!((reply.status, reply.ended), (200, Ended::Broken), "CSV can end in no other way");
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_collection_without_index_is_named_at_start_with_the_command() {
    let (name, proxy) = database();
    let process = serve(&proxy, &name, NEVER);
    let line = process.until_said("createIndex");
    let line = line.replace('\\', "");
    assert!(line.contains(r#"db.getCollection("reads").createIndex({ "t": 1 })"#), "{line}");
    assert!(line.contains("WARN"), "{line}");
}
