//! Boots: what is loaded, what fails, what is remembered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bson::doc;
use hypervisor::{Interrupt, Settings, State, TablesPolicy};
use model::{Error, ErrorCode};

use crate::stage::{Answer, TestSink, boots, lazy, stage, stage_with, tenant, within};

#[tokio::test]
async fn the_first_query_boots_and_the_second_finds_it_warm() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.populate("y", 5);
    let first = stage.query("x", "SELECT sum(v) FROM a").await.unwrap();
    let second = stage.query("x", "SELECT count(*) FROM a").await.unwrap();
    assert_eq!((first.rows, second.rows), (vec!["6".to_owned()], vec!["3".to_owned()]));
    let (first, second) = (first.opened.unwrap(), second.opened.unwrap());
    assert!(first.cold && !second.cold);
    assert_eq!((first.generation, first.as_of.0), (1000, 1000));
    assert_eq!(boots(&stage, "x"), 1);
    assert_eq!(stage.events.count("published:1:x"), 1, "only the table asked for");
    assert_eq!(stage.rows("y", "SELECT count(*) FROM a").await, ["5"]);
}

#[tokio::test]
async fn the_rest_follows_in_the_background() {
    let stage = stage(Settings { tables: TablesPolicy::OnDemand, ..lazy() }).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    stage.events.saw("finished:boot:x", 1).await;
    let status = stage.hypervisor.instance(&tenant("x")).await.unwrap();
    assert_eq!((status.state, status.tables.len(), status.rows), (State::Live, 2, 4));
    let opens = stage.source.opens.load(Ordering::SeqCst);
    assert_eq!(stage.rows("x", "SELECT s FROM b").await, ["s of x"]);
    assert_eq!(stage.source.opens.load(Ordering::SeqCst), opens, "no further load");
}

#[tokio::test]
async fn all_tables_before_the_first_answer() {
    let stage = stage(Settings { tables: TablesPolicy::All, ..lazy() }).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1").await;
    assert_eq!(stage.events.count("published:2:x"), 1);
}

#[tokio::test]
async fn a_large_tenant_streams_and_its_tables_come_as_they_are_whole() {
    let stage = stage(Settings { tables: TablesPolicy::OnDemand, ..lazy() }).await;
    stage.populate("x", 20_000);
    let door = stage.source.door("a");
    door.shut();
    // b is whole long before a, whose batches stand at the door.
    let large = stage.begin("x", "SELECT count(*), sum(v) FROM a");
    door.arrived(1).await;
    door.admit(30);
    door.arrived(31).await;
    door.open();
    assert_eq!(large.await.unwrap().unwrap().rows, ["20000|399980000"]);
    stage.events.saw("finished:boot:x", 1).await;
    assert_eq!(stage.rows("x", "PRAGMA integrity_check").await, ["ok"]);
}

#[tokio::test]
async fn a_small_table_does_not_wait_for_a_large_one() {
    let stage = stage(Settings { tables: TablesPolicy::OnDemand, ..lazy() }).await;
    stage.populate("x", 20_000);
    let door = stage.source.door("a");
    door.shut();
    assert_eq!(stage.rows("x", "SELECT s FROM b").await, ["s of x"]);
    door.arrived(1).await;
    // While the large one is under way in the background, it can be waited for.
    let large = stage.begin("x", "SELECT count(*) FROM a JOIN b");
    door.open();
    assert_eq!(large.await.unwrap().unwrap().rows, ["20000"]);
    stage.events.saw("finished:boot:x", 1).await;
    assert_eq!(stage.rows("x", "PRAGMA integrity_check").await, ["ok"]);
}

#[tokio::test]
async fn who_waits_does_not_stand_behind_background_loads() {
    let settings = Settings { tables: TablesPolicy::OnDemand, concurrent_boots: 2, ..lazy() };
    let stage = stage(settings).await;
    stage.populate("x", 3);
    stage.populate("y", 3);
    let door = stage.source.door("b");
    door.shut();
    stage.rows("x", "SELECT 1 FROM a").await;
    // The rest of x has the one background turn, and stands.
    within(door.arrived(1)).await.unwrap();
    stage.rows("y", "SELECT 1 FROM a").await;
    let wanted = stage.begin("y", "SELECT s FROM b");
    within(door.arrived(2)).await.unwrap();
    door.open();
    assert_eq!(wanted.await.unwrap().unwrap().rows, ["s of y"]);
}

#[tokio::test]
async fn a_failed_boot_is_told_to_all_remembered_briefly_and_forgotten() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    *stage.source.fails.lock().unwrap() =
        Some(Error::new(ErrorCode::SourceUnavailable, "down; try later"));
    let (one, two) = (stage.begin("x", "SELECT 1 FROM a"), stage.begin("x", "SELECT 2 FROM a"));
    stage.waiting("x", 2).await;
    stage.source.at_open.open();
    for query in [one, two] {
        assert_eq!(query.await.unwrap().unwrap_err().code, ErrorCode::SourceUnavailable);
    }
    assert_eq!(boots(&stage, "x"), 1);
    let status = stage.hypervisor.instance(&tenant("x")).await.unwrap();
    assert_eq!(status.state, State::Failed);
    // Remembered: no boot is tried.
    *stage.source.fails.lock().unwrap() = None;
    let error = stage.query("x", "SELECT 1 FROM a").await.unwrap_err();
    assert_eq!((error.code, error.retry_after.is_some()), (ErrorCode::SourceUnavailable, true));
    assert_eq!(boots(&stage, "x"), 1);
    // Forgotten.
    stage.runtime.advance(Duration::from_millis(101));
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    assert_eq!(boots(&stage, "x"), 2);
}

