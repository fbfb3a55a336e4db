//! Built tables against SQLite's own: every row, every check that SQLite has, whatever comes.

use std::sync::Arc;

use model::{Account, Cell, ColumnType, Flow};
use proptest::prelude::*;
use rusqlite::types::Value;

use super::record::put_varint;
use super::splice::splice;
use super::tree::{Kind, Tree};
use crate::fixture::{ask, catalog, reopen, table};
use crate::image::Pages;
use crate::load::{Blank, LoadLimits, Loader, TableShape};
use crate::{PageSize, Part};

/// A plan of rows: how the key grows, and what is in the other columns.
#[derive(Clone, Debug)]
struct Rows {
    page_size: PageSize,
    text_key: bool,
    keyed: bool,
    /// Added to the key from row to row; 0 repeats it, below 0 it falls.
    steps: Vec<i64>,
    values: Vec<(Value, Value, Value)>,
    known: bool,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Integer(0)),
        Just(Value::Integer(1)),
        any::<i64>().prop_map(Value::Integer),
        any::<i8>().prop_map(|n| Value::Integer(n.into())),
        any::<i32>().prop_map(|n| Value::Integer(n.into())),
        (-1_000_000..1_000_000_i64).prop_map(|n| Value::Integer(n << 20)),
        any::<i32>().prop_map(|n| Value::Real(f64::from(n) / 8.0)),
        "[a-zü]{0,40}".prop_map(Value::Text),
        Just(Value::Text("00123".into())),
        (0..9_000_usize).prop_map(|n| Value::Text("long ".repeat(n / 5))),
        (0..30_000_usize).prop_map(|n| Value::Blob(vec![7; n])),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Blob),
    ]
}

fn rows() -> impl Strategy<Value = Rows> {
    let sizes = prop_oneof![Just(PageSize::Tiny), Just(PageSize::Normal)];
    // Long runs of small rows make trees of three levels; few odd steps interrupt them.
    let step = prop_oneof![2_000 => Just(1_i64), 1 => Just(0), 1 => -3..0_i64, 20 => 2..50_i64];
    (sizes, any::<bool>(), prop::bool::weighted(0.8), any::<bool>(), 0..6_000_usize).prop_flat_map(
        move |(page_size, text_key, keyed, known, count)| {
            (
                prop::collection::vec(step.clone(), count),
                prop::collection::vec((value(), value(), value()), 1..60),
            )
                .prop_map(move |(steps, values)| Rows {
                    page_size,
                    text_key,
                    keyed,
                    steps,
                    values,
                    known,
                })
        },
    )
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(n) => Cell::Integer(*n),
        Value::Real(n) => Cell::Real(*n),
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => Cell::Blob(bytes),
    }
}

fn all(db: &rusqlite::Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = db.prepare(sql).unwrap();
    let width = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        found.push((0..width).map(|i| row.get(i).unwrap()).collect());
    }
    found
}

