//! Boot storms: thousands of cold tenants at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bson::doc;
use hypervisor::{AdmissionSettings, Settings};
use model::{Catalog, Clock, Error, ErrorCode};
use source::dump::DumpSource;
use source::dump::write::DumpWriter;

use crate::stage::{Answer, CATALOG, FakeSource, Stage, lazy, stage, stage_on, tenant};

const TENANTS: usize = 2_000;
/// What reading a tenant takes, by the source's own clock.
const BOOT: Duration = Duration::from_millis(100);
const SQL: &str = "SELECT id FROM a";

fn name(n: usize) -> String {
    format!("t{n:04}")
}

async fn stormy(replica_queued: usize) -> Stage {
    let admission = AdmissionSettings { replica_queued, ..AdmissionSettings::default() };
    let stage = stage(Settings { admission, ..lazy() }).await;
    let rows = (0..TENANTS as i64).map(|n| doc! {"_id": n, "t": format!("t{n:04}"), "v": n});
    stage.source.put("a", rows);
    *stage.source.slow.lock().unwrap() = Some((BOOT, Arc::clone(&stage.runtime)));
    stage
}

/// Moves the clock on whenever nothing else can happen, until `done`; each time the budget holds.
/// How many boots read at once, at most.
async fn weather(stage: &Stage, mut done: impl FnMut() -> bool) -> usize {
    let at_once = Settings::default().concurrent_boots;
    let (mut most, mut quiet) = (0, 0);
    while !done() {
        let begun = stage.source.opening.load(Ordering::SeqCst);
        let opening = begun - stage.source.opened.load(Ordering::SeqCst);
        let usage = stage.hypervisor.usage();
        assert!(usage.budget_used <= usage.budget_limit);
        most = most.max(opening);
        // All wait for the source, or for the time to come back.
        let still = usage.loads == opening as u64 && usage.running + usage.queued == 0;
        quiet = if still { quiet + 1 } else { 0 };
        if opening == at_once || quiet > 200 {
            stage.runtime.advance(BOOT);
            quiet = 0;
            while stage.source.opened.load(Ordering::SeqCst) < begun {
                tokio::task::yield_now().await;
            }
        }
        tokio::task::yield_now().await;
    }
    most
}

#[tokio::test]
async fn boots_start_in_order_and_the_last_is_served_in_time() {
    let stage = stormy(2 * TENANTS).await;
    // As many as may wait for their turn to read the source.
    let many = model::limits::BOOTS_QUEUED_MAX;
    let start = stage.runtime.monotonic();
    let mut queries: Vec<_> = Vec::new();
    for n in 0..many {
        queries.push(stage.begin(&name(n), SQL));
        // One after another: so they came.
        stage.events.saw(&format!("started:boot:{}", name(n)), 1).await;
    }
    let most = weather(&stage, || queries.iter().all(|query| query.is_finished())).await;
    let took = stage.runtime.monotonic().since(start);
    for (n, query) in queries.into_iter().enumerate() {
        assert_eq!(query.await.unwrap().unwrap().rows, [n.to_string()]);
    }
    let at_once = Settings::default().concurrent_boots;
    assert_eq!(most, at_once);
    let ideal = BOOT * u32::try_from(many).unwrap() / u32::try_from(at_once).unwrap();
    assert!(took <= ideal.mul_f64(1.2), "{took:?}, at best {ideal:?}");
    let scanned = stage.source.scanned.lock().unwrap().clone();
    assert_eq!(scanned.len(), many);
    for (place, who) in scanned.iter().enumerate() {
        let came: usize = who[1..].parse().unwrap();
        assert!(came.abs_diff(place) < 2 * at_once, "{who} was number {place}");
    }
}

/// Asks until it is answered, coming back when told to.
async fn insists(stage: &Stage, n: usize) -> (Answer, usize) {
    let mut shed = 0;
    loop {
        match stage.query(&name(n), SQL).await {
            Ok(answer) => return (answer, shed),
            Err(error) => {
                come_back(stage, &error).await;
                shed += 1;
            }
        }
    }
}

