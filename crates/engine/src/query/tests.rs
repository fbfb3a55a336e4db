//! Tests of queries.

use model::{Account, ColumnType, ErrorCode, Monotonic, TableSet};

use std::time::Duration;

use super::*;
use crate::PageSize;
use crate::fixture::{Bench, DEVICES, Kept, READS, fleet, fleet_image, models_image};
use crate::{Blank, Part};

mod heap;
mod ordinary;
mod overdue;
mod pace;
mod panics;
mod steps;

pub(super) fn bench() -> Bench {
    Bench::new(fleet_image(PageSize::Tiny, &[0, 1]))
}

fn tables(numbers: &[usize]) -> TableSet {
    numbers.iter().copied().collect()
}

#[test]
fn rows_columns_and_what_the_catalog_knows_of_them() {
    let bench = bench();
    let mut kept = Kept::default();
    let sql = "SELECT d.id, price AS p, pages + 1, maker FROM devices d JOIN reads r ON device_id = d.id \
               JOIN models m ON m.id = d.model WHERE d.id = 'd0007' ORDER BY pages";
    let summary = bench.run(sql, &mut kept).unwrap();
    assert_eq!(kept.rows, ["d0007|1.75|8|Acme", "d0007|1.75|1008|Acme", "d0007|1.75|2008|Acme"]);
    assert_eq!((summary.rows, summary.cut, summary.changes), (3, None, None));
    assert_eq!(summary.as_of, Some(model::AsOf { time: model::Timestamp(7), exact: true }));
    let columns = kept.columns.unwrap();
    let types: Vec<_> = columns.iter().map(|c| (c.name.as_str(), c.column_type)).collect();
    let (text, decimal) = (Some(ColumnType::Text), Some(ColumnType::Decimal));
    assert_eq!(types, [("id", text), ("p", decimal), ("pages + 1", None), ("maker", text)]);
    let origin = columns[1].origin.as_ref().unwrap();
    assert_eq!((origin.table.as_str(), origin.column.as_str()), ("devices", "price"));
}

#[test]
fn kept_readers_answer_anew_and_go_with_their_image() {
    let mut bench = bench();
    let sql = "SELECT pages FROM reads WHERE device_id = ?1 ORDER BY 1 LIMIT 1";
    for n in [3, 5, 3] {
        bench.params = Params::Positional(vec![Value::Text(format!("d{n:04}"))]);
        assert_eq!(bench.rows(sql), [n.to_string()]);
        assert_eq!(bench.readers.len(), 1);
    }
    bench.params = Params::Positional(vec![]);
    assert_eq!(bench.error(sql).code, ErrorCode::RequestInvalid);
    bench.params = Params::None;
    bench.rows("SELECT 1; SELECT 2");
    bench.rows("CREATE TEMP TABLE x(a); SELECT * FROM x");
    bench.rows("PRAGMA case_sensitive_like = 1");
    assert_eq!(bench.rows("SELECT 'a' LIKE 'A'"), ["1"]);
    assert!(bench.readers.len() <= 1);
    bench.image = fleet_image(PageSize::Tiny, &[0]);
    assert_eq!(bench.readers.len(), 0);
}

#[test]
fn no_more_readers_are_kept_than_asked_for() {
    let mut benches = [bench(), bench(), bench()];
    benches[0].readers = Readers::new(2);
    let [first, second, third] = &mut benches;
    for other in [second, third] {
        std::mem::swap(&mut other.readers, &mut first.readers);
        other.rows("SELECT count(*) FROM devices");
        std::mem::swap(&mut other.readers, &mut first.readers);
    }
    assert_eq!(first.readers.len(), 2);
    for _ in 0..100 {
        first.rows("SELECT count(*) FROM devices");
    }
    assert_eq!(first.readers.len(), 2);
}

#[test]
fn all_parked_readers_can_be_closed_at_once() {
    let benches = [bench(), bench()];
    for bench in &benches {
        bench.rows("SELECT count(*) FROM devices");
    }
    benches[0].readers.clear();
    assert_eq!((benches[0].readers.len(), benches[1].readers.len()), (0, 1));
    benches[0].rows("SELECT count(*) FROM devices");
    assert_eq!(benches[0].readers.len(), 1);
}

