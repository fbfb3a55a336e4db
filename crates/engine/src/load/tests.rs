//! Tests of loading.

use std::sync::Arc;

use model::{Account, Catalog, Cell, Column, Error, ErrorCode, Flow, TableSet};

use super::*;
use crate::fixture::{ask, reopen, two_tables};
use crate::{Image, PageSize, Part};

mod steps;

const LIMITS: LoadLimits = LoadLimits { row_bytes_max: 1 << 20 };

fn loader(catalog: &Arc<Catalog>, account: &Arc<Account>) -> Loader {
    let blank = Blank::build(catalog, Part::Tenant, PageSize::Tiny).unwrap();
    Loader::new(blank.image(), account, LIMITS).unwrap()
}

#[test]
fn rows_of_two_tables_at_once_and_of_any_size() {
    let account = Account::root(u64::MAX);
    let mut loader = loader(&two_tables(), &account);
    loader.begin_table(0, &TableShape::default(), None).unwrap();
    loader.begin_table(1, &TableShape::default(), Some(5000)).unwrap();
    for n in 0..5000i64 {
        let id = format!("{:05}", n * 7919 % 5000);
        let row = [Cell::Text(&id), Cell::Integer(n), Cell::Blob(b"x")];
        assert_eq!(loader.sink(0).row(&row), Flow::Continue);
        assert_eq!(loader.sink(1).row(&[Cell::Integer(n), Cell::Null]), Flow::Continue);
        if n == 2000 {
            let half = loader.publish().unwrap();
            assert!(half.loaded().is_empty());
            reopen(&half);
        }
    }
    let first = loader.end_table(0).unwrap();
    assert_eq!(first, TableOutcome { rows: 5000, key_conflicts: 0, oversized_values: 0 });
    let image = loader.publish().unwrap();
    assert_eq!(image.loaded(), [0].into_iter().collect::<TableSet>());
    loader.end_table(1).unwrap();
    let whole = loader.publish().unwrap();
    assert_eq!(whole.loaded().len(), 2);
    drop(loader);
    let (_dir, db) = reopen(&whole);
    assert_eq!(ask(&db, "SELECT count(*) FROM log"), 5000);
    assert_eq!(ask(&db, "SELECT count(*) FROM sqlite_schema WHERE type='index'"), 3);
    assert_eq!(ask(&db, r#"SELECT "from" FROM "de""vices" WHERE id='00000'"#), 0);
    assert!(ask(&db, "SELECT count(*) FROM sqlite_stat1") >= 4);
    drop((image, whole));
    assert_eq!(account.used(), 0);
}

#[test]
fn conflicts_are_counted_and_a_demoted_key_keeps_all_rows() {
    let account = Account::root(u64::MAX);
    let mut loader = loader(&two_tables(), &account);
    let shapes = [
        (TableShape::default(), 2, 2),
        (TableShape { demoted_key: true, untyped: vec![1] }, 4, 0),
        (TableShape::default(), 2, 2),
    ];
    for (shape, rows, conflicts) in shapes {
        loader.begin_table(0, &shape, Some(4)).unwrap();
        for id in [Cell::Text("a"), Cell::Null, Cell::Text("a"), Cell::Text("b")] {
            let _ = loader.sink(0).row(&[id, Cell::Text("007"), Cell::Real(0.5)]);
        }
        let outcome = loader.end_table(0).unwrap();
        assert_eq!((outcome.rows, outcome.key_conflicts), (rows, conflicts));
        let (_dir, db) = reopen(&loader.publish().unwrap());
        let kept = ask(&db, r#"SELECT count(*) FROM "de""vices" WHERE typeof("from")='text'"#);
        assert_eq!(kept, if shape.demoted_key { 4 } else { 0 });
    }
}

#[test]
fn the_largest_values_of_a_row_over_its_bound_are_null() {
    let account = Account::root(u64::MAX);
    let blank = Blank::build(&two_tables(), Part::Tenant, PageSize::Normal).unwrap();
    let limits = LoadLimits { row_bytes_max: 1000 };
    let mut loader = Loader::new(blank.image(), &account, limits).unwrap();
    loader.begin_table(0, &TableShape::default(), None).unwrap();
    let (long, longer) = ("y".repeat(600), vec![1; 700]);
    let _ = loader.sink(0).row(&[Cell::Text(&long), Cell::Integer(1), Cell::Blob(&longer)]);
    assert_eq!(loader.end_table(0).unwrap().oversized_values, 1);
    let (_dir, db) = reopen(&loader.publish().unwrap());
    assert_eq!(ask(&db, r#"SELECT count(*) FROM "de""vices" WHERE x IS NULL"#), 1);
}

#[test]
fn a_refused_charge_says_whose_cap_it_was_and_gives_all_back() {
    let blank = Blank::build(&two_tables(), Part::Tenant, PageSize::Tiny).unwrap();
    // What others hold, and what is on its way to this load.
    for (own, parent, others, coming, code) in [
        (200_000, u64::MAX, 0, 0, ErrorCode::InstanceTooLarge),
        (u64::MAX, 400_000, 200_000, 0, ErrorCode::Overloaded),
        (u64::MAX, 400_000, 0, 0, ErrorCode::InstanceTooLarge),
        (320_000, 400_000, 50_000, 100_000, ErrorCode::InstanceTooLarge),
    ] {
        let root = Account::root(parent);
        let account = Account::child(&root, own);
        let passing = Account::child(&root, u64::MAX);
        let held = (root.charge(others).unwrap(), passing.charge(coming).unwrap());
        let accounts = (&account, &passing);
        let mut loader = Loader::with_passing(blank.image(), accounts, LIMITS).unwrap();
        loader.begin_table(1, &TableShape::default(), Some(1 << 20)).unwrap();
        let text = "z".repeat(10_000);
        let mut rows = 0;
        while rows < 10_000
            && loader.sink(1).row(&[Cell::Integer(1), Cell::Text(&text)]) == Flow::Continue
        {
            rows += 1;
        }
        assert!(rows < 10_000);
        assert_eq!(loader.end_table(1).unwrap_err().code, code);
        assert_eq!(loader.publish().unwrap_err().code, code);
        drop((loader, held));
        assert_eq!((account.used(), passing.used(), root.used()), (0, 0, 0));
    }
}

/// A load of `rows` rows, in the order of their keys or not.
fn load_some(blank: &Blank, account: &Arc<Account>, ordered: bool) -> Result<Image, Error> {
    const ROWS: i64 = 700;
    let mut loader = Loader::new(blank.image(), account, LIMITS)?;
    loader.begin_table(0, &TableShape::default(), Some(ROWS as u64))?;
    for n in 0..ROWS {
        let id = format!("{:05}", if ordered { n } else { n * 7919 % ROWS });
        let row = [Cell::Text(&id), Cell::Integer(n), Cell::Blob(&[7; 300])];
        if loader.sink(0).row(&row) == Flow::Stop {
            break;
        }
    }
    assert_eq!(loader.end_table(0)?.rows, 700);
    loader.publish()
}

#[test]
fn any_allocation_of_a_load_may_fail() {
    use crate::heap::failpoint;
    let blank = Blank::build(&two_tables(), Part::Tenant, PageSize::Normal).unwrap();
    for ordered in [true, false] {
        let mut steps = 0;
        loop {
            let account = Account::root(u64::MAX);
            failpoint::arm(steps);
            let outcome = load_some(&blank, &account, ordered);
            let fired = failpoint::fired();
            match outcome {
                Ok(image) => {
                    let (_dir, db) = reopen(&image);
                    assert_eq!(ask(&db, "SELECT count(*) FROM \"de\"\"vices\""), 700, "{steps}");
                }
                Err(error) => {
                    assert!(fired, "{steps}: {error:?}");
                    // The failpoint says that the load's own cap refused.
                    assert_eq!(error.code, ErrorCode::InstanceTooLarge, "{steps}: {error:?}");
                }
            }
            assert_eq!(account.used(), 0, "{steps}");
            if !fired {
                break;
            }
            // Each of the first ones, which open and prepare; then every eleventh.
            steps += if steps < 500 { 1 } else { 11 };
        }
        assert!(steps > 500, "only {steps} allocations");
    }
}

#[test]
fn misuse_is_an_error_and_not_a_panic() {
    let mut loader = loader(&two_tables(), &Account::root(u64::MAX));
    assert_eq!(loader.sink(0).row(&[]), Flow::Stop);
    loader.begin_table(0, &TableShape::default(), None).unwrap();
    assert_eq!(loader.sink(0).begin(&[] as &[Column]), Flow::Continue);
    assert_eq!(loader.sink(0).row(&[Cell::Null]), Flow::Stop);
    assert_eq!(loader.end_table(0).unwrap_err().code, ErrorCode::Internal);
    assert_eq!(
        loader.begin_table(9, &TableShape::default(), None).unwrap_err().code,
        ErrorCode::Internal
    );
}

/// What is written without looking is what SQLite finds when it looks.
#[test]
fn statistics_are_those_that_sqlite_gathers() {
    let account = Account::root(u64::MAX);
    let mut loader = loader(&two_tables(), &account);
    for table in [0, 1] {
        loader.begin_table(table, &TableShape::default(), Some(5000)).unwrap();
    }
    for n in 0..5000i64 {
        let id = format!("{n:05}");
        let from = format!("{}", n % 10);
        let row = [Cell::Text(&id), Cell::Text(&from), Cell::Null];
        assert_eq!(loader.sink(0).row(&row), Flow::Continue);
        assert_eq!(loader.sink(1).row(&[Cell::Integer(n), Cell::Null]), Flow::Continue);
    }
    for table in [0, 1] {
        assert_eq!(loader.end_table(table).unwrap().rows, 5000);
    }
    let (_dir, db) = reopen(&loader.publish().unwrap());
    let stats = |db: &rusqlite::Connection| {
        let sql = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2";
        let mut statement = db.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows = statement.query_map([], row).unwrap();
        rows.map(Result::unwrap).collect::<Vec<(String, Option<String>, String)>>()
    };
    let found = stats(&db);
    assert!(
        found
            .iter()
            .any(|(table, index, stat)| { Some(table) == index.as_ref() && stat == "5000 1" })
    );
    let limit = model::limits::ANALYZE_SAMPLE_ROWS;
    db.execute_batch(&format!("PRAGMA analysis_limit={limit}; ANALYZE")).unwrap();
    assert_eq!(found, stats(&db));
}
