//! A server of a test's own that loses its primacy or its process in the middle of a boot.

use testkit::mongod::{ChaosProxy, Kind, Mongod, Traffic};

use super::leaving::budget_used;
use super::source::{COUNT, asking, fill, recovers, serve};
use crate::harness::{TestApp, poll};

/// Some way into the 20,000 reads of tenant `a`, which are about 5 MB.
const MIDWAY_BYTES: u64 = 1_000_000;

/// A boot of tenant `a` that stands still midway; what it came to is heard later.
fn booting_midway(
    app: &TestApp,
    proxy: &ChaosProxy,
) -> std::thread::JoinHandle<crate::client::Reply> {
    proxy.set(Traffic::StallAfter(MIDWAY_BYTES));
    let asking = asking(app.address, "a");
    poll("the boot to stand still midway", || proxy.traffic() == Traffic::Stall);
    asking
}

#[test]
fn a_primary_that_steps_down_mid_boot() {
    let mongod = Mongod::start(Kind::ReplicaSet);
    let proxy = ChaosProxy::start(mongod.address());
    fill(&mongod, "db");
    let uri = mongod.moved_behind(&proxy);
    for preference in ["secondaryPreferred", "primary"] {
        let app = serve(&uri, "db", &[("source", "read_preference", preference)]).ready();
        let asking = booting_midway(&app, &proxy);
        mongod.step_down();
        proxy.set(Traffic::Pass);
        let reply = asking.join().expect("an answer");
        match reply.status {
            // The cursor outlived the change, or the boot was tried again.
            200 => assert_eq!(reply.rows()[0][0], 20_000),
            _ => drop(reply.problem(503, "source_unavailable")),
        }
        recovers(&app, "a", 20_000);
        recovers(&app, "b", 10);
        assert_eq!(app.admin_get("/livez").status, 200);
    }
}

#[test]
fn a_server_killed_mid_boot_and_started_again_on_its_port() {
    gone_mid_boot(Mongod::kill);
}

#[test]
fn a_server_stopped_mid_boot_and_started_again_on_its_port() {
    gone_mid_boot(Mongod::stop);
}

fn gone_mid_boot(end: fn(&mut Mongod)) {
    let mut mongod = Mongod::start(Kind::ReplicaSet);
    let proxy = ChaosProxy::start(mongod.address());
    fill(&mongod, "db");
    let app = serve(&proxy.uri(), "db", &[]).ready();
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    let before = budget_used(&app);
    let asking = booting_midway(&app, &proxy);
    end(&mut mongod);
    proxy.set(Traffic::Pass);
    asking.join().expect("an answer").problem(503, "source_unavailable");
    // Nobody else has asked: a query could leave a kept reader behind, which is charged.
    poll("what was read to be given back", || budget_used(&app) <= before);
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10, "a live tenant does not notice");
    app.sql("a", COUNT).problem(503, "source_unavailable");
    assert_eq!(app.get("/v1/instance?tenant=a").json()["rows"], 0, "nothing of it is kept");
    mongod.start_again();
    recovers(&app, "a", 20_000);
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
}

#[test]
fn credentials_put_right_are_found_right_without_a_restart() {
    let mongod = Mongod::start(Kind::WithUsers);
    let uri = format!("mongodb://boss:other@{}/?directConnection=true", mongod.address());
    fill(&mongod, "db");
    let app = serve(&uri, "db", &[]);
    app.sql("b", COUNT).problem(503, "source_unavailable");
    mongod.set_password("other");
    recovers(&app, "b", 10);
    poll("readiness", || app.admin_get("/readyz").status == 200);
}