#[test]
fn parameters_apply_to_every_statement() {
    let mut bench = bench();
    let named = |pairs: &[(&str, Value)]| {
        Params::Named(pairs.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect())
    };
    bench.params = named(&[("a", Value::Integer(1)), ("b", Value::Blob(vec![1, 2]))]);
    assert_eq!(bench.rows("SELECT :a; SELECT @a, $b, :a"), ["1|[1, 2]|1"]);
    assert_eq!(bench.error("SELECT :a").code, ErrorCode::RequestInvalid);
    assert_eq!(bench.error("SELECT :a, :b, :c").code, ErrorCode::RequestInvalid);
    bench.params = named(&[("7", Value::Real(0.5))]);
    assert_eq!(bench.rows("SELECT ?7"), ["0.5"]);
    bench.params = Params::Positional(vec![Value::Null, Value::Text("x\0y".to_owned())]);
    assert_eq!(bench.rows("SELECT ?, length(CAST(? AS BLOB))"), ["NULL|3"]);
    assert_eq!(
        bench.rows("CREATE TEMP TABLE t AS SELECT ?2 AS c; SELECT ?1, 1 FROM t"),
        ["NULL|1"]
    );
    assert_eq!(bench.error("SELECT ?").code, ErrorCode::RequestInvalid);
    assert_eq!(bench.error("SELECT ?, ?, ?").code, ErrorCode::RequestInvalid);
}

#[test]
fn errors_say_where_and_what_to_do() {
    let bench = bench();
    let cases = [
        (
            "SELECT 1;\n SELECT nmae, price FROM devices",
            ErrorCode::SqlError,
            "no such column: nmae",
            18,
        ),
        ("SELECT pirce FROM devices", ErrorCode::SqlError, "did you mean price?", 7),
        ("SELECT 1 FROM device", ErrorCode::SqlError, "did you mean devices?", 14),
        ("DROP TABLE devices; SELECT 1 FROM devices", ErrorCode::SqlError, "no such table", 34),
        ("SELECT 'ü', x FROM", ErrorCode::SqlError, "incomplete input", 0),
        ("  ; -- nothing", ErrorCode::SqlError, "no statement", 0),
        ("SELECT 1\0", ErrorCode::SqlError, "NUL", 8),
        ("PRAGMA journal_mode = OFF", ErrorCode::SqlNotAllowed, "journal", 0),
        ("ATTACH '/tmp/x' AS y", ErrorCode::SqlNotAllowed, "no files", 0),
        ("VACUUM INTO '/tmp/x'", ErrorCode::SqlNotAllowed, "no files", 0),
        ("DELETE FROM models", ErrorCode::SqlNotAllowed, "shared", 0),
        ("DETACH shared", ErrorCode::SqlNotAllowed, "shared", 0),
        ("ANALYZE", ErrorCode::SqlNotAllowed, "ANALYZE main", 0),
        (" reindex", ErrorCode::SqlNotAllowed, "REINDEX a_table", 1),
        (
            "SELECT 1; PRAGMA optimize(0x10002)",
            ErrorCode::SqlNotAllowed,
            "PRAGMA main.optimize",
            10,
        ),
        ("SELECT zeroblob(2000000)", ErrorCode::ResultTooLarge, "row_bytes_max", 0),
        (
            "CREATE VIEW v AS SELECT * FROM models; SELECT 1",
            ErrorCode::SqlError,
            "CREATE TEMP VIEW",
            0,
        ),
        (
            "CREATE VIEW v AS SELECT * FROM shared.models",
            ErrorCode::SqlError,
            "CREATE TEMP VIEW",
            12,
        ),
        (
            "CREATE TRIGGER t AFTER UPDATE OF price ON devices BEGIN \
             UPDATE devices SET site = (SELECT maker FROM models); END",
            ErrorCode::SqlError,
            "CREATE TEMP VIEW",
            0,
        ),
    ];
    for (sql, code, message, offset) in cases {
        let error = bench.error(sql);
        assert_eq!(error.code, code, "{sql}: {error}");
        assert!(error.message.contains(message), "{sql}: {error}");
        assert_eq!(error.offset, Some(offset), "{sql}: {error}");
    }
    assert_eq!(
        bench.rows("CREATE TEMP VIEW v AS SELECT * FROM models; SELECT * FROM v"),
        ["m1|Acme"]
    );
    assert_eq!(
        bench.rows("ATTACH ':memory:' AS m; CREATE TABLE m.t(a); SELECT 1 FROM m.t"),
        [""; 0]
    );
}

