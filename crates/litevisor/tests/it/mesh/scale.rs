//! Replicas come and go under load.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load::{self, Load, ROWS, TENANTS};
use super::timeline::Course;
use super::world::{DOCUMENTS, GATEWAY, World, growth};

type Owners = BTreeMap<String, String>;

/// Of all tenants, the share whose owner differs; and the share of those that moved from a replica
/// that is still there to one that was there before.
pub fn moved(before: &Owners, after: &Owners) -> (f64, f64) {
    let has = |owners: &Owners, owner| owners.values().any(|one| one == owner);
    let moves =
        before.iter().map(|(tenant, old)| (old, &after[tenant])).filter(|(old, new)| old != new);
    let share = |count: usize| count as f64 / before.len() as f64;
    let needless = moves.clone().filter(|(old, new)| has(after, *old) && has(before, *new));
    (share(moves.clone().count()), share(needless.count()))
}

pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn each_tenant_is_on_one_of_three_replicas() {
    let world = World::start();
    let config = world.gateway.config().to_string();
    assert!(config.contains("\"lb_policy\":\"MAGLEV\""));
    assert!(config.contains("\"query_parameter\":{\"name\":\"tenant\"}"));
    let owners = world.owners();
    let load = Load::start(GATEWAY);
    let course = Course::start("steady", &world, &load);
    std::thread::sleep(Duration::from_secs(5));
    let outcome = load.stop();
    course.draw(&outcome);
    outcome.expect_no_failure();
    assert!(outcome.moves.is_empty());
    assert_eq!(world.owners(), owners);
    let duplicates =
        world.holders(load::now()).values().filter(|holders| holders.live.len() != 1).count();
    assert_eq!(duplicates, 0);
    let documents: u64 = world.counter(DOCUMENTS).values().sum();
    assert_eq!(documents, TENANTS as u64 * ROWS as u64, "each document was read once");
    let mut shares: BTreeMap<&String, usize> = BTreeMap::new();
    owners.values().for_each(|owner| *shares.entry(owner).or_default() += 1);
    println!(
        "steady: {} answers, p99 {}, tenants by replica {:?}, duplicates 0",
        outcome.answers.len(),
        ms(outcome.quantile(0.99, Duration::ZERO)),
        shares.values().collect::<Vec<_>>()
    );
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_fourth_replica_comes_and_goes_and_no_request_fails() {
    there_and_back(&World::start(), ["three-to-four", "four-to-three"], 0.0);
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_fourth_replica_comes_and_goes_without_hand_over() {
    let names = ["three-to-four-without-hand-over", "four-to-three-without-hand-over"];
    there_and_back(&World::without_hand_over(), names, 1.0);
}

/// 3 -> 4 -> 3 replicas; of what moved, the share `read` at most is read from MongoDB.
#[expect(clippy::print_stdout, reason = "the figures that it holds to")]
fn there_and_back(world: &World, [up, down]: [&'static str; 2], read_again: f64) {
    let three = world.owners();
    for (replicas, ideal, name) in [(4, 0.25, up), (3, 0.25, down)] {
        let before = if replicas == 4 { three.clone() } else { world.owners() };
        let read = world.counter(DOCUMENTS);
        let load = Load::start(GATEWAY);
        let course = Course::start(name, world, &load);
        load.until_once_round();
        let from = load.at();
        course.mark(format!("asked for {replicas} replicas"));
        world.scale(replicas);
        world.until_serving(replicas);
        course.mark("all in rotation");
        let settled = load.at();
        let after = world.owners();
        load.until_once_round();
        let outcome = load.stop();
        course.draw(&outcome);
        outcome.expect_no_failure();
        assert!(!outcome.moves.is_empty(), "the load met the move");
        let (moved, needless) = moved(&before, &after);
        let documents = growth(&read, &world.counter(DOCUMENTS));
        let share = documents as f64 / (TENANTS as f64 * ROWS as f64);
        println!(
            "to {replicas} replicas: {} answers, 0 failed, p99 {} during the step, settled in {:.1} s, moved {:.2} %, \
             needlessly {:.2} %, documents read {:.2} % of all",
            outcome.answers.len(),
            ms(outcome.quantile(0.99, from)),
            settled.saturating_sub(from).as_secs_f64(),
            moved * 100.0,
            needless * 100.0,
            share * 100.0
        );
        assert!(moved <= ideal + 0.03 && needless <= 0.005);
        assert!(share <= moved * read_again + 0.001, "{documents} documents were read");
    }
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_rolling_update_fails_no_request() {
    update(&World::start(), "rolling-update", 0.0);
}

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn a_rolling_update_without_hand_over() {
    update(&World::without_hand_over(), "rolling-update-without-hand-over", 3.0);
}

/// Every pod is replaced; documents read from MongoDB meanwhile are at most so many times all.
#[expect(clippy::print_stdout, reason = "the figures that it holds to")]
fn update(world: &World, name: &'static str, read_again: f64) {
    world.owners();
    let read = world.counter(DOCUMENTS);
    let old = world.replicas();
    let load = Load::start(GATEWAY);
    let course = Course::start(name, world, &load);
    load.until_once_round();
    let from = load.at();
    course.mark("rollout restart");
    world.mesh.kubectl(&["rollout", "restart", "deployment/litevisor"]);
    world.mesh.kubectl(&["rollout", "status", "deployment/litevisor", "--timeout=120s"]);
    world.until_serving(3);
    let settled = load.at();
    course.mark("all replaced");
    let replaced = world.replicas().iter().all(|replica| !old.contains(replica));
    load::round(GATEWAY).expect_no_failure();
    let outcome = load.stop();
    course.draw(&outcome);
    outcome.expect_no_failure();
    let documents = growth(&read, &world.counter(DOCUMENTS));
    println!(
        "rolling update: {} answers, 0 failed, p99 {} during it, settled in {:.1} s, documents read {:.0} % of all",
        outcome.answers.len(),
        ms(outcome.quantile(0.99, from)),
        settled.saturating_sub(from).as_secs_f64(),
        documents as f64 / (TENANTS as f64 * ROWS as f64) * 100.0
    );
    assert!(replaced, "every pod is a new one");
    assert!(documents as f64 <= (TENANTS as f64 * ROWS as f64) * read_again);
}