async fn come_back(stage: &Stage, error: &Error) {
    assert_eq!(error.code, ErrorCode::Overloaded, "{error}");
    let wait = error.retry_after.expect("when to come back");
    hypervisor::Runtime::sleep(&*stage.runtime, wait).await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test's own runtime")]
async fn two_thousand_at_once_are_answered_or_told_to_come_back() {
    let stage = Arc::new(stormy(AdmissionSettings::default().replica_queued).await);
    let start = stage.runtime.monotonic();
    let queries: Vec<_> = (0..TENANTS)
        .map(|n| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { insists(&stage, n).await })
        })
        .collect();
    weather(&stage, || queries.iter().all(|query| query.is_finished())).await;
    let took = stage.runtime.monotonic().since(start);
    let mut turned_away = 0;
    for (n, query) in queries.into_iter().enumerate() {
        let (answer, shed) = query.await.unwrap();
        assert_eq!(answer.rows, [n.to_string()]);
        turned_away += usize::from(shed > 0);
    }
    assert!(turned_away > 0, "more came than may wait");
    let at_once = u32::try_from(Settings::default().concurrent_boots).unwrap();
    let ideal = BOOT * u32::try_from(TENANTS).unwrap() / at_once;
    assert!(took <= ideal.mul_f64(1.2), "{took:?}, at best {ideal:?}");
    for n in 0..TENANTS {
        let _ = stage.hypervisor.close(&tenant(&name(n))).await;
    }
    stage.events.saw(&format!("closed:{}", name(TENANTS - 1)), 1).await;
}

/// A dump of tenants with a few documents each.
fn dumped(dir: &std::path::Path) -> DumpSource {
    let writer = DumpWriter::create(dir, "db").unwrap();
    for collection in ["a", "b", "models"] {
        let mut file = writer.collection(collection).unwrap();
        let tenants = if collection == "a" { TENANTS } else { 0 };
        for n in 0..tenants as i64 {
            for row in 0..3 {
                let document = doc! {"_id": n * 3 + row, "t": format!("t{n:04}"), "v": n};
                file.append(&document.to_vec().unwrap()).unwrap();
            }
        }
        file.finish(&[]).unwrap();
    }
    let catalog = Arc::new(Catalog::parse(CATALOG).unwrap());
    DumpSource::open(dir, Some(catalog), &mut |_| {}).unwrap()
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the test's own runtime")]
async fn a_dump_of_two_thousand_tenants_boots_at_once_within_a_small_budget() {
    let dir = tempfile::tempdir().unwrap();
    // Less than all instances take: those that are idle make room.
    let settings = Settings { budget_bytes: 5 << 20, kept_readers: 0, ..lazy() };
    let source = Arc::new(dumped(dir.path()));
    let stage = stage_on(Arc::new(FakeSource::default()), source, CATALOG, settings).await;
    let stage = Arc::new(stage);
    let queries: Vec<_> = (0..TENANTS)
        .map(|n| {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { insists(&stage, n).await.0 })
        })
        .collect();
    let all = async {
        let mut quiet = 0;
        while !queries.iter().all(|query| query.is_finished()) {
            let usage = stage.hypervisor.usage();
            assert!(usage.budget_used <= usage.budget_limit);
            // Nothing is under way: all who are left wait for the time to come back.
            let still = usage.loads + usage.running + usage.queued == 0;
            quiet = if still { quiet + 1 } else { 0 };
            if quiet > 200 {
                stage.runtime.advance(Duration::from_secs(1));
                quiet = 0;
            }
            tokio::task::yield_now().await;
        }
    };
    // Not a bound on how fast it is: only so that a hang is told.
    assert!(tokio::time::timeout(Duration::from_secs(300), all).await.is_ok(), "some hang");
    for (n, query) in queries.into_iter().enumerate() {
        let first = (n * 3).to_string();
        assert_eq!(query.await.unwrap().rows.first(), Some(&first));
    }
    let slots = stage.hypervisor.slots();
    assert!(slots.iter().map(|slot| slot.evictions).sum::<u64>() > 0, "some made room");
}