#[test]
fn a_scratch_takes_every_kind_of_write_and_is_gone_afterwards() {
    let bench = bench();
    let check = "; PRAGMA integrity_check";
    let writes = [
        "INSERT INTO devices VALUES ('new','s9',1,NULL)",
        "UPDATE devices SET price = price * 2",
        "UPDATE devices SET id = id || 'x' WHERE id > 'd0500'",
        "DELETE FROM reads WHERE pages % 3 = 0",
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b UNIQUE); INSERT INTO t SELECT pages, pages FROM reads",
        "CREATE INDEX i ON reads(pages, volts)",
        "CREATE VIEW v AS SELECT site, count(*) AS n FROM devices GROUP BY 1",
        "CREATE TRIGGER g AFTER DELETE ON devices BEGIN DELETE FROM reads WHERE device_id = old.id; END; \
         DELETE FROM devices WHERE id < 'd0100'",
        "ALTER TABLE devices ADD COLUMN extra DEFAULT 5; ALTER TABLE devices RENAME COLUMN site TO place; \
         ALTER TABLE reads DROP COLUMN volts; ALTER TABLE devices RENAME TO machines",
        "DROP TABLE reads",
        "VACUUM",
        "ANALYZE main",
        "PRAGMA user_version = 5",
        "BEGIN; DELETE FROM devices; ROLLBACK",
        "BEGIN; UPDATE devices SET price = 0; SAVEPOINT a; DELETE FROM devices; ROLLBACK TO a; COMMIT",
        "SAVEPOINT a; DELETE FROM devices; RELEASE a",
        "CREATE TEMP TABLE mine AS SELECT * FROM devices; DELETE FROM main.devices",
        "CREATE VIRTUAL TABLE f USING fts5(id, content=devices, content_rowid=price); INSERT INTO f(f) VALUES('rebuild')",
        "CREATE VIRTUAL TABLE r USING rtree(id, a, b); INSERT INTO r SELECT pages, pages, pages + 1 FROM reads",
        "INSERT OR REPLACE INTO devices SELECT id, site, 0, NULL FROM devices",
        "INSERT INTO devices(id) VALUES ('zz') ON CONFLICT DO NOTHING",
    ];
    let counts = "SELECT count(*), sum(price), (SELECT count(*) FROM reads), \
                  (SELECT count(*) FROM sqlite_schema) FROM devices";
    let before = bench.rows(counts);
    for write in writes {
        assert_eq!(bench.rows(&format!("{write}{check}")), ["ok"], "{write}");
        assert_eq!(bench.rows(counts), before, "{write}");
        assert_eq!(bench.rows("SELECT count(*) FROM temp.sqlite_schema"), ["0"]);
    }
    bench.rows(&format!("PRAGMA user_version; SELECT 1{check}"));
}

