//! Two things at once: the order is decided by doors, not by luck.

use std::time::Duration;

use engine::Interrupt;
use hypervisor::{BootRequested, CloseRequested, State};
use model::ErrorCode;

use crate::stage::{TestSink, boots, lazy, stage, tenant, within};

#[tokio::test]
async fn two_first_queries_boot_once() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    let (one, two) = (stage.begin("x", "SELECT 1 FROM a"), stage.begin("x", "SELECT s FROM b"));
    stage.waiting("x", 2).await;
    stage.source.at_open.open();
    assert_eq!(one.await.unwrap().unwrap().rows.len(), 3);
    assert_eq!(two.await.unwrap().unwrap().rows, ["s of x"]);
    assert_eq!(boots(&stage, "x"), 1);
}

#[tokio::test]
async fn sixteen_threads_boot_once_each_tenant() {
    let stage = stage(lazy()).await;
    for name in ["p", "q", "r", "s"] {
        stage.populate(name, 50);
    }
    let queries: Vec<_> = (0..64)
        .map(|i| stage.begin(["p", "q", "r", "s"][i % 4], "SELECT count(*) FROM a"))
        .collect();
    for query in queries {
        assert_eq!(query.await.unwrap().unwrap().rows, ["50"]);
    }
    for name in ["p", "q", "r", "s"] {
        assert_eq!(boots(&stage, name), 1);
    }
}

#[tokio::test]
async fn a_boot_goes_on_while_somebody_waits_and_stops_when_nobody_does() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    let (one, two) = (stage.begin("x", "SELECT 1 FROM a"), stage.begin("x", "SELECT 1 FROM a"));
    stage.waiting("x", 2).await;
    one.abort();
    stage.waiting("x", 1).await;
    assert_eq!(stage.events.count("stopped:boot:x"), 0);
    two.abort();
    stage.events.saw("stopped:boot:x", 1).await;
    stage.source.at_open.open();
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    assert_eq!(boots(&stage, "x"), 2);
}

#[tokio::test]
async fn a_large_boot_that_nobody_waits_for_gives_its_memory_back() {
    let stage = stage(lazy()).await;
    stage.populate("x", 20_000);
    let door = stage.source.door("a");
    door.shut();
    door.admit(20);
    let query = stage.begin("x", "SELECT 1 FROM a");
    within(door.arrived(21)).await.unwrap();
    query.abort();
    stage.events.saw("stopped:boot:x", 1).await;
    let freed = async {
        while stage.hypervisor.usage().budget_used > 0 {
            tokio::task::yield_now().await;
        }
    };
    within(freed).await.expect("the memory comes back");
}

#[tokio::test]
async fn a_boot_asked_for_goes_on_without_waiters() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    let x = tenant("x");
    assert_eq!(stage.hypervisor.boot(&x).await.unwrap(), BootRequested::Started);
    let query = stage.begin("x", "SELECT 1 FROM a");
    stage.waiting("x", 1).await;
    query.abort();
    stage.waiting("x", 0).await;
    assert_eq!(stage.hypervisor.boot(&x).await.unwrap(), BootRequested::Started);
    stage.source.at_open.open();
    stage.events.saw("finished:boot:x", 1).await;
    assert_eq!(stage.hypervisor.boot(&x).await.unwrap(), BootRequested::AlreadyLive);
    assert_eq!(stage.hypervisor.instance(&x).await.unwrap().tables.len(), 2);
}

#[tokio::test]
async fn a_close_during_a_boot_stops_it_and_waiters_get_a_new_one() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    let query = stage.begin("x", "SELECT count(*) FROM a");
    stage.source.at_open.arrived(1).await;
    assert_eq!(stage.hypervisor.close(&tenant("x")).await.unwrap(), CloseRequested::Closing);
    stage.events.saw("stopped:boot:x", 1).await;
    stage.source.at_open.open();
    assert_eq!(query.await.unwrap().unwrap().rows, ["3"]);
    assert_eq!(boots(&stage, "x"), 2);
}

/// A slow reader may hold its lease for minutes: nobody else has to wait for it.
#[tokio::test]
async fn a_close_leaves_leases_their_copy_and_newcomers_get_one_of_their_own() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let (held, go) = stage.hold("x", "SELECT id FROM a").await;
    let x = tenant("x");
    assert_eq!(stage.hypervisor.close(&x).await.unwrap(), CloseRequested::Closing);
    assert_eq!(stage.hypervisor.instance(&x).await.unwrap().state, State::Closing);
    assert_eq!(stage.events.count("closed:x"), 0, "it is there for its lease");

    stage.populate("x", 5);
    let answer = stage.query("x", "SELECT count(*) FROM a").await.unwrap();
    assert_eq!(answer.rows, ["8"]);
    assert!(answer.opened.unwrap().generation > 1000, "a copy of its own");
    assert_eq!((stage.events.count("closed:x"), boots(&stage, "x")), (1, 2));

    go.send(()).unwrap();
    assert_eq!(held.await.unwrap().unwrap().rows.len(), 3, "its own copy, to its end");
    assert_eq!(stage.hypervisor.instance(&x).await.unwrap().state, State::Live);
    assert_eq!(stage.events.count("closed:x"), 1);
}

#[tokio::test]
async fn a_boot_may_be_asked_for_while_an_instance_closes() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let (held, go) = stage.hold("x", "SELECT id FROM a").await;
    let x = tenant("x");
    assert_eq!(stage.hypervisor.close(&x).await.unwrap(), CloseRequested::Closing);
    assert_eq!(stage.hypervisor.boot(&x).await.unwrap(), BootRequested::Started);
    stage.events.saw("finished:boot:x", 2).await;
    go.send(()).unwrap();
    assert_eq!(held.await.unwrap().unwrap().rows.len(), 3);
}

#[tokio::test]
async fn closing_what_is_not_there_is_no_work_and_asking_too_often_is_refused() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let x = tenant("x");
    assert_eq!(stage.hypervisor.close(&x).await.unwrap(), CloseRequested::Vacant);
    let mut refused = 0;
    for _ in 0..20 {
        stage.rows("x", "SELECT 1 FROM a").await;
        match stage.hypervisor.close(&x).await {
            Ok(outcome) => assert_eq!(outcome, CloseRequested::Closing),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::TenantBusy);
                let hit = error.hit.expect("which budget");
                assert_eq!((hit.budget, hit.used, hit.limit), ("orders", 10, 10));
                assert_eq!(hit.by, [("own_orders", 10)]);
                assert!(error.retry_after > Some(Duration::from_secs(1)), "as long as it takes");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 10);
    stage.runtime.advance(Duration::from_secs(3));
    assert_eq!(stage.hypervisor.close(&x).await.unwrap(), CloseRequested::Closing);
}

#[tokio::test]
async fn a_caller_that_leaves_interrupts_its_query() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                   SELECT count(*) FROM n";
    let interrupt = Interrupt::new();
    let sink = TestSink { answer: std::sync::Arc::default(), hold: None };
    let query =
        stage.hypervisor.query(stage.request("x", endless), Box::new(sink), interrupt.clone());
    {
        let mut query = std::pin::pin!(query);
        let started = async {
            while stage.hypervisor.usage().running == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut query => panic!("endless"),
            () = started => {}
        }
    }
    assert!(interrupt.reason().is_some());
    assert_eq!(stage.events.count("query:gone:x"), 1);
    let idle = async {
        while stage.hypervisor.usage().running > 0 {
            tokio::task::yield_now().await;
        }
    };
    within(idle).await.expect("the thread is free again");
}
