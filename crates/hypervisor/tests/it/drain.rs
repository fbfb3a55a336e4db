//! The end.

use std::time::Duration;

use hypervisor::{Readiness, State};
use model::{Clock, ErrorCode};

use crate::stage::{lazy, stage, within};

#[tokio::test]
async fn those_inside_finish_and_newcomers_are_refused() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let (held, go) = stage.hold("x", "SELECT id FROM a").await;
    let deadline = stage.runtime.monotonic().after(Duration::from_secs(10));
    let drained = stage.hypervisor.drain(deadline);
    let mut drained = std::pin::pin!(drained);
    tokio::select! {
        () = &mut drained => panic!("somebody is inside"),
        () = stage.events.saw("drain:background:true", 1) => {}
    }
    assert_eq!(stage.hypervisor.ready(), Readiness::Draining);
    let error = stage.query("x", "SELECT 1").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ShuttingDown);
    go.send(()).unwrap();
    within(drained).await.expect("drained");
    assert_eq!(held.await.unwrap().unwrap().rows.len(), 3);
    assert_eq!(stage.events.count("drain:requests:true"), 1);
    assert_eq!(stage.events.count("closing:drain:x"), 1);
    assert_eq!(stage.events.count("closed:x"), 1);
}

#[tokio::test]
async fn at_the_deadline_queries_are_interrupted_and_boots_stopped() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    let endless = stage.begin(
        "x",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    );
    stage.source.at_open.shut();
    let booting = stage.begin("y", "SELECT 1 FROM a");
    stage.waiting("y", 1).await;
    let running = async {
        while stage.hypervisor.usage().running == 0 {
            tokio::task::yield_now().await;
        }
    };
    within(running).await.unwrap();
    let deadline = stage.runtime.monotonic().after(Duration::from_secs(10));
    let drained = stage.hypervisor.drain(deadline);
    let mut drained = std::pin::pin!(drained);
    tokio::select! {
        () = &mut drained => panic!("somebody is inside"),
        () = stage.events.saw("drain:background:true", 1) => {}
    }
    // The boot has a waiter: until the deadline it goes on.
    assert_eq!(stage.events.count("stopped:boot:y"), 0);
    stage.runtime.advance(Duration::from_secs(11));
    within(drained).await.expect("drained");
    for query in [endless, booting] {
        assert_eq!(query.await.unwrap().unwrap_err().code, ErrorCode::ShuttingDown);
    }
    assert_eq!(stage.events.count("drain:requests:false"), 1);
    assert_eq!(stage.events.count("drain:interrupt:true"), 1);
    stage.events.saw("stopped:boot:y", 1).await;
    assert!(stage.hypervisor.slots().iter().all(|slot| slot.state == State::Vacant));
    assert_eq!(stage.hypervisor.usage().budget_used, 0);
}
