//! A server that accepts and says nothing any more: stopped, or behind a connection that leads
//! nowhere. It never refuses, so only our own patience ends the wait.

use testkit::mongod::{ChaosProxy, Traffic};

use super::leaving::budget_used;
use super::source::{COUNT, asking, database, recovers, serve};
use crate::harness::{TestApp, poll};

/// An app with little patience for its server, and much for its boots.
fn impatient(proxy: &ChaosProxy, database: &str) -> TestApp {
    let uri = format!("{}&serverSelectionTimeoutMS=500&connectTimeoutMS=500", proxy.uri());
    let settings = [
        ("source", "max_time", "500ms"),
        ("source", "max_concurrent_boots", "1"),
        ("instance", "boot_wait", "1h"),
        ("admission", "queue_timeout", "1h"),
    ];
    serve(&uri, database, &settings).ready()
}

#[test]
fn a_connection_that_falls_silent_mid_boot_ends_the_boot() {
    let (name, proxy) = database();
    let app = impatient(&proxy, &name);
    proxy.set(Traffic::StallEachAfter(1_000_000));
    app.sql("a", COUNT).problem(503, "source_unavailable");
    poll("what was read to be given back", || budget_used(&app) == 0);
    // Another connection answers, and the boot's turn to read is free again.
    recovers(&app, "b", 10);
    proxy.set(Traffic::Pass);
    recovers(&app, "a", 20_000);
}

#[test]
fn a_silent_server_fails_boots_instead_of_holding_them() {
    let (name, proxy) = database();
    let app = impatient(&proxy, &name);
    proxy.set(Traffic::Stall);
    let both = ["a", "b"].map(|tenant| asking(app.address, tenant));
    for asking in both {
        asking.join().expect("an answer").problem(503, "source_unavailable");
    }
    assert_eq!(app.admin_get("/livez").status, 200);
    proxy.set(Traffic::Pass);
    recovers(&app, "b", 10);
    recovers(&app, "a", 20_000);
}
