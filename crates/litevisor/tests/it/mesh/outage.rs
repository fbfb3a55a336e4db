//! What replicas depend on goes away, under load: the control plane, the source.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::mesh::{ControlPart, Signal, until};

use super::load::{self, Load, Reply, TENANTS};
use super::scale::ms;
use super::timeline::Course;
use super::world::{CLUSTER, GATEWAY, World};

/// Tenants that are live before the source goes; the others are cold.
const WARM: usize = TENANTS / 2;

/// How long the source is gone: much longer than an election, a driver's patience and a boot's wait.
const GONE: Duration = Duration::from_secs(30);

/// Waits until the load got so many more answers.
fn until_answered(load: &Load, more: usize) {
    let before = load.answered();
    until("answers", || load.answered() >= before + more);
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn istiod_and_the_apiserver_go_and_queries_go_on() {
    let world = World::start();
    world.owners();
    let load = Load::start(GATEWAY);
    let course = Course::start("control-plane-gone", &world, &load);
    load.until_once_round();
    course.mark("istiod killed");
    // Nobody tells the gateway of a step that is asked for while istiod is gone.
    world.mesh.signal(ControlPart::Istiod, Signal::Kill);
    until_answered(&load, 500);
    course.mark("asked for 4");
    world.scale(4);
    until("a fourth pod", || world.replicas().len() == 4);
    until_answered(&load, 500);
    assert_eq!(world.gateway.healthy_endpoints(CLUSTER), 3);
    course.mark("istiod back");
    world.mesh.signal(ControlPart::Istiod, Signal::Cont);
    let back = load.at();
    world.until_serving(4);
    let heard_istiod = load.at().saturating_sub(back);
    load.until_once_round();
    course.mark("apiserver killed");
    // Nobody can ask for a step while the apiserver is gone: it is asked for right after.
    world.mesh.signal(ControlPart::ApiServer, Signal::Kill);
    until_answered(&load, 1_000);
    assert!(world.mesh.api().get("/readyz").is_err());
    assert_eq!(world.gateway.healthy_endpoints(CLUSTER), 4);
    course.mark("apiserver back");
    world.mesh.signal(ControlPart::ApiServer, Signal::Cont);
    let back = load.at();
    until("the apiserver", || world.replicas().len() == 4);
    course.mark("asked for 3");
    world.scale(3);
    world.until_serving(3);
    let heard_api = load.at().saturating_sub(back);
    load.until_once_round();
    let outcome = load.stop();
    course.draw(&outcome);
    println!(
        "istiod and apiserver gone: {} answers, {} failed, 3 to 4 is in force {} after istiod's return, 4 to 3 {} \
         after the apiserver's",
        outcome.answers.len(),
        outcome.failures.len(),
        ms(heard_istiod),
        ms(heard_api)
    );
    outcome.expect_no_failure();
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn the_source_goes_and_tenants_that_are_live_do_not_notice() {
    let mut world = World::start();
    load::round_of(GATEWAY, 0..WARM).expect_no_failure();
    let before = world.replicas();
    let load = Load::of(GATEWAY, 0..WARM);
    let course = Course::start("source-gone", &world, &load);
    let mut cold = WARM..TENANTS;
    let agent = load::agent();
    let mut ask_cold = || {
        let tenant = load::tenant(cold.next().expect("a cold tenant"));
        load::reply(&agent, &load::url(GATEWAY, &format!("tenant={tenant}&")))
    };
    load.until_once_round();
    course.mark("primary steps down");
    world.mongod.step_down();
    let elected = load.at();
    until("an election", || answered(&ask_cold()));
    let elected = load.at().saturating_sub(elected);

    let (stopped, mut replies) = (load.at(), BTreeMap::<Reply, usize>::new());
    let mut slowest = Duration::ZERO;
    course.mark("mongod stopped");
    world.mongod.stop();
    while load.at().saturating_sub(stopped) < GONE {
        let asked = load.at();
        let reply = ask_cold();
        assert!(!answered(&reply), "there is nothing to read: {reply:?}");
        course.refused();
        *replies.entry(reply).or_default() += 1;
        slowest = slowest.max(load.at().saturating_sub(asked));
    }
    course.mark("mongod started");
    world.mongod.start_again();
    let back = load.at();
    until("a boot", || answered(&ask_cold()));
    let recovered = load.at().saturating_sub(back);
    load::round(GATEWAY).expect_no_failure();
    let outcome = load.stop();
    course.draw(&outcome);
    println!(
        "source: {} answers of live tenants, {} failed, p99 {}; boots again {} after the step-down; gone for {}: \
         {} refused, the slowest after {}, told to come back after {:?} s; boots again {} after its return",
        outcome.answers.len(),
        outcome.failures.len(),
        ms(outcome.quantile(0.99, Duration::ZERO)),
        ms(elected),
        ms(GONE),
        replies.values().sum::<usize>(),
        ms(slowest),
        replies.keys().filter_map(|reply| reply.retry_after).collect::<Vec<_>>(),
        ms(recovered)
    );
    outcome.expect_no_failure();
    assert!(!replies.is_empty(), "a cold tenant was refused");
    assert_eq!(world.replicas(), before);
    assert_eq!(world.restarts(), 0);
}

/// Whether this answers a cold tenant; panics if it is no refusal that says when to come back.
#[track_caller]
fn answered(reply: &Reply) -> bool {
    let refused = (reply.status, reply.code.as_str()) == (503, "source_unavailable")
        && reply.retry_after.is_some();
    assert!(refused || reply.status == 200, "{reply:?}");
    reply.status == 200
}