#[test]
fn what_if_sees_its_own_changes() {
    let bench = bench();
    let sql = "UPDATE devices SET price = 1 WHERE id < 'd0500'; SELECT count(*) FROM devices WHERE price = 1";
    assert_eq!(bench.rows(sql), ["500"]);
    let sql = "BEGIN; DELETE FROM devices; SELECT count(*) FROM devices; ROLLBACK; SELECT count(*) FROM devices";
    assert_eq!(bench.rows(sql), [DEVICES.to_string()]);
    let sql = "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1),(2); \
               INSERT OR IGNORE INTO t SELECT pages FROM reads; SELECT count(*) FROM t";
    assert_eq!(bench.rows(sql), [READS.to_string()]);
    // A statement that fails midway undoes itself; the request fails, and nothing stays.
    let error = bench.error("UPDATE devices SET id = 'd0500' WHERE id >= 'd0400'; SELECT 1");
    assert!(error.message.contains("UNIQUE"), "{error}");
    assert_eq!(bench.rows("SELECT count(DISTINCT id) FROM devices"), [DEVICES.to_string()]);
    let sql = "INSERT OR FAIL INTO devices SELECT 'new' || (pages % 50), 1, 1, 1 FROM reads";
    assert_eq!(bench.error(sql).code, ErrorCode::SqlError);
}

#[test]
fn changes_of_the_last_statement() {
    let bench = bench();
    let changes = |sql: &str| {
        let mut kept = Kept::default();
        let summary = bench.run(sql, &mut kept).unwrap();
        assert_eq!(kept.columns, Some(vec![]));
        summary.changes
    };
    assert_eq!(changes("DELETE FROM devices WHERE id < 'd0010'"), Some(10));
    assert_eq!(changes("DELETE FROM devices; CREATE TABLE t(a)"), Some(0));
    assert_eq!(changes("DELETE FROM devices; UPDATE devices SET price = 0"), Some(0));
    let mut kept = Kept::default();
    let summary = bench.run("DELETE FROM devices RETURNING id", &mut kept).unwrap();
    assert_eq!((summary.rows, summary.changes), (1000, None));
}

#[test]
fn missing_tables_are_named_before_anything_is_sent() {
    let mut bench = Bench::new(fleet_image(PageSize::Tiny, &[0]));
    bench.shared = Some(models_image(false));
    let cases: &[(&str, &[usize])] = &[
        ("SELECT count(*) FROM reads", &[1]),
        ("SELECT * FROM devices, reads, models", &[1, 2]),
        ("SELECT 1; SELECT 2; SELECT * FROM reads", &[1]),
        ("CREATE TEMP TABLE t AS SELECT 1; DELETE FROM reads", &[1]),
        ("PRAGMA integrity_check", &[1, 2]),
        ("VACUUM", &[1, 2]),
        ("CREATE INDEX i ON reads(pages)", &[1]),
        ("ALTER TABLE reads ADD COLUMN x", &[1]),
        ("DROP TABLE reads", &[1]),
        (
            "CREATE VIRTUAL TABLE f USING fts5(device_id, content='reads', content_rowid='pages'); \
             INSERT INTO f(f) VALUES('rebuild'); SELECT * FROM f",
            &[1],
        ),
    ];
    for (sql, wanted) in cases {
        let mut kept = Kept::default();
        match bench.run(sql, &mut kept) {
            Err(Failure::NeedTables(missing)) => assert_eq!(missing, tables(wanted), "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
        assert!(kept.columns.is_none() && kept.failed.is_none());
    }
    assert_eq!(bench.rows("SELECT count(*) FROM devices"), [DEVICES.to_string()]);
}

#[test]
fn tables_needed_of_scripts() {
    let blank = Blank::build(&fleet(), Part::Tenant, PageSize::Tiny).unwrap();
    let shared = models_image(false);
    let needed = |sql: &str| {
        let script = Script { sql: sql.to_owned(), params: Params::None };
        tables_needed(blank.image(), Some(&shared), &script)
    };
    assert_eq!(needed("SELECT * FROM devices WHERE id = ?"), tables(&[0]));
    assert_eq!(needed("SELECT * FROM devices JOIN models"), tables(&[0, 2]));
    assert_eq!(
        needed("CREATE TEMP TABLE t AS SELECT * FROM reads; SELECT * FROM t, devices"),
        tables(&[0, 1])
    );
    assert_eq!(
        needed("UPDATE devices SET price = ';'; nonsense; SELECT * FROM reads"),
        tables(&[0, 1])
    );
    assert_eq!(needed("VACUUM"), tables(&[0, 1, 2]));
    let endless =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    assert_eq!(needed(&format!("{endless}; SELECT * FROM reads")), tables(&[1]));
    assert_eq!(needed("\0"), tables(&[]));
}

#[test]
fn deadline_and_interrupt_end_a_run() {
    let mut bench = bench();
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    bench.deadline = Monotonic(50_000_000);
    assert_eq!(
        bench.error(&format!("{endless} SELECT count(*) FROM c")).code,
        ErrorCode::QueryTimeout
    );
    bench.clock = Default::default();
    let mut kept = Kept::default();
    match bench.run(&format!("{endless} SELECT x FROM c"), &mut kept) {
        Err(Failure::Error { error, begun: true }) => {
            assert_eq!(error.code, ErrorCode::QueryTimeout);
            assert_eq!(kept.failed, Some(error));
        }
        other => panic!("{other:?}"),
    }
    bench.deadline = Monotonic(u64::MAX);
    bench.interrupt.interrupt(Why::ShuttingDown);
    bench.interrupt.interrupt(Why::Cancelled);
    assert_eq!(bench.error("SELECT 1").code, ErrorCode::ShuttingDown);
}

#[test]
fn cpu_time_ends_a_run_too_and_the_error_says_which_time_it_was() {
    let mut bench = bench();
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                   SELECT count(*) FROM c";
    bench.deadline = Monotonic(50_000_000);
    let error = bench.error(endless);
    assert!(error.message.contains("query.timeout"), "{error}");
    bench.clock = Default::default();
    bench.limits.cpu_time_max = Some(Duration::from_millis(20));
    let error = bench.error(endless);
    assert_eq!(error.code, ErrorCode::QueryTimeout);
    assert!(error.message.contains("query.cpu_time_max"), "{error}");
    assert!((40..45).contains(&bench.looks()), "20 ms of CPU time are 40 looks");
    // Each run has its own.
    bench.deadline = Monotonic(u64::MAX);
    assert_eq!(bench.rows("SELECT 1"), ["1"]);
}

#[test]
fn window_functions_are_bounded_by_number() {
    let bench = bench();
    let list = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| format!("sum(pages+{n})over()")).collect();
        format!("SELECT 'over', 1 IN ({}) FROM reads LIMIT 1", all.join(","))
    };
    assert_eq!(bench.rows(&list(500)).len(), 1);
    assert_eq!(bench.error(&list(3_001)).code, ErrorCode::RequestInvalid);
    assert_eq!(script::words("over 'OVER' rollover overt _over Over()", "OVER"), 3);
}

