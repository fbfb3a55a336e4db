//! The desk by table and by random series.

use model::TenantKeyType;
use proptest::prelude::*;

use super::*;

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name, TenantKeyType::String).unwrap()
}

fn bounds(tenant: (usize, usize), replica: (usize, usize)) -> AdmissionSettings {
    AdmissionSettings {
        tenant_concurrent: tenant.0,
        tenant_queued: tenant.1,
        replica_concurrent: replica.0,
        replica_queued: replica.1,
        queue_timeout: Duration::from_secs(1),
    }
}

/// A query of `tenant` ends; who gets its place.
fn free<W>(
    desk: &mut Desk<W>,
    tenant: &TenantId,
    bounds: &AdmissionSettings,
) -> Option<(TenantId, W)> {
    desk.leave(tenant);
    desk.next(bounds)
}

#[test]
fn results_in_flight_take_places_from_half_their_bound_on() {
    let cases = [(0, 16), (50, 16), (60, 13), (75, 8), (99, 1), (100, 1), (1_000, 1)];
    for (in_flight, wanted) in cases {
        assert_eq!(places(16, in_flight, 100), wanted, "{in_flight} of 100");
    }
    assert_eq!((places(16, 5, 0), places(1, 100, 100)), (16, 1), "without a bound none is lost");
}

#[test]
fn places_that_come_back_go_to_all_who_wait() {
    let bounds = bounds((9, 9), (3, 9));
    let mut desk = Desk { places: 1, ..Desk::default() };
    let (a, b) = (tenant("a"), tenant("b"));
    assert_eq!(desk.enter(&a, &bounds, || "a1"), Answer::Run);
    for name in ["a2", "a3"] {
        assert!(matches!(desk.enter(&a, &bounds, || name), Answer::Wait(_)));
    }
    assert!(matches!(desk.enter(&b, &bounds, || "b1"), Answer::Wait(_)));
    desk.leave(&a);
    desk.places = 3;
    let next: Vec<&str> =
        std::iter::from_fn(|| desk.next(&bounds).map(|(_, waiter)| waiter)).collect();
    assert_eq!(next, ["a2", "b1", "a3"]);
}

#[test]
fn who_is_turned_away_hears_what_stands_in_the_way() {
    let bounds = bounds((1, 2), (2, 9));
    let mut desk: Desk<()> = Desk { places: 1, ..Desk::default() };
    let a = tenant("a");
    for _ in 0..3 {
        let _ = desk.enter(&a, &bounds, || ());
    }
    let second = Duration::from_secs(1);
    let shed = desk.standing(&a).shed(ShedReason::TenantQueue, &bounds, second, (90, 100));
    assert_eq!(
        shed.hit.map(|hit| hit.to_string()).unwrap(),
        "admission.tenant_queued: 2 of 2; own running 1, own waiting 2, result bytes 90, \
         result bytes max 100"
    );
    assert_eq!(shed.wait, Some(3 * second), "two before it, one at once");
    let late = desk.standing(&tenant("b")).shed(ShedReason::QueueTimeout, &bounds, second, (9, 9));
    let late = late.hit.unwrap();
    assert_eq!((late.budget, late.used, late.limit), ("admission.replica_concurrent", 1, 1));
}

#[test]
fn a_tenants_bounds_are_its_own_fault_and_the_replicas_are_ours() {
    let bounds = bounds((1, 1), (2, 2));
    let mut desk = Desk { places: bounds.replica_concurrent, ..Desk::default() };
    let (a, b, c) = (tenant("a"), tenant("b"), tenant("c"));
    assert_eq!(desk.enter(&a, &bounds, || "a1"), Answer::Run);
    assert!(matches!(desk.enter(&a, &bounds, || "a2"), Answer::Wait(_)));
    assert_eq!(desk.enter(&a, &bounds, || "a3"), Answer::Shed(ShedReason::TenantQueue));
    assert_eq!(desk.enter(&b, &bounds, || "b1"), Answer::Run);
    assert!(matches!(desk.enter(&c, &bounds, || "c1"), Answer::Wait(_)));
    assert_eq!(desk.enter(&b, &bounds, || "b2"), Answer::Shed(ShedReason::ReplicaQueue));
    // b's place goes to c: a has its one running.
    assert_eq!(free(&mut desk, &b, &bounds).map(|(_, w)| w), Some("c1"));
    assert_eq!(free(&mut desk, &a, &bounds).map(|(_, w)| w), Some("a2"));
    assert_eq!(free(&mut desk, &a, &bounds), None);
    assert_eq!(free(&mut desk, &c, &bounds), None);
    assert!(desk.tenants.is_empty() && desk.ring.is_empty());
}

