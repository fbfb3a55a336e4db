//! What operators install is what holds: our chart, with the parameter and with the header.

use std::collections::{BTreeMap, BTreeSet};

use super::load::{self, Load, TENANTS};
use super::scale::moved;
use super::timeline::Course;
use super::world::{DOCUMENTS, GATEWAY, World, growth};

const VALUES: &str = include_str!("installed.yaml");

/// Tenants that are asked for by header.
const SOME: usize = 600;

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn the_chart_s_replicas_come_and_go_and_no_request_fails() {
    let world = World::of_chart(VALUES);
    let three = world.owners();
    let read = world.counter(DOCUMENTS);
    let load = Load::start(GATEWAY);
    let course = Course::start("chart", &world, &load);
    load.until_once_round();
    course.mark("asked for 4");
    world.scale(4);
    world.until_serving(4);
    let four = world.owners();
    course.mark("asked for 3");
    world.scale(3);
    world.until_serving(3);
    let again = world.owners();
    let outcome = load.stop();
    course.draw(&outcome);
    let steps = [moved(&three, &four), moved(&four, &again)];
    let documents = growth(&read, &world.counter(DOCUMENTS));
    println!(
        "chart: {} answers, shares moved by 3 to 4 and back, of those needlessly: {steps:?}, documents read {documents}",
        outcome.answers.len()
    );
    outcome.expect_no_failure();
    assert!(documents <= (TENANTS / 100) as u64, "they were handed over");
    assert!(steps.iter().all(|(moved, needless)| *moved <= 0.28 && *needless <= 0.005));
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn by_header_each_tenant_is_on_one_replica_too() {
    let header = "Litevisor-Tenant";
    let world = World::of_chart(&format!("{VALUES}tenant: {{header: {header}}}\n"));
    let config = world.gateway.config().to_string();
    assert!(config.contains("\"header_name\":\"Litevisor-Tenant\""), "the hash is the header's");
    let agent = load::agent();
    let ask = |number| load::ask_by(header, &agent, number).expect("an answer");
    let before = world.holders(load::now());
    let first: BTreeMap<usize, String> = (1..SOME).map(|number| (number, ask(number).by)).collect();
    let replicas: BTreeSet<&String> = first.values().collect();
    assert_eq!(replicas.len(), 3);
    for (number, by) in &first {
        let answer = ask(*number);
        assert!(!answer.cold && answer.by == *by, "{number} went to {} after {by}", answer.by);
    }
    let holders = world.holders(load::now());
    let asked = (1..SOME).map(|number| &holders[&load::tenant(number)].live);
    assert!(asked.clone().all(|live| live.len() == 1), "each is on one");
    println!(
        "by header: {} of {TENANTS} tenants asked twice, each on one of 3 replicas",
        asked.count()
    );
    assert!(before.len() <= 1);
}