#[test]
fn cuts_and_stops() {
    let mut bench = bench();
    bench.limits.max_rows = Some(3);
    let mut kept = Kept::default();
    let summary = bench.run("SELECT id FROM devices", &mut kept).unwrap();
    assert_eq!((kept.rows.len(), summary.cut.is_some()), (3, true));
    let mut kept = Kept::default();
    let summary = bench.run("SELECT id FROM devices LIMIT 3", &mut kept).unwrap();
    assert_eq!((kept.rows.len(), summary.cut.is_some()), (3, false));
    let mut kept = Kept { stop_after: Some(2), ..Kept::default() };
    assert_eq!(bench.run("SELECT id FROM devices", &mut kept).unwrap().rows, 2);
    assert!(kept.finished.is_some());
}

#[test]
fn a_row_of_the_result_is_bounded_as_a_stored_one_is() {
    let bench = bench();
    let half = (1 << 19) + 1;
    let mut kept = Kept::default();
    let failure = bench.run(&format!("SELECT zeroblob({half}), randomblob({half})"), &mut kept);
    let Err(Failure::Error { error, .. }) = failure else { panic!("{failure:?}") };
    assert_eq!(error.code, ErrorCode::ResultTooLarge);
    assert!(kept.rows.is_empty() && kept.failed == Some(error));
    let half = 1 << 19;
    let sql = format!("SELECT length(a || b) FROM (SELECT printf('%0{half}d', 1) a, 'x' b)");
    assert_eq!(bench.rows(&sql), [(half + 1).to_string()]);
}

