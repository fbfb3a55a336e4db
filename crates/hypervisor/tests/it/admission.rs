//! Bounds on what is under way.

use std::time::Duration;

use hypervisor::{AdmissionSettings, Settings};
use model::ErrorCode;

use crate::stage::{Stage, lazy, stage, within};

async fn narrow() -> Stage {
    let admission = AdmissionSettings {
        tenant_concurrent: 1,
        tenant_queued: 1,
        replica_concurrent: 2,
        replica_queued: 2,
        queue_timeout: Duration::from_secs(5),
    };
    let stage = stage(Settings { admission, ..lazy() }).await;
    for name in ["x", "y", "z"] {
        stage.populate(name, 3);
        stage.rows(name, "SELECT 1 FROM a").await;
    }
    stage
}

async fn queued(stage: &Stage, n: u64) {
    let there = async {
        while stage.hypervisor.usage().queued != n {
            tokio::task::yield_now().await;
        }
    };
    within(there).await.unwrap_or_else(|| panic!("never {n} queued"));
}

#[tokio::test]
async fn a_tenants_queue_is_its_own_and_the_replicas_is_ours() {
    let stage = narrow().await;
    let (x, go_x) = stage.hold("x", "SELECT id FROM a").await;
    let x2 = stage.begin("x", "SELECT 2 FROM a");
    queued(&stage, 1).await;
    let error = stage.query("x", "SELECT 3 FROM a").await.unwrap_err();
    assert_eq!((error.code, error.retry_after.is_some()), (ErrorCode::TenantBusy, true));
    let hit = *error.hit.expect("which budget");
    assert_eq!((hit.budget, hit.used, hit.limit), ("admission.tenant_queued", 1, 1));
    assert_eq!(hit.by, [("own_running", 1), ("own_waiting", 1)]);
    let (y, go_y) = stage.hold("y", "SELECT id FROM a").await;
    let z = stage.begin("z", "SELECT 1 FROM a");
    queued(&stage, 2).await;
    let error = stage.query("y", "SELECT 3 FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Overloaded);
    let hit = *error.hit.expect("which budget");
    assert_eq!((hit.budget, hit.used, hit.limit), ("admission.replica_queued", 2, 2));
    assert_eq!(hit.by[..2], [("running", 2), ("waiting", 2)]);
    go_y.send(()).unwrap();
    y.await.unwrap().unwrap();
    z.await.unwrap().unwrap();
    go_x.send(()).unwrap();
    x.await.unwrap().unwrap();
    x2.await.unwrap().unwrap();
    assert_eq!((stage.hypervisor.usage().running, stage.hypervisor.usage().queued), (0, 0));
}

#[tokio::test]
async fn results_in_flight_leave_fewer_places() {
    let stage = narrow().await;
    let results = stage.hypervisor.results();
    // All of the bound is taken: one query runs at a time.
    let held = results.charge(results.limit()).expect("room");
    let (x, go_x) = stage.hold("x", "SELECT id FROM a").await;
    let y = stage.begin("y", "SELECT 2 FROM a");
    queued(&stage, 1).await;
    let late = stage.begin("z", "SELECT 1 FROM a");
    queued(&stage, 2).await;
    let error = stage.query("z", "SELECT 1 FROM a").await.unwrap_err();
    let hit = *error.hit.expect("which budget");
    assert!(hit.by.contains(&("result_bytes", results.limit())), "{hit}");
    // As results are read, places come back with the next query's end.
    drop(held);
    go_x.send(()).unwrap();
    x.await.unwrap().unwrap();
    y.await.unwrap().unwrap();
    late.await.unwrap().unwrap();
    assert_eq!(results.used(), 0);
}

#[tokio::test]
async fn time_spent_behind_ones_own_queries_is_the_tenants_fault() {
    let stage = narrow().await;
    let (x, go) = stage.hold("x", "SELECT id FROM a").await;
    let waits = stage.begin("x", "SELECT 2 FROM a");
    queued(&stage, 1).await;
    stage.runtime.advance(Duration::from_secs(6));
    // One of the replica's two places is free.
    let error = waits.await.unwrap().unwrap_err();
    assert_eq!((error.code, error.retry_after.is_some()), (ErrorCode::TenantBusy, true));
    queued(&stage, 0).await;
    go.send(()).unwrap();
    x.await.unwrap().unwrap();
}

#[tokio::test]
async fn time_spent_in_our_queue_is_our_fault_and_time_spent_running_is_not() {
    let stage = narrow().await;
    let (x, go_x) = stage.hold("x", "SELECT id FROM a").await;
    let (y, go_y) = stage.hold("y", "SELECT id FROM a").await;
    let waits = stage.begin("z", "SELECT 2 FROM a");
    queued(&stage, 1).await;
    stage.runtime.advance(Duration::from_secs(6));
    assert_eq!(waits.await.unwrap().unwrap_err().code, ErrorCode::Overloaded);
    queued(&stage, 0).await;
    go_x.send(()).unwrap();
    go_y.send(()).unwrap();
    x.await.unwrap().unwrap();
    y.await.unwrap().unwrap();
    let endless = stage.begin(
        "x",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    );
    let running = async {
        while stage.hypervisor.usage().running == 0 {
            tokio::task::yield_now().await;
        }
    };
    within(running).await.unwrap();
    stage.runtime.advance(Duration::from_secs(31));
    assert_eq!(endless.await.unwrap().unwrap_err().code, ErrorCode::QueryTimeout);
}

#[tokio::test]
async fn a_waiter_that_leaves_gives_its_place_up() {
    let stage = narrow().await;
    let (x, go) = stage.hold("x", "SELECT id FROM a").await;
    let waits = stage.begin("x", "SELECT 2 FROM a");
    queued(&stage, 1).await;
    waits.abort();
    queued(&stage, 0).await;
    go.send(()).unwrap();
    x.await.unwrap().unwrap();
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
}
