//! MongoDB down at start, dying mid-boot, silent, back again, refusing credentials.

use testkit::mongod::{Kind, Mongod, Traffic};

use super::source::{COUNT, database, recovers, serve};
use crate::harness::poll;

#[test]
fn down_at_start_then_up() {
    let (name, proxy) = database();
    proxy.set(Traffic::Refuse);
    let app = serve(&proxy.uri(), &name, &[]);
    assert_eq!(app.admin_get("/livez").status, 200, "liveness never depends on MongoDB");
    assert_eq!(app.admin_get("/readyz").status, 503, "it has not reached its source yet");
    let reply = app.sql("b", COUNT);
    assert_eq!(reply.status, 503, "{}", reply.text());
    proxy.set(Traffic::Pass);
    let app = app.ready();
    recovers(&app, "b", 10);
}

#[test]
fn silent_at_start_then_up() {
    let (name, proxy) = database();
    proxy.set(Traffic::Stall);
    let app = serve(&proxy.uri(), &name, &[("instance", "boot_wait", "300ms")]);
    assert_eq!(app.admin_get("/livez").status, 200);
    assert_eq!(app.admin_get("/readyz").status, 503);
    // Until it has opened, which needs no source, it says that it is still starting.
    poll("a boot that waits for the source", || {
        let reply = app.sql("b", COUNT);
        assert!(reply.header("retry-after").is_some(), "{}", reply.text());
        reply.status == 503 && reply.json()["code"] == "instance_booting"
    });
    proxy.set(Traffic::Pass);
    let app = app.ready();
    recovers(&app, "b", 10);
}

#[test]
fn dying_mid_boot_keeps_nothing_and_the_next_query_boots_again() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[]).ready();
    // 20,000 reads are some 5 MB: the cut falls into the scan.
    proxy.set(Traffic::CutAfter(1_000_000));
    let reply = app.sql("a", COUNT);
    reply.problem(503, "source_unavailable");
    assert!(reply.header("retry-after").is_some());
    proxy.set(Traffic::Pass);
    recovers(&app, "a", 20_000);
}

#[test]
fn live_tenants_are_answered_while_the_source_is_down() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[]).ready();
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    proxy.set(Traffic::Refuse);
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    app.sql("a", COUNT).problem(503, "source_unavailable");
    assert_eq!(app.admin_get("/livez").status, 200);
    proxy.set(Traffic::Pass);
    recovers(&app, "a", 20_000);
    poll("readiness to come back", || app.admin_get("/readyz").status == 200);
}

#[test]
fn a_silent_server_costs_a_bounded_wait_and_the_boot_goes_on() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("instance", "boot_wait", "300ms")]).ready();
    proxy.set(Traffic::Stall);
    let reply = app.sql("b", COUNT);
    reply.problem(503, "instance_booting");
    assert!(reply.header("retry-after").is_some());
    proxy.set(Traffic::Pass);
    recovers(&app, "b", 10);
}

#[test]
fn a_slow_boot_tells_how_far_it_is_and_goes_on() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("instance", "boot_wait", "300ms")]).ready();
    // The connection that carries the reads falls silent; the server can still be asked.
    proxy.set(Traffic::StallEachAfter(3_000_000));
    let reply = app.sql("a", COUNT);
    let detail = reply.problem(503, "instance_booting");
    assert!(detail.contains("documents read so far"), "{detail}");
    assert_eq!(reply.json()["retryable"], true);
    let wait: u64 = reply.header("retry-after").expect("when").parse().expect("seconds");
    assert!(wait >= 1);
    // A source that has to count is asked only once a boot takes long.
    let status = || app.get("/v1/instance?tenant=a").json();
    poll("what is expected", || status()["progress"]["documents_expected"] == 20_000);
    let detail = app.sql("a", COUNT).problem(503, "instance_booting");
    assert!(detail.contains("of 20000 documents read so far"), "{detail}");
    let status = status();
    assert_eq!(status["state"], "booting", "{status}");
    let done = status["progress"]["documents_done"].as_u64().expect("a number");
    assert!(0 < done && done < 20_000, "{status}");
    proxy.set(Traffic::Pass);
    // Nobody asks, and yet it is booted.
    poll("the boot to end", || app.get("/v1/instance?tenant=a").json()["state"] == "live");
    let reply = app.sql("a", COUNT);
    assert_eq!(
        (&reply.rows()[0][0], reply.header("litevisor-instance")),
        (&20_000.into(), Some("warm"))
    );
}

#[test]
fn wrong_credentials_are_named_to_the_operator_only() {
    let mongod = Mongod::start(Kind::WithUsers);
    let uri = format!("mongodb://boss:wrong@{}/?directConnection=true", mongod.address());
    let app = serve(&uri, "db", &[]);
    let reply = app.sql("b", COUNT);
    let detail = reply.problem(503, "source_unavailable");
    assert!(!detail.contains("wrong"), "{detail}");
    assert_eq!(app.admin_get("/livez").status, 200);
    let ready = app.admin_get("/readyz?verbose");
    assert_eq!(ready.status, 503);
    assert!(!ready.text().contains("wrong@"), "{}", ready.text());
}

#[test]
fn a_collection_without_index_still_answers() {
    // The test database has no index on the tenant key: start warns, boots work.
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[]).ready();
    assert_eq!(app.sql("a", COUNT).rows()[0][0], 20_000);
}