#[test]
fn sqlite_s_own_limits_are_set() {
    let bench = bench();
    let denied = [
        ("SELECT 'x' LIKE printf('%01001d', 1)", "pattern too complex"),
        (
            "ATTACH ':memory:' AS a; ATTACH ':memory:' AS b; ATTACH ':memory:' AS c; \
          ATTACH ':memory:' AS d; SELECT 1",
            "too many attached databases",
        ),
        (
            "CREATE TEMP TABLE t(a); PRAGMA recursive_triggers = 1; \
          CREATE TEMP TRIGGER u AFTER INSERT ON t WHEN new.a < 200 BEGIN \
          INSERT INTO t VALUES (new.a + 1); END; INSERT INTO t VALUES (0)",
            "triggers nested too deep",
        ),
    ];
    for (sql, why) in denied {
        let error = bench.error(sql);
        assert!(error.code == ErrorCode::SqlError && error.message.contains(why), "{sql}: {error}");
    }
    let within = "ATTACH ':memory:' AS a; SELECT 'x' LIKE printf('%01000d', 1)";
    assert_eq!(bench.rows(within), ["0"]);
    // A list of values as long as the SQL may be compiles; its program is what is bounded.
    let list = vec!["1"; 400_000].join(",");
    assert_eq!(bench.rows(&format!("SELECT 1 IN ({list})")), ["1"]);
}

#[test]
fn text_that_is_not_utf8_is_replaced_and_counted() {
    let bench = bench();
    let mut kept = Kept::default();
    let sql = "SELECT NULL, CAST(x'61ff62' AS TEXT), 'ok', CAST(x'fe' AS TEXT), ''";
    let summary = bench.run(sql, &mut kept).unwrap();
    assert_eq!(kept.rows, ["NULL|a\u{fffd}b|ok|\u{fffd}|"]);
    assert_eq!(summary.replaced_texts, 2);
}

#[test]
fn memory_is_bounded_by_the_account() {
    let mut bench = Bench::new(fleet_image(PageSize::Normal, &[0, 1]));
    let big = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 100000)";
    let sort = format!("{big} SELECT x, hex(randomblob(50)) AS h FROM c ORDER BY h");
    assert_eq!(bench.rows(&sort).len(), 100_000);
    for (own, parent, code) in [
        (400_000, u64::MAX, ErrorCode::QueryMemoryExceeded),
        (u64::MAX, 400_000, ErrorCode::Overloaded),
    ] {
        bench.account = Account::child(&Account::root(parent), own);
        assert_eq!(bench.error(&sort).code, code);
        let table = format!("CREATE TEMP TABLE t AS {sort}; SELECT 1");
        assert_eq!(bench.error(&table).code, code);
        let table = format!("CREATE TABLE t AS {sort}; SELECT 1");
        assert_eq!(bench.error(&table).code, code);
        assert_eq!(bench.rows("SELECT count(*) FROM devices"), [DEVICES.to_string()]);
    }
}

#[test]
fn statements_are_found_among_comments() {
    let bench = bench();
    for sql in [
        "/* ; */ SELECT 1 -- ;\n;; -- end",
        "\u{feff}SELECT 1;",
        "SELECT 2; /* between */ SELECT 1 /* not closed",
        "CREATE TEMP TRIGGER t AFTER INSERT ON devices BEGIN SELECT ';'; SELECT 2; END; SELECT 1",
        "-- only\n;SELECT \"1\" AS \";\"",
    ] {
        assert_eq!(bench.rows(sql), ["1"], "{sql}");
    }
    let skip = |sql: &str| script::skip_statement(sql, 0);
    assert_eq!(skip("a ';' \";\" `;` [;] /*;*/ --;\n b; c"), 31);
    assert_eq!(skip("a 'open ; "), 10);
    assert_eq!(script::first_word(" /**/ vacuum; x", 0), "VACUUM");
}

#[test]
fn what_may_move_between_threads() {
    fn send<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    send::<crate::Loader>();
    shared::<Image>();
    shared::<Blank>();
    shared::<Readers>();
    shared::<Interrupt>();
}
