//! Tests of images: random series of writes, publishes, reader opens, closes and drops against a
//! plain SQLite; page stores against a plain vector.

use std::sync::Arc;

use model::{Account, Cell, ColumnType, Flow, TableSet};
use proptest::prelude::*;

use super::*;
use crate::fixture::{catalog, reopen, table};
use crate::{
    Blank, Interrupt, LoadLimits, Loader, PageSize, Params, QueryLimits, Readers, Run, Script,
    TableShape,
};

#[derive(Clone, Debug)]
enum Act {
    Begin { table: usize, demoted: bool, expected: Option<u64> },
    Rows { table: usize, from: i64, count: i64, step: i64, text: usize },
    End(usize),
    Publish,
    OpenReader(usize),
    StepReader(usize),
    CloseReader(usize),
    DropImage(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let expected = prop_oneof![Just(None), Just(Some(1)), Just(Some(10_000))];
    let act = prop_oneof![
        1 => (0..2usize, any::<bool>(), expected)
            .prop_map(|(table, demoted, expected)| Act::Begin { table, demoted, expected }),
        6 => (0..2usize, 0..500i64, 1..400i64, 1..7i64, 0..3000usize)
            .prop_map(|(table, from, count, step, text)| Act::Rows { table, from, count, step, text }),
        2 => (0..2usize).prop_map(Act::End),
        3 => Just(Act::Publish),
        2 => (0..8usize).prop_map(Act::OpenReader),
        4 => (0..8usize).prop_map(Act::StepReader),
        1 => (0..8usize).prop_map(Act::CloseReader),
        1 => (0..8usize).prop_map(Act::DropImage),
    ];
    proptest::collection::vec(act, 1..40)
}

/// A reader midway through its generation's rows, on a thread's worth of plain state.
struct OpenReader {
    statement: crate::conn::Statement,
    left: std::vec::IntoIter<String>,
}

/// What a table must hold: its rows as text, in order of insertion.
#[derive(Clone, Default)]
struct Expected {
    rows: Vec<(i64, usize)>,
    keyed: bool,
    open: bool,
}

impl Expected {
    fn insert(&mut self, id: i64, text: usize) {
        if !(self.keyed && self.rows.iter().any(|(other, _)| *other == id)) {
            self.rows.push((id, text));
        }
    }

