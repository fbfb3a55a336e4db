//! What the system sees: the memory of a finished what-if and of a closed instance is no longer the
//! process's, and not only no longer counted.

use bson::{Document, doc};
use serde_json::json;
use tempfile::TempDir;

use crate::client;
use crate::harness::{poll, write_collection};
use crate::process::{Process, command};

const MIB: u64 = 1 << 20;

/// Devices of the large tenant, and the length of each one's serial: some 150 MB together.
const DEVICES: i32 = 60_000;
const SERIAL_CHARS: usize = 2_500;

/// What the large instance holds at least.
const INSTANCE_BYTES_MIN: u64 = 130 * MIB;

/// What may stay behind of it, for the allocator's arenas are never wholly empty: far less than
/// keeping the instance or the scratch would come to.
const LEFT_BYTES_MAX: u64 = 40 * MIB;

/// Tenants whose instances are small, but come to as much together.
const SMALL_TENANTS: i32 = 20;

/// A process whose dump has the devices, dealt out to `tenants`.
fn start(tenants: &[String]) -> Process {
    let folder = TempDir::new().expect("a folder");
    let command = command(&folder);
    let dump = folder.path().join("dump");
    let devices = |(tenant, n): (&String, i32)| {
        let serial = format!("{n:0SERIAL_CHARS$}");
        doc! { "_id": format!("d{n:06}"), "customerId": tenant, "serial": serial }
    };
    let mut devices: Vec<Document> = tenants.iter().cycle().zip(0..DEVICES).map(devices).collect();
    devices.push(doc! { "_id": "t1", "customerId": "tiny", "serial": "only" });
    write_collection(&dump, "devices", &devices);
    let listed = tenants.iter().map(String::as_str).chain(["tiny"]);
    let listed: Vec<Document> = listed.map(|id| doc! { "_id": id }).collect();
    write_collection(&dump, "customers", &listed);
    Process::of(command, folder)
}

/// The process's own memory (not that of files), as the kernel has it.
fn resident(process: &Process) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", process.pid()));
    let text = text.expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a figure");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

fn ask(process: &Process, method: &str, target: &str) -> client::Reply {
    client::send(process.address, &client::request(method, target, &[], b""))
}

fn close(process: &Process, tenant: &str) {
    let target = format!("/v1/instance?tenant={tenant}");
    assert_eq!(ask(process, "DELETE", &target).status, 202);
    poll("the instance to be closed", || {
        ask(process, "GET", &target).json()["state"] == json!("vacant")
    });
}

#[test]
fn a_closed_instance_and_a_finished_what_if_go_back_to_the_system() {
    let process = start(&["large".to_owned()]);
    assert_eq!(process.count(), "n\r\n1\r\n");
    let idle = resident(&process);
    let sql = "SELECT count(*) AS n FROM devices WHERE length(serial) = 2500";
    let count = || client::read_reply(&mut process.ask_tenant("large", sql)).text();
    assert_eq!(count(), format!("n\r\n{DEVICES}\r\n"));
    let live = resident(&process);
    assert!(live > idle + INSTANCE_BYTES_MIN, "{idle} {live}");

    let what_if =
        "UPDATE devices SET serial = serial || 'x'; SELECT max(length(serial)) AS n FROM devices";
    let reply = client::read_reply(&mut process.ask_tenant("large", what_if));
    assert_eq!(reply.text(), "n\r\n2501\r\n");
    poll("the scratch to go back to the system", || resident(&process) < live + LEFT_BYTES_MAX);

    close(&process, "large");
    poll("the instance to go back to the system", || resident(&process) < idle + LEFT_BYTES_MAX);
    assert_eq!(count(), format!("n\r\n{DEVICES}\r\n"), "and it boots again");
}

#[test]
fn many_small_closed_instances_go_back_to_the_system_too() {
    let tenants: Vec<String> = (0..SMALL_TENANTS).map(|n| format!("small{n}")).collect();
    let process = start(&tenants);
    assert_eq!(process.count(), "n\r\n1\r\n");
    let idle = resident(&process);
    for tenant in &tenants {
        let sql = "SELECT count(*) AS n FROM devices";
        let reply = client::read_reply(&mut process.ask_tenant(tenant, sql));
        assert_eq!(reply.text(), format!("n\r\n{}\r\n", DEVICES / SMALL_TENANTS));
    }
    let live = resident(&process);
    assert!(live > idle + INSTANCE_BYTES_MIN, "{idle} {live}");
    for tenant in &tenants {
        close(&process, tenant);
    }
    poll("the instances to go back to the system", || resident(&process) < idle + LEFT_BYTES_MAX);
}
