//! Who goes, and when: idleness, memory, and leases that forbid it.

use std::time::Duration;

use hypervisor::{AdmissionSettings, Settings, State};
use model::ErrorCode;

use crate::stage::{lazy, stage, tenant, within};

#[tokio::test]
async fn an_idle_instance_goes_a_leased_one_stays() {
    let stage = stage(Settings { idle_timeout: Duration::from_secs(10), ..lazy() }).await;
    stage.populate("x", 3);
    stage.populate("y", 3);
    stage.rows("y", "SELECT 1 FROM a").await;
    let (held, go) = stage.hold("x", "SELECT id FROM a").await;
    stage.runtime.advance(Duration::from_secs(11));
    stage.events.saw("closed:y", 1).await;
    assert_eq!(stage.events.count("closing:idle:y"), 1);
    assert_eq!(stage.hypervisor.instance(&tenant("x")).await.unwrap().state, State::Live);
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    // Idle only from here on; looking at it does not count as use.
    stage.runtime.advance(Duration::from_secs(9));
    assert_eq!(stage.hypervisor.instance(&tenant("x")).await.unwrap().state, State::Live);
    stage.runtime.advance(Duration::from_secs(2));
    stage.events.saw("closed:x", 1).await;
    assert_eq!(stage.hypervisor.usage().budget_used, 0);
    let slots = stage.hypervisor.slots();
    assert!(slots.iter().all(|slot| slot.state == State::Vacant && slot.evictions == 1));
}

#[tokio::test]
async fn memory_is_found_by_evicting_idle_instances() {
    let stage = stage(Settings { budget_bytes: 2 << 20, ..lazy() }).await;
    let names: Vec<String> = (0..12).map(|i| format!("t{i}")).collect();
    for name in &names {
        stage.populate(name, 40_000);
        assert_eq!(stage.rows(name, "SELECT count(*) FROM a").await, ["40000"]);
        // Only then does the slot know what the boot cost.
        stage.events.saw(&format!("finished:boot:{name}"), 1).await;
        stage.runtime.advance(Duration::from_secs(2));
    }
    let usage = stage.hypervisor.usage();
    assert!(usage.budget_used <= usage.budget_limit);
    assert_eq!(stage.events.count("closing:pressure:t0"), 1, "the longest idle one went");
    assert_eq!(stage.events.count("closing:pressure:t11"), 0);
    assert_eq!(stage.events.count("refault"), 0);
    assert_eq!(stage.rows("t0", "SELECT count(*) FROM a").await, ["40000"], "and came back");
    assert_eq!(stage.events.count("refault"), 1, "soon after, so memory is short");
}

#[tokio::test]
async fn who_comes_back_late_is_no_sign_of_short_memory() {
    let settings =
        Settings { budget_bytes: 2 << 20, idle_timeout: Duration::from_secs(3600), ..lazy() };
    let stage = stage(settings).await;
    for name in ["x", "y"] {
        stage.populate(name, 60_000);
        assert_eq!(stage.rows(name, "SELECT count(*) FROM a").await, ["60000"]);
        stage.events.saw(&format!("finished:boot:{name}"), 1).await;
        stage.runtime.advance(Duration::from_secs(2));
    }
    assert_eq!(stage.events.count("closing:pressure:x"), 1);
    stage.runtime.advance(Duration::from_millis(model::limits::REFAULT_MS + 1));
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["60000"]);
    assert_eq!(stage.events.count("refault"), 0);
}

#[tokio::test]
async fn without_anybody_to_evict_a_boot_is_shed_and_the_others_are_unharmed() {
    let hour = Duration::from_secs(3600);
    let admission = AdmissionSettings { queue_timeout: hour, ..AdmissionSettings::default() };
    let settings = Settings {
        budget_bytes: 3 << 19,
        boot_wait: hour,
        query_timeout: hour,
        admission,
        ..lazy()
    };
    let stage = stage(settings).await;
    stage.populate("x", 60_000);
    stage.populate("y", 85_000);
    let (x, go_x) = stage.hold("x", "SELECT id FROM a").await;
    let query = stage.begin("y", "SELECT count(*) FROM a");
    let mut query = std::pin::pin!(query);
    let outcome = loop {
        tokio::select! {
            outcome = &mut query => break outcome.unwrap(),
            () = tokio::task::yield_now() => stage.runtime.advance(Duration::from_millis(1)),
        }
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.code, ErrorCode::Overloaded);
    go_x.send(()).unwrap();
    assert_eq!(x.await.unwrap().unwrap().rows.len(), 60_000);
    stage.runtime.advance(Duration::from_secs(2));
    let later = within(stage.query("y", "SELECT count(*) FROM a")).await.unwrap();
    assert_eq!(later.unwrap().rows, ["85000"], "x made room");
}