    /// As plain SQLite orders and shows them.
    fn shown(&self) -> Vec<String> {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t(id INT, x); BEGIN").unwrap();
        for (id, text) in &self.rows {
            db.execute("INSERT INTO t VALUES (?, ?)", (id, "x".repeat(*text))).unwrap();
        }
        let sql = "SELECT id || ':' || length(x) FROM t ORDER BY id, length(x)";
        let mut statement = db.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

const SHOW: [&str; 2] = [
    "SELECT id || ':' || length(x) FROM t0 ORDER BY id, length(x)",
    "SELECT id || ':' || length(x) FROM t1 ORDER BY id, length(x)",
];

fn open(image: &Image, table: usize) -> crate::conn::Statement {
    let seat = crate::vfs::Seat::taken_by(image);
    let connection = crate::conn::Connection::open(crate::vfs::Handed::Image(seat)).unwrap();
    connection.statement(SHOW[table]).unwrap()
}

fn step(statement: &mut crate::conn::Statement) -> Option<String> {
    match statement.step().unwrap() {
        crate::conn::Step::Done => None,
        crate::conn::Step::Row => match statement.row(1).cells[0] {
            Cell::Text(text) => Some(text.to_owned()),
            other => panic!("{other:?}"),
        },
    }
}

fn play(acts: Vec<Act>, page_size: PageSize) {
    let columns = [("id", ColumnType::Integer), ("x", ColumnType::Any)];
    let catalog = catalog(vec![
        table("t0", &columns, &[0], &[&[1], &[1, 0]]),
        table("t1", &columns, &[], &[&[0]]),
    ]);
    let account = Account::root(u64::MAX);
    let blank = Blank::build(&catalog, Part::Tenant, page_size).unwrap();
    let limits = LoadLimits { row_bytes_max: 1 << 20 };
    let mut loader = Loader::new(blank.image(), &account, limits).unwrap();
    let mut state = [Expected::default(), Expected::default()];
    state[0].keyed = true;
    // What a table still open has of its rows by then is nobody's business: it is not loaded.
    let mut images: Vec<(Image, [Option<Vec<String>>; 2])> = Vec::new();
    let mut readers: Vec<OpenReader> = Vec::new();
    for act in acts {
        match act {
            Act::Begin { table, demoted, expected } => {
                let shape = TableShape { demoted_key: demoted, untyped: Vec::new() };
                loader.begin_table(table, &shape, expected).unwrap();
                let keyed = table == 0 && !demoted;
                state[table] = Expected { rows: Vec::new(), keyed, open: true };
            }
            Act::Rows { table, from, count, step, text } => {
                for id in (from..).step_by(step as usize).take(count as usize) {
                    let value = "x".repeat(text);
                    let flow = loader.sink(table).row(&[Cell::Integer(id), Cell::Text(&value)]);
                    assert_eq!(flow == Flow::Continue, state[table].open);
                    if state[table].open {
                        state[table].insert(id, text);
                    }
                }
            }
            Act::End(table) if state[table].open => {
                let outcome = loader.end_table(table).unwrap();
                assert_eq!(outcome.rows, state[table].rows.len() as u64);
                state[table].open = false;
            }
            Act::Publish => {
                let image = loader.publish().unwrap();
                let (_dir, _) = reopen(&image);
                let shown = [0, 1].map(|n: usize| (!state[n].open).then(|| state[n].shown()));
                images.push((image, shown));
            }
            Act::OpenReader(n) if !images.is_empty() => {
                let (image, shown) = &images[n % images.len()];
                let table = n % 2;
                if let Some(shown) = &shown[table] {
                    let left = shown.clone().into_iter();
                    readers.push(OpenReader { statement: open(image, table), left });
                }
            }
            Act::StepReader(n) if !readers.is_empty() => {
                let count = readers.len();
                let reader = &mut readers[n % count];
                for _ in 0..20 {
                    let row = step(&mut reader.statement);
                    assert_eq!(row, reader.left.next());
                    if row.is_none() {
                        reader.statement.reset();
                        reader.left = Vec::new().into_iter();
                        readers.remove(n % count);
                        break;
                    }
                }
            }
            Act::CloseReader(n) if !readers.is_empty() => drop(readers.remove(n % readers.len())),
            Act::DropImage(n) if !images.is_empty() => drop(images.remove(n % images.len())),
            _ => {}
        }
    }
    for reader in &mut readers {
        for row in reader.left.by_ref() {
            assert_eq!(step(&mut reader.statement), Some(row));
        }
        assert_eq!(step(&mut reader.statement), None);
    }
    drop((loader, images, readers));
    assert_eq!(account.used(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn images_hold_what_a_plain_sqlite_holds(acts in acts(), tiny in any::<bool>()) {
        play(acts, if tiny { PageSize::Tiny } else { PageSize::Normal });
    }

    #[test]
    fn page_stores_are_files(
        steps in proptest::collection::vec((0..3u8, 0..200_000usize, 0..9000usize, any::<u8>()), 1..60)
    ) {
        crate::init().unwrap();
        let account = Account::root(u64::MAX);
        let mut base = Pages::empty(&account);
        let mut plain = vec![7u8; 150_000];
        plain[16..18].copy_from_slice(&4096u16.to_be_bytes()); // the page size, as SQLite has it
        let start = plain.clone();
        base.write(&plain, 0).unwrap();
        let contents = Contents { catalog: catalog(vec![]), part: Part::Tenant, loaded: TableSet::EMPTY, touched: TableSet::EMPTY };
        let image = base.freeze(contents);
        let mut pages = Pages::over(&image, &account);
        let mut overlay = Overlay::new(&image, &account).unwrap();
        let mut journal = Journal::new(&image, &account).unwrap();
        let mut record = Vec::new();
        for (what, at, len, byte) in steps {
            let spot = at * len / 9000;
            match what {
                0 => {
                    journal.truncate(spot as u64).unwrap();
                    record.truncate(spot);
                }
                1 => {
                    let spot = spot.min(record.len() + 10);
                    journal.write(&vec![byte; len], spot as u64).unwrap();
                    record.resize(record.len().max(spot + len), 0);
                    record[spot..spot + len].fill(byte);
                }
                _ => {
                    let end = record.len() as u64;
                    journal.write(&3u32.to_be_bytes(), end).unwrap();
                    journal.write(&[7; 4096], end + 4).unwrap();
                    record.extend_from_slice(&3u32.to_be_bytes());
                    record.extend_from_slice(&[7; 4096]);
                }
            }
            prop_assert_eq!(journal.size(), record.len() as u64);
            if what == 0 {
                pages.truncate(at as u64).unwrap();
                overlay.truncate(at as u64);
                plain.truncate(at);
            } else {
                // SQLite never writes far beyond a file's end.
                let at = at.min(plain.len());
                let bytes = vec![byte; len];
                pages.write(&bytes, at as u64).unwrap();
                overlay.write(&bytes, at as u64).unwrap();
                plain.resize(plain.len().max(at + len), 0);
                plain[at..at + len].fill(byte);
            }
            prop_assert_eq!(pages.size(), plain.len() as u64);
            prop_assert_eq!(overlay.size(), plain.len() as u64);
        }
        let mut read = [vec![0u8; plain.len()], vec![0u8; plain.len()]];
        let [first, second] = &mut read;
        prop_assert_eq!(pages.read(chunk::as_uninit(first), 0), plain.len());
        prop_assert_eq!(overlay.read(chunk::as_uninit(second), 0), plain.len());
        prop_assert!(read[0] == plain && read[1] == plain);
        let mut kept = vec![0u8; record.len()];
        prop_assert_eq!(journal.read(chunk::as_uninit(&mut kept), 0), record.len());
        prop_assert!(kept == record);
        let mut untouched = vec![0u8; 150_000];
        prop_assert_eq!(image.read(chunk::as_uninit(&mut untouched), 0), 150_000);
        prop_assert!(untouched == start);
        drop((base, image, pages, overlay, journal));
        prop_assert_eq!(account.used(), 0);
    }
}

#[test]
fn a_reader_sees_its_generation_to_the_end_from_any_thread() {
    let columns = [("id", ColumnType::Integer), ("x", ColumnType::Any)];
    let catalog = catalog(vec![table("t0", &columns, &[], &[])]);
    let blank = Blank::build(&catalog, Part::Tenant, PageSize::Tiny).unwrap();
    let limits = LoadLimits { row_bytes_max: 1 << 20 };
    let mut loader = Loader::new(blank.image(), &Account::root(u64::MAX), limits).unwrap();
    let mut images = Vec::new();
    for generation in 1..=4 {
        loader.begin_table(0, &TableShape::default(), None).unwrap();
        for id in 0..2000 {
            let _ = loader.sink(0).row(&[Cell::Integer(id), Cell::Integer(generation)]);
        }
        loader.end_table(0).unwrap();
        images.push((generation, loader.publish().unwrap()));
    }
    let readers = Arc::new(Readers::new(2));
    std::thread::scope(|scope| {
        for (generation, image) in &images {
            for _ in 0..2 {
                let readers = Arc::clone(&readers);
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert_eq!(sum(image, &readers), format!("2000|{}", generation * 2000));
                    }
                });
            }
        }
    });
    drop(images);
    assert_eq!(readers.len(), 0);
}

fn sum(image: &Image, readers: &Readers) -> String {
    let mut kept = crate::fixture::Kept::default();
    let script = Script { sql: "SELECT count(*), sum(x) FROM t0".to_owned(), params: Params::None };
    let limits = QueryLimits {
        max_rows: None,
        row_bytes_max: 1 << 20,
        sql_bytes_max: 1 << 20,
        cpu_time_max: None,
    };
    let run = Run {
        image,
        shared: None,
        account: &Account::root(u64::MAX),
        heap: &Account::root(u64::MAX),
        limits: &limits,
        interrupt: &Interrupt::new(),
        pace: None,
        clock: &crate::fixture::Ticking::default(),
        deadline: model::Monotonic(u64::MAX),
        as_of: None,
    };
    crate::run(&script, &run, readers, &mut kept).unwrap();
    kept.rows.join(";")
}
