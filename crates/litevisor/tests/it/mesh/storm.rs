//! Everybody comes at once, cold. Refusals of one tenant are no reason to move another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::mesh::until;

use super::load::{self, Load, Reply, TENANTS};
use super::scale::ms;
use super::timeline::Course;
use super::world::{CLUSTER, GATEWAY, World};

/// Tenants that are live before the storm.
const WARM: usize = 200;

/// Callers at once, each for cold tenants only.
const STORM: usize = 256;

/// Room for few, so that most are turned away: one boot at a time, and hardly a wait for it.
const NARROW: [(&str, &str); 4] = [
    ("source.max_concurrent_boots", "1"),
    ("instance.boot_wait", "50ms"),
    ("admission.replica_concurrent", "4"),
    ("admission.replica_queued", "16"),
];

/// A world with hardly any room, whose warm tenants are live.
fn narrow() -> World {
    let world = World::with_settings(&NARROW);
    // Some boots take longer than a request waits here; they go on.
    until("the warm tenants", || load::round_of(GATEWAY, 0..WARM).failures.is_empty());
    world
}

/// Asks for every cold tenant once, all at once; how often which status, code and whether with a time
/// to come back.
fn storm(course: Option<&Course>) -> BTreeMap<(u16, String, bool), usize> {
    let next = AtomicUsize::new(WARM);
    let mut all = BTreeMap::new();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..STORM)
            .map(|_| {
                scope.spawn(|| {
                    let (agent, mut replies) = (load::agent(), Vec::<Reply>::new());
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= TENANTS {
                            return replies;
                        }
                        let tenant = format!("tenant={}&", load::tenant(number));
                        let reply = load::reply(&agent, &load::url(GATEWAY, &tenant));
                        course.filter(|_| reply.status == 503).inspect(|course| course.refused());
                        replies.push(reply);
                    }
                })
            })
            .collect();
        for reply in callers.into_iter().flat_map(|caller| caller.join().expect("no panic")) {
            let key = (reply.status, reply.code, reply.retry_after.is_some());
            *all.entry(key).or_default() += 1;
        }
    });
    all
}

/// Who was asked for the warm tenants last.
fn owners(world: &World) -> BTreeMap<String, Vec<String>> {
    let start = load::now();
    load::round_of(GATEWAY, 0..WARM).expect_no_failure();
    let holders = world.holders(start);
    // Boots that the storm began may still go on: of those we do not ask here.
    (0..WARM)
        .map(load::tenant)
        .map(|tenant| (tenant.clone(), holders[&tenant].asked.clone()))
        .collect()
}

/// How often the gateway took a replica out of rotation.
fn ejections(world: &World) -> u64 {
    let stats = world.gateway.stats("outlier_detection.ejections_enforced_total");
    let ours = stats.lines().find_map(|line| line.strip_prefix(&format!("cluster.{CLUSTER}")));
    let count = ours.and_then(|line| line.rsplit(": ").next()?.parse().ok());
    count.unwrap_or_else(|| panic!("no such counter: {stats}"))
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn refusals_of_cold_tenants_eject_no_replica_and_move_no_warm_tenant() {
    let world = narrow();
    let before = owners(&world);
    assert!(before.values().all(|asked| asked.len() == 1));
    let load = Load::of(GATEWAY, 0..WARM);
    let course = Course::start("storm", &world, &load);
    load.until_once_round();
    let from = load.at();
    course.mark("storm");
    let replies = storm(Some(&course));
    let to = load.at();
    course.mark("storm over");
    load.until_once_round();
    let outcome = load.stop();
    course.draw(&outcome);
    println!(
        "storm: {} cold tenants in {}, {replies:?}; warm tenants meanwhile: {} answers, {} refused, p99 {}",
        TENANTS - WARM,
        ms(to.saturating_sub(from)),
        outcome.answers.len(),
        outcome.failures.len(),
        ms(outcome.quantile(0.99, from))
    );
    assert!(outcome.wrong.is_empty());
    // It was a storm, and each who was turned away was told when to come back.
    let refused: usize =
        replies.iter().filter(|((status, ..), _)| *status == 503).map(|(_, n)| n).sum();
    assert!(refused > (TENANTS - WARM) / 2, "{refused}");
    for (status, code, retry_after) in replies.keys() {
        let shed = ["instance_booting", "overloaded"].contains(&code.as_str());
        assert!(*status == 200 || (*status == 503 && shed && *retry_after), "{status} {code}");
    }
    assert_eq!(outcome.cold, 0, "no warm tenant was booted again");
    assert_eq!(world.gateway.healthy_endpoints(CLUSTER), 3);
    assert_eq!(ejections(&world), 0);
    let after = owners(&world);
    let moved: Vec<_> = before.iter().filter(|(tenant, asked)| after[*tenant] != **asked).collect();
    assert!(moved.is_empty(), "moved, though warm: {moved:?}");
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn counting_refusals_as_faults_would_eject_replicas() {
    let world = narrow();
    let change = r#"{"spec":{"trafficPolicy":{"outlierDetection":{"consecutive5xxErrors":5}}}}"#;
    world.mesh.kubectl(&["patch", "destinationrule/litevisor", "--type=merge", "-p", change]);
    until("the gateway to count", || {
        world.gateway.config().to_string().contains("\"consecutive_5xx\":5")
    });
    storm(None);
    println!("the same, counting 5xx: {} ejections", ejections(&world));
    assert!(ejections(&world) > 0, "the storm would have shown it");
}
