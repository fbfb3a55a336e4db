//! Tests of loading.

use std::sync::Arc;

use model::{
    Account, Catalog, Cell, Column, ColumnPath, ColumnType, ErrorCode, Flow, Path, Table,
    TableColumn, TableSet, TenantKeyType,
};

use super::*;
use crate::{Image, PageSize, Part};

fn table(name: &str, columns: &[(&str, ColumnType)], key: &[usize], indexes: &[&[usize]]) -> Table {
    Table {
        name: name.to_owned(),
        description: None,
        collection: name.to_owned(),
        tenant_key: Path::from_segments(Vec::new()),
        filter: None,
        unwind: None,
        shared: false,
        columns: columns
            .iter()
            .map(|(name, column_type)| TableColumn {
                name: (*name).to_owned(),
                path: ColumnPath::Index,
                column_type: *column_type,
                description: None,
            })
            .collect(),
        primary_key: key.to_vec(),
        indexes: indexes.iter().map(|list| list.to_vec()).collect(),
    }
}

fn catalog(tables: Vec<Table>) -> Arc<Catalog> {
    Arc::new(Catalog {
        tenants: None,
        tenant_key_type: TenantKeyType::String,
        exclude: Vec::new(),
        tables,
        version: "0".to_owned(),
    })
}

fn two_tables() -> Arc<Catalog> {
    use ColumnType::{Any, Integer, Text};
    catalog(vec![
        table("de\"vices", &[("id", Text), ("from", Integer), ("x", Any)], &[0], &[&[1], &[1, 2]]),
        table("log", &[("n", Integer), ("t", Text)], &[], &[&[0]]),
    ])
}

/// Opens an image's file as a plain database.
pub(crate) fn reopen(image: &Image) -> (tempfile::TempDir, rusqlite::Connection) {
    let mut file = Vec::new();
    image.write_to(&mut |bytes| {
        file.extend_from_slice(bytes);
        Flow::Continue
    });
    assert_eq!(file.len() as u64, image.bytes());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image.sqlite");
    std::fs::write(&path, file).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let db = rusqlite::Connection::open_with_flags_and_vfs(&path, flags, c"unix").unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    (dir, db)
}

fn ask(db: &rusqlite::Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

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
    for (own, parent, code) in [
        (200_000, u64::MAX, ErrorCode::InstanceTooLarge),
        (u64::MAX, 200_000, ErrorCode::Overloaded),
    ] {
        let root = Account::root(parent);
        let account = Account::child(&root, own);
        let mut loader = loader(&two_tables(), &account);
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
        drop(loader);
        assert_eq!((account.used(), root.used()), (0, 0));
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
    assert_eq!(loader.begin_table(9, &TableShape::default(), None).unwrap_err().code, ErrorCode::Internal);
}
