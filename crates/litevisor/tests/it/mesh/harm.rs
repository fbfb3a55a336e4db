//! A replica dies, or hangs, under load.

use std::time::Duration;

use testkit::mesh::{Signal, until};

use super::load::{self, Load, TENANTS};
use super::scale::ms;
use super::timeline::Course;
use super::world::{CLUSTER, GATEWAY, World};

/// How long after its death requests may still fail: the gateway sees its connections break at once, and
/// asks the others from then on. Measured 10 to 20 ms; that it is in rotation again takes 10 s, since the
/// gateway leaves out who refused connections for so long.
const RECOVERED_WITHIN: Duration = Duration::from_secs(8);

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_replica_is_killed_and_only_what_was_in_flight_there_fails() {
    let world = World::start();
    let owners = world.owners();
    let victim = world.replicas().remove(0).name;
    let load = Load::start(GATEWAY);
    let course = Course::start("kill", &world, &load);
    load.until_once_round();
    let killed = load.at();
    course.mark("kill -9");
    assert!(world.mesh.node().signal(&victim, Signal::Kill));
    until("the gateway to miss it", || world.gateway.healthy_endpoints(CLUSTER) < 3);
    world.until_serving(3);
    let back = load.at();
    course.mark("ready again");
    // Everybody once more, while the load goes on.
    load::round(GATEWAY).expect_no_failure();
    let outcome = load.stop();
    course.draw(&outcome);
    assert!(outcome.wrong.is_empty(), "{:?}", outcome.wrong.first());
    let of_victim =
        |what: &str| what.split(':').next().is_some_and(|tenant| owners[tenant] == victim);
    let others: Vec<_> = outcome.failures.iter().filter(|one| !of_victim(&one.what)).collect();
    let last = outcome.failures.iter().map(|one| one.at).max().unwrap_or(killed);
    println!(
        "kill -9: {} answers, {} failed (all within {} of it, {} of tenants of others), ready again after {}, \
         p99 since {}",
        outcome.answers.len(),
        outcome.failures.len(),
        ms(last.saturating_sub(killed)),
        others.len(),
        ms(back.saturating_sub(killed)),
        ms(outcome.quantile(0.99, killed)),
    );
    for failure in &outcome.failures {
        println!("  {:?} after: {}", failure.at.saturating_sub(killed), failure.what);
    }
    assert!(others.is_empty());
    assert!(outcome.failures.len() <= load::CALLERS, "more than were in flight");
    assert!(last.saturating_sub(killed) < RECOVERED_WITHIN);
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_replica_that_hangs_is_out_of_rotation_within_ten_seconds() {
    let world = World::start();
    let before = world.owners();
    let victim = world.replicas().remove(0).name;
    let load = Load::start(GATEWAY);
    let course = Course::start("hang", &world, &load);
    load.until_once_round();
    course.mark("SIGSTOP");
    let stopped = load::now();
    assert!(world.mesh.node().signal(&victim, Signal::Stop));
    until("the gateway to leave it out", || world.gateway.healthy_endpoints(CLUSTER) == 2);
    let out = stopped.elapsed();
    course.mark("out of rotation");
    let after = world.owners();
    let others = before.iter().filter(|(_, owner)| **owner != victim);
    let moved = others.clone().filter(|(tenant, owner)| after[*tenant] != **owner).count();
    let share = moved as f64 / others.count() as f64;
    course.mark("SIGCONT");
    assert!(world.mesh.node().signal(&victim, Signal::Cont));
    world.until_serving(3);
    load.until_once_round();
    let outcome = load.stop();
    course.draw(&outcome);
    println!(
        "hangs: out of rotation after {}, {} of {} tenants of the others moved ({:.2} %), {} answers, {} failed",
        ms(out),
        moved,
        TENANTS,
        share * 100.0,
        outcome.answers.len(),
        outcome.failures.len()
    );
    assert!(outcome.wrong.is_empty());
    // Who was asked while it hung waited for it, at most: nobody else failed.
    outcome.expect_failures_of(|tenant| before[tenant] == victim);
    assert!(out < Duration::from_secs(10) && share <= 0.005);
}
