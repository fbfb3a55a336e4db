//! Clients that leave in the middle of their streams, or of the boot they wait for.

use std::net::TcpStream;

use serde_json::json;
use testkit::mongod::Traffic;

use super::source::{COUNT, asking, database, recovers, serve};
use crate::client;
use crate::harness::{TestApp, poll};

const CLIENTS: usize = 50;

#[test]
fn fifty_clients_that_leave_mid_stream_leave_nothing_behind() {
    let clients = CLIENTS.to_string();
    // Each of them runs at the same time, and none is turned away.
    let settings = [
        ("admission", "replica_concurrent", &*clients),
        ("admission", "tenant_concurrent", &*clients),
    ];
    let app = TestApp::start(&settings).ready();
    assert_eq!(app.sql("acme", "SELECT count(*) FROM devices").rows(), json!([[200]]));
    let before = budget_used(&app);
    // Endless, and it reads the tenant's table, so that each holds a lease on the instance.
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
               SELECT x, serial, printf('%0100d', x) FROM c, devices";
    let streams: Vec<TcpStream> = (0..CLIENTS)
        .map(|at| {
            let format = ["json", "ndjson", "csv"][at % 3];
            let body = json!({ "sql": sql, "format": format }).to_string();
            let headers = [("Content-Type", "application/json")];
            let target = "/v1/query?tenant=acme";
            let bytes = client::request("POST", target, &headers, body.as_bytes());
            let mut stream = client::connect(app.address);
            std::io::Write::write_all(&mut stream, &bytes).expect("sent");
            let (status, _) = client::read_head(&mut stream, &mut Vec::new());
            assert_eq!(status, 200);
            stream
        })
        .collect();
    assert_eq!(leases(&app), CLIENTS as u64);
    drop(streams);
    poll("every lease to be given back", || leases(&app) == 0);
    let gone = format!("litevisor_queries_total{{outcome=\"client_gone\"}} {CLIENTS}");
    poll("all of them to be counted", || app.admin_get("/metrics").text().contains(&gone));
    assert_eq!(app.sql("acme", "SELECT count(*) FROM devices").rows(), json!([[200]]));
    assert_eq!(app.send("DELETE", "/v1/instance?tenant=acme", &[], b"").status, 202);
    poll("the instance to be closed", || {
        app.get("/v1/instance?tenant=acme").json()["state"] == "vacant"
    });
    poll("the memory to be given back", || budget_used(&app) < before);
}

/// Asks for tenant `a`, whose boot stands still midway.
fn waiting(app: &TestApp) -> TcpStream {
    let body = json!({ "sql": COUNT }).to_string();
    let headers = [("Content-Type", "application/json")];
    let bytes = client::request("POST", "/v1/query?tenant=a", &headers, body.as_bytes());
    let mut stream = client::connect(app.address);
    std::io::Write::write_all(&mut stream, &bytes).expect("sent");
    stream
}

#[test]
fn a_boot_ends_with_the_last_client_that_waits_for_it() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[]).ready();
    let state = || app.get("/v1/instance?tenant=a").json()["state"].clone();
    proxy.set(Traffic::StallAfter(1_000_000));
    let first = waiting(&app);
    poll("the boot to stand still midway", || proxy.traffic() == Traffic::Stall);
    let second = asking(app.address, "a");
    poll("both to wait", || waiters(&app) == 2);
    drop(first);
    poll("the first to be gone", || waiters(&app) == 1);
    poll("it to be counted", || gone(&app) == 1);
    assert_eq!(state(), "booting", "somebody waits yet");
    proxy.set(Traffic::Pass);
    assert_eq!(second.join().expect("an answer").rows(), json!([[20_000]]));

    assert_eq!(app.send("DELETE", "/v1/instance?tenant=a", &[], b"").status, 202);
    poll("the instance to be closed", || state() == "vacant");
    proxy.set(Traffic::StallAfter(1_000_000));
    let only = waiting(&app);
    poll("the boot to stand still midway", || proxy.traffic() == Traffic::Stall);
    assert_eq!(state(), "booting");
    drop(only);
    poll("the boot to be given up", || state() == "vacant");
    poll("its memory to be given back", || budget_used(&app) == 0);
    poll("it to be counted", || gone(&app) == 2);
    proxy.set(Traffic::Pass);
    recovers(&app, "a", 20_000);
}

/// Queries whose clients left, as the metrics have them.
fn gone(app: &TestApp) -> u64 {
    let text = app.admin_get("/metrics").text();
    let name = "litevisor_queries_total{outcome=\"client_gone\"} ";
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.parse().expect("a number"))
}

fn waiters(app: &TestApp) -> u64 {
    slot(app, "a")["waiting"].as_u64().expect("a number")
}

fn leases(app: &TestApp) -> u64 {
    slot(app, "acme")["leases"].as_u64().expect("a number")
}

/// A tenant's slot, as the operator sees it.
fn slot(app: &TestApp, tenant: &str) -> serde_json::Value {
    let slots = app.admin_get("/v1/tenants").json();
    let slots = slots["tenants"].as_array().expect("slots");
    slots.iter().find(|slot| slot["tenant"] == tenant).expect("the slot").clone()
}

/// What the readers kept open for the next query may hold, which are charged some time after the
/// answer: more than they do, far less than whatever these tests look for.
pub const KEPT_READERS_BYTES: u64 = 1 << 19;

/// Bytes reserved of the budget, as the metrics have them.
pub fn budget_used(app: &TestApp) -> u64 {
    let text = app.admin_get("/metrics").text();
    let value = text.lines().find_map(|line| line.strip_prefix("litevisor_budget_used_bytes "));
    value.expect("the metric").parse().expect("a number")
}