/// The key is the table's third column, so that the stored order is not the declared one.
fn check(plan: &Rows) {
    let key_type = if plan.text_key { ColumnType::Text } else { ColumnType::Integer };
    let columns =
        [("r", ColumnType::Real), ("t", ColumnType::Text), ("k", key_type), ("a", ColumnType::Any)];
    let key: &[usize] = if plan.keyed { &[2] } else { &[] };
    let catalog =
        catalog(vec![table("rows", &columns, key, &[&[1]]), table("other", &columns, &[2], &[])]);
    let blank = Blank::build(&catalog, Part::Tenant, plan.page_size).unwrap();
    let account = Account::root(u64::MAX);
    let mut loader =
        Loader::new(blank.image(), &account, LoadLimits { row_bytes_max: 1 << 20 }).unwrap();
    let expected = plan.known.then_some(plan.steps.len() as u64);
    loader.begin_table(0, &TableShape::default(), expected).unwrap();
    loader.begin_table(1, &TableShape::default(), expected).unwrap();

    let plain = rusqlite::Connection::open_in_memory().unwrap();
    let (declared, tail) = match (plan.keyed, plan.text_key) {
        (true, true) => ("k TEXT NOT NULL", ", PRIMARY KEY (k)) WITHOUT ROWID"),
        (true, false) => ("k INT NOT NULL", ", PRIMARY KEY (k)) WITHOUT ROWID"),
        (false, true) => ("k TEXT", ")"),
        (false, false) => ("k INT", ")"),
    };
    plain
        .execute_batch(&format!("CREATE TABLE rows (r REAL, t TEXT, {declared}, a{tail}; BEGIN"))
        .unwrap();
    let mut insert = plain.prepare("INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)").unwrap();
    let mut at = 0;
    for (n, step) in plan.steps.iter().enumerate() {
        at += step;
        let (r, t, a) = &plan.values[n % plan.values.len()];
        let k = if plan.text_key { Value::Text(format!("{at:09}")) } else { Value::Integer(at) };
        insert.execute(rusqlite::params![r, t, k, a]).unwrap();
        let cells = [cell(r), cell(t), cell(&k), cell(a)];
        assert_eq!(loader.sink(0).row(&cells), Flow::Continue);
        if n % 3 == 0 {
            assert_eq!(loader.sink(1).row(&cells), Flow::Continue);
        }
    }
    drop(insert);
    let outcome = loader.end_table(0).unwrap();
    let half = loader.publish().unwrap();
    loader.end_table(1).unwrap();
    let image = loader.publish().unwrap();
    drop(loader);
    let order = if plan.keyed { "k" } else { "rowid" };
    let sql =
        format!("SELECT r, t, k, a, typeof(r), typeof(t), typeof(k) FROM rows ORDER BY {order}");
    for image in [&half, &image] {
        let (_dir, db) = reopen(image);
        assert_eq!(all(&db, &sql), all(&plain, &sql));
        // By the index, which SQLite built over our pages.
        let by_text = "SELECT count(*) FROM rows WHERE t = '00123' OR t LIKE 'l%'";
        assert_eq!(ask(&db, by_text), ask(&plain, by_text));
        db.execute_batch(
            "UPDATE rows SET a = 'x' WHERE t IS NOT NULL; DELETE FROM rows WHERE r > 0; REINDEX",
        )
        .unwrap();
        let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "after writing to it");
    }
    let kept = u64::try_from(ask(&plain, "SELECT count(*) FROM rows")).unwrap();
    assert_eq!(
        (outcome.rows, outcome.rows + outcome.key_conflicts),
        (kept, plan.steps.len() as u64)
    );
    drop((half, image, blank));
    assert_eq!(account.used(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn built_tables_are_what_sqlite_would_have(plan in rows()) {
        check(&plan);
    }
}

#[test]
fn many_rows_in_order_are_built_and_not_inserted() {
    // Three levels of full pages: a table that SQLite filled row by row has more of them.
    let plan = |keyed| Rows {
        page_size: PageSize::Tiny,
        text_key: true,
        keyed,
        steps: vec![1; 60_000],
        values: vec![(Value::Real(0.5), Value::Text("some text".into()), Value::Null)],
        known: false,
    };
    check(&plan(true));
    check(&plan(false));
}

#[test]
fn a_refused_page_ends_the_build_and_gives_all_back() {
    let catalog = catalog(vec![table(
        "rows",
        &[("k", ColumnType::Integer), ("t", ColumnType::Text)],
        &[0],
        &[],
    )]);
    let blank = Blank::build(&catalog, Part::Tenant, PageSize::Normal).unwrap();
    for cap in [20_000, 100_000, 200_000, 300_000, 900_000] {
        let account = Account::child(&Account::root(u64::MAX), cap);
        let limits = LoadLimits { row_bytes_max: 1 << 20 };
        let mut loader = Loader::new(blank.image(), &account, limits).unwrap();
        loader.begin_table(0, &TableShape::default(), Some(10_000)).unwrap();
        let text = "x".repeat(100);
        let mut n = 0;
        while n < 10_000
            && loader.sink(0).row(&[Cell::Integer(n), Cell::Text(&text)]) == Flow::Continue
        {
            n += 1;
        }
        assert_eq!(
            loader.end_table(0).unwrap_err().code,
            model::ErrorCode::InstanceTooLarge,
            "{cap}"
        );
        drop(loader);
        assert_eq!(account.used(), 0);
    }
}

#[test]
fn the_page_of_the_lock_byte_is_left_out() {
    let page_bytes = 4096;
    let account = Account::root(u64::MAX);
    let mut tree = Tree::new(Kind::Rows, page_bytes, &account);
    for rowid in 1..=400 {
        // A record of one text of 1,000 bytes.
        let mut record = vec![3];
        put_varint(&mut record, 13 + 2 * 1_000);
        record.extend_from_slice(&[b'x'; 1_000]);
        tree.add(&record, rowid).unwrap();
    }
    // A database that claims to end 20 pages before the lock byte; only its header is there, the
    // rest is a hole that costs nothing to claim.
    let locked = (1 << 30) / page_bytes as u32 + 1;
    let mut database = Pages::empty(&account);
    let mut header = vec![0; 4096];
    header[28..32].copy_from_slice(&(locked - 20).to_be_bytes());
    database.write(&header, 0).unwrap();
    let built = tree.close().unwrap();
    let pages = built.pages;
    assert!(pages > 40);
    splice(built, &mut database, 2).unwrap();
    let mut size = [0; 4];
    database.copy(&mut size, 28);
    assert_eq!(u32::from_be_bytes(size), locked - 20 + pages + 1, "one number more than pages");
    let mut skipped = vec![1; page_bytes];
    database.copy(&mut skipped, (1 << 30) as u64);
    assert!(skipped.iter().all(|byte| *byte == 0), "nothing is on the lock byte's page");
    // The root's children: none of them is that page.
    let mut root = vec![0; page_bytes];
    database.copy(&mut root, page_bytes as u64);
    let number = |at: usize| u32::from_be_bytes(root[at..at + 4].try_into().unwrap());
    let cells = usize::from(u16::from_be_bytes([root[3], root[4]]));
    let mut children: Vec<u32> = (0..cells)
        .map(|n| number(usize::from(u16::from_be_bytes([root[12 + 2 * n], root[13 + 2 * n]]))))
        .collect();
    children.push(number(8));
    assert!(children.windows(2).all(|pair| pair[0] < pair[1]) && !children.contains(&locked));
    assert_eq!(children.len() as u32, pages, "each page is a child of the root");
    drop(database);
    assert_eq!(Arc::clone(&account).used(), 0);
}