#[test]
fn a_late_waiter_was_held_by_its_own_tenant_or_by_the_replica() {
    let bounds = bounds((2, 9), (3, 9));
    let mut desk: Desk<()> = Desk { places: bounds.replica_concurrent, ..Desk::default() };
    let (a, b, c) = (tenant("a"), tenant("b"), tenant("c"));
    for _ in 0..3 {
        let _ = desk.enter(&a, &bounds, || ());
    }
    assert_eq!((desk.running, desk.queued), (2, 1));
    assert_eq!(desk.late(&a, &bounds), ShedReason::TenantQueueTimeout, "a place is free");
    let _ = desk.enter(&b, &bounds, || ());
    assert!(matches!(desk.enter(&c, &bounds, || ()), Answer::Wait(_)));
    assert_eq!(desk.late(&c, &bounds), ShedReason::QueueTimeout, "nothing of its own runs");
    assert!(matches!(desk.enter(&b, &bounds, || ()), Answer::Wait(_)));
    assert_eq!(desk.late(&b, &bounds), ShedReason::QueueTimeout, "it may have one more");
    assert_eq!(desk.late(&a, &bounds), ShedReason::TenantQueueTimeout);
}

#[test]
fn tenants_take_turns() {
    let bounds = bounds((9, 9), (1, 99));
    let mut desk = Desk { places: bounds.replica_concurrent, ..Desk::default() };
    let (a, b) = (tenant("a"), tenant("b"));
    assert_eq!(desk.enter(&a, &bounds, || "a0"), Answer::Run);
    for name in ["a1", "a2", "a3"] {
        let _ = desk.enter(&a, &bounds, || name);
    }
    let _ = desk.enter(&b, &bounds, || "b1");
    let mut order = Vec::new();
    let mut running = a.clone();
    while let Some((next, name)) = free(&mut desk, &running, &bounds) {
        order.push(name);
        running = next;
    }
    assert_eq!(order, ["a1", "b1", "a2", "a3"]);
}

proptest! {
    /// Whatever happens, the counts agree with a plain list, bounds hold, and no place stays free
    /// while somebody who could have it waits.
    #[test]
    fn counts_and_bounds_hold(steps in prop::collection::vec((0usize..4, 0usize..3), 1..200)) {
        let bounds = bounds((2, 3), (3, 5));
        let names = [tenant("a"), tenant("b"), tenant("c")];
        let mut desk: Desk<()> = Desk { places: bounds.replica_concurrent, ..Desk::default() };
        let mut running: Vec<usize> = Vec::new();
        let mut waiting: Vec<(usize, u64)> = Vec::new();
        for (action, who) in steps {
            match action {
                0 | 1 => match desk.enter(&names[who], &bounds, || ()) {
                    Answer::Run => running.push(who),
                    Answer::Wait(ticket) => waiting.push((who, ticket)),
                    Answer::Shed(_) => {}
                },
                2 => if let Some(at) = running.iter().position(|other| *other == who) {
                    running.remove(at);
                    if let Some((next, ())) = free(&mut desk, &names[who], &bounds) {
                        let next = names.iter().position(|name| *name == next).unwrap();
                        let first = waiting.iter().position(|(other, _)| *other == next).unwrap();
                        waiting.remove(first);
                        running.push(next);
                    }
                },
                _ => if let Some(at) = waiting.iter().position(|(other, _)| *other == who) {
                    let (_, ticket) = waiting.remove(at);
                    desk.give_up(&names[who], ticket);
                },
            }
            prop_assert_eq!((desk.running, desk.queued), (running.len(), waiting.len()));
            prop_assert!(running.len() <= 3 && waiting.len() <= 5);
            for who in 0..3 {
                let runs = running.iter().filter(|other| **other == who).count();
                let waits = waiting.iter().filter(|(other, _)| *other == who).count();
                prop_assert!(runs <= 2 && waits <= 3);
                prop_assert!(waits == 0 || runs == 2 || running.len() == 3, "a place stays free");
            }
        }
    }
}