#[tokio::test]
async fn tenants_that_failed_together_do_not_come_back_together() {
    let stage = stage(lazy()).await;
    *stage.source.fails.lock().unwrap() = Some(Error::new(ErrorCode::SourceUnavailable, "down"));
    let mut waits = Vec::new();
    for name in ["x", "y", "z"] {
        stage.query(name, "SELECT 1 FROM a").await.unwrap_err();
        let status = stage.hypervisor.instance(&tenant(name)).await.unwrap();
        waits.push(status.failure.unwrap().retry_in);
    }
    let (least, most) = (Duration::from_millis(75), Duration::from_millis(100));
    assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{waits:?}");
    waits.dedup();
    assert_eq!(waits.len(), 3, "{waits:?}");
}

#[tokio::test]
async fn a_panic_in_a_boot_is_caught_and_the_slot_recovers() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.panics.store(true, Ordering::SeqCst);
    let error = stage.query("x", "SELECT 1 FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    assert_eq!(stage.events.count("panicked:load"), 1);
    stage.source.panics.store(false, Ordering::SeqCst);
    stage.runtime.advance(Duration::from_secs(1));
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
}

#[tokio::test]
async fn a_boot_beyond_its_wait_goes_on() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.at_open.shut();
    let answer = std::sync::Arc::<std::sync::Mutex<Answer>>::default();
    let sink = TestSink { answer: std::sync::Arc::clone(&answer), hold: None };
    let request = stage.request("x", "SELECT count(*) FROM a");
    let query = stage.hypervisor.query(request, Box::new(sink), Interrupt::new());
    let too_long = async {
        stage.waiting("x", 1).await;
        stage.runtime.advance(Duration::from_secs(31));
    };
    let (outcome, ()) = tokio::join!(query, too_long);
    let error = outcome.unwrap_err();
    assert_eq!((error.code, error.retry_after.is_some()), (ErrorCode::InstanceBooting, true));
    let spent = answer.lock().unwrap().spent;
    assert_eq!(spent.boot, Duration::from_secs(31), "told though it never ran");
    stage.source.at_open.open();
    stage.events.saw("finished:boot:x", 1).await;
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    assert_eq!(boots(&stage, "x"), 1);
}

#[tokio::test]
async fn a_strangers_document_stops_the_boot_and_nothing_is_kept() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.put("a", [doc! {"_id": 99, "t": "stray", "v": 1}]);
    let error = stage.query("x", "SELECT * FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Internal);
    assert!(!error.message.contains("99") && error.internal.unwrap().contains("99"));
    assert_eq!(stage.hypervisor.instance(&tenant("x")).await.unwrap().state, State::Failed);
    assert_eq!(stage.hypervisor.usage().budget_used, 0);
}

#[tokio::test]
async fn what_is_not_verified_is_not_shown() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.unverified.store(true, Ordering::SeqCst);
    let error = stage.query("x", "SELECT * FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    assert_eq!(stage.events.count("published:1:x"), 0);
}

#[tokio::test]
async fn an_unknown_tenant_is_not_found_and_not_kept() {
    let catalog = format!(
        "tenants = {{ collection = \"customers\", key = \"_id\" }}\n{}",
        crate::stage::CATALOG
    );
    let stage = stage_with(&catalog, lazy()).await;
    *stage.source.tenants.lock().unwrap() = Some(vec!["x".to_owned()]);
    stage.populate("x", 3);
    for _ in 0..2 {
        let error = stage.query("y", "SELECT 1 FROM a").await.unwrap_err();
        assert_eq!(error.code, ErrorCode::TenantNotFound);
    }
    let error = stage.hypervisor.schema(&tenant("z")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TenantNotFound);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
}

#[tokio::test]
async fn values_that_do_not_fit_untype_a_column_and_conflicts_demote_the_key() {
    for rows in [3, 20_000] {
        let stage = stage(lazy()).await;
        stage.populate("x", rows);
        stage.source.put("a", [doc! {"_id": 0, "t": "x", "v": "00123"}]);
        let sql = "SELECT count(*), sum(v = '00123') FROM a";
        assert_eq!(stage.rows("x", sql).await, [format!("{}|1", rows + 1)]);
        stage.events.saw("finished:boot:x:reloads=1", 1).await;
        let schema = stage.hypervisor.schema(&tenant("x")).await.unwrap();
        let table = schema.tables[0].loaded.clone().unwrap();
        assert_eq!((table.untyped, table.demoted_key), (vec![1], true));
        assert_eq!(table.report.columns[1].strays.len(), 1);
        assert_eq!(stage.rows("x", "PRAGMA integrity_check").await, ["ok"]);
    }
}

#[tokio::test]
async fn a_tenant_larger_than_its_bound_fails_alone() {
    let stage = stage(Settings { bytes_max: 200_000, ..lazy() }).await;
    stage.populate("large", 20_000);
    stage.populate("small", 3);
    let error = stage.query("large", "SELECT count(*) FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InstanceTooLarge);
    assert_eq!(stage.rows("small", "SELECT count(*) FROM a").await, ["3"]);
}

#[tokio::test]
async fn looking_never_boots() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let status = stage.hypervisor.instance(&tenant("x")).await.unwrap();
    assert_eq!((status.state, status.price.unwrap().documents), (State::Vacant, 4));
    let schema = stage.hypervisor.schema(&tenant("x")).await.unwrap();
    assert!(schema.tables.iter().all(|table| table.loaded.is_none()));
    assert_eq!(stage.source.opens.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn bad_sql_is_told_even_to_a_cold_tenant() {
    let stage = stage(lazy()).await;
    let error = stage.query("x", "SELEC 1").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SqlError);
}
