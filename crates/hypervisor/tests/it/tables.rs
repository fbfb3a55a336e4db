//! Tables on demand: restarts before the first byte, lost points in time, shared tables.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bson::doc;
use hypervisor::Settings;
use model::ErrorCode;

use crate::stage::{lazy, stage, tenant};

#[tokio::test]
async fn a_table_needed_later_is_read_at_the_same_point_in_time() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    let first = stage.query("x", "SELECT 1 FROM a").await.unwrap().opened.unwrap();
    stage.source.mark.store(9000, Ordering::SeqCst);
    let sql = "CREATE TEMP TABLE n AS SELECT 1; SELECT 1 FROM a; SELECT s FROM b";
    let second = stage.query("x", sql).await.unwrap();
    assert_eq!(second.rows, ["s of x"]);
    let second = second.opened.unwrap();
    assert_eq!((first.generation, second.generation), (1000, 1000));
    assert!(second.cold);
    assert_eq!(stage.events.count("finished:grow:x"), 1);
}

#[tokio::test]
async fn a_whole_database_pragma_needs_every_table() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    assert_eq!(stage.rows("x", "PRAGMA integrity_check").await, ["ok"]);
    assert_eq!(stage.hypervisor.instance(&tenant("x")).await.unwrap().tables.len(), 2);
}

#[tokio::test]
async fn a_table_asked_for_too_late_brings_a_new_generation_with_all_there_was() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    stage.source.forgets_points.store(true, Ordering::SeqCst);
    stage.source.mark.store(9000, Ordering::SeqCst);
    stage.source.put("a", [doc! {"_id": 100, "t": "x", "v": 1}]);
    let answer = stage.query("x", "SELECT count(*), max(s) FROM a JOIN b").await.unwrap();
    assert_eq!(answer.rows, ["4|s of x"]);
    assert_eq!(answer.opened.unwrap().generation, 9000);
    assert_eq!(stage.events.count("point_lost:x"), 1);
}

#[tokio::test]
async fn a_rebuilt_collection_costs_a_boot_another_read_and_nobody_an_error() {
    let stage = stage(lazy()).await;
    for (tenant, rows) in [("x", 3), ("y", 3000)] {
        stage.populate(tenant, rows);
        stage.source.rebuilds.store(2, Ordering::SeqCst);
        let sql = "SELECT count(*) FROM a";
        assert_eq!(stage.rows(tenant, sql).await, [rows.to_string()]);
        assert_eq!(stage.events.count(&format!("point_lost:{tenant}")), 2);
        // Told after whoever waits for the rows.
        stage.events.saw(&format!("finished:boot:{tenant}"), 1).await;
    }
    // Without end: that is an error, and the next boot is another.
    stage.populate("z", 3);
    stage.source.rebuilds.store(3, Ordering::SeqCst);
    let error = stage.query("z", "SELECT count(*) FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    stage.runtime.advance(Duration::from_secs(5));
    assert_eq!(stage.rows("z", "SELECT count(*) FROM a").await, ["3"]);
}

#[tokio::test]
async fn tables_that_nobody_waits_for_do_not_bring_what_is_there_anew() {
    let settings = Settings { tables: hypervisor::TablesPolicy::OnDemand, ..lazy() };
    let stage = stage(settings).await;
    stage.populate("x", 3);
    let door = stage.source.door("b");
    door.shut();
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    door.arrived(1).await;
    stage.source.rebuilds.store(1, Ordering::SeqCst);
    door.open();
    stage.events.saw("finished:boot:x", 1).await;
    assert_eq!(
        (stage.events.count("point_lost:x"), stage.source.opens.load(Ordering::SeqCst)),
        (1, 1)
    );
    // Who asks for them gets all of a new point, since the old one is known to be lost.
    stage.source.mark.store(2000, Ordering::SeqCst);
    let answer = stage.query("x", "SELECT count(*), max(s) FROM a JOIN b").await.unwrap();
    assert_eq!(answer.rows, ["3|s of x"]);
    assert_eq!(answer.opened.unwrap().generation, 2000);
    assert_eq!(stage.source.opens.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_source_that_knows_its_size_says_what_to_expect_from_the_start() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    stage.source.knows.store(true, Ordering::SeqCst);
    let door = stage.source.door("a");
    door.shut();
    let asking = stage.begin("x", "SELECT count(*) FROM a");
    door.arrived(1).await;
    let progress = stage.hypervisor.instance(&tenant("x")).await.unwrap().progress.unwrap();
    assert_eq!((progress.documents, progress.documents_expected), (0, Some(3)));
    door.open();
    asking.await.unwrap().unwrap();
}

#[tokio::test]
async fn small_pages_are_left_when_a_large_table_follows() {
    let stage = stage(lazy()).await;
    stage.populate("x", 20_000);
    stage.rows("x", "SELECT s FROM b").await;
    assert_eq!(stage.rows("x", "PRAGMA page_size").await, ["1024"]);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["20000"]);
    assert_eq!(stage.rows("x", "PRAGMA page_size").await, ["4096"]);
    assert_eq!(stage.rows("x", "SELECT s FROM b").await, ["s of x"]);
}

#[tokio::test]
async fn shared_tables_are_loaded_once_for_all_tenants() {
    let stage = stage(lazy()).await;
    for name in ["x", "y"] {
        stage.populate(name, 3);
    }
    stage.source.put("models", [doc! {"_id": 1, "maker": "Acme"}]);
    let sql = "SELECT maker FROM a JOIN models USING (id)";
    assert_eq!(stage.rows("x", sql).await, ["Acme"]);
    stage.source.mark.store(5000, Ordering::SeqCst);
    let y = stage.query("y", sql).await.unwrap();
    assert_eq!(y.rows, ["Acme"]);
    assert_eq!(y.opened.unwrap().as_of.0, 1000, "the oldest of what it read");
    let plain = stage.query("y", "SELECT id FROM a LIMIT 1").await.unwrap();
    assert_eq!(plain.opened.unwrap().as_of.0, 5000, "it read no shared table");
    assert_eq!(stage.events.count("started:boot:shared"), 1);
    assert_eq!(stage.rows("x", sql).await, ["Acme"]);
    let error = stage.query("x", "DELETE FROM shared.models").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SqlNotAllowed);
}

#[tokio::test]
async fn what_a_request_writes_is_gone_with_it() {
    let stage = stage(lazy()).await;
    stage.populate("x", 3);
    assert_eq!(stage.rows("x", "DELETE FROM a; SELECT count(*) FROM a").await, ["0"]);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    stage.runtime.advance(Duration::from_secs(1));
}

#[tokio::test]
async fn a_table_joined_by_a_column_name_alone_is_seen() {
    for sql in [
        "SELECT s FROM a JOIN b USING (id)",
        "SELECT s FROM b NATURAL JOIN A",
        "CREATE TEMP VIEW w AS SELECT s FROM \"a\" JOIN b USING (id); SELECT * FROM w",
        "SELECT (SELECT 1); SELECT s FROM a Natural Join b",
    ] {
        let stage = stage(lazy()).await;
        stage.populate("x", 3);
        assert_eq!(stage.rows("x", sql).await, ["s of x"], "{sql}");
        // The same with one of the two there already.
        stage.populate("y", 3);
        stage.rows("y", "SELECT s FROM b").await;
        assert_eq!(stage.rows("y", sql).await, ["s of y"], "{sql}");
    }
}

#[tokio::test]
async fn a_query_over_its_temp_bytes_fails_alone() {
    let stage = stage(Settings { temp_bytes_max: 1 << 20, ..lazy() }).await;
    stage.populate("x", 3);
    let hungry = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500000) \
                  SELECT i, printf('%050d', i) FROM n ORDER BY 2 DESC LIMIT 1 OFFSET 400000";
    let sql = format!("CREATE TEMP TABLE big AS {hungry}; SELECT count(*) FROM big");
    let table = "CREATE TEMP TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 \
                 FROM n LIMIT 100000) SELECT printf('%050d', i) AS x FROM n; SELECT count(*) FROM t";
    for sql in [sql.as_str(), table] {
        let error = stage.query("x", sql).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::QueryMemoryExceeded, "{sql}");
    }
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
}
