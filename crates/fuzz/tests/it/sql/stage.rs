//! A small tenant and one who asks: an image, a query within small bounds by a clock that counts
//! how often it is read, and what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{
    Blank, Failure, Image, Interrupt, LoadLimits, Loader, PageSize, Params, Part, QueryLimits,
    Readers, Run, Script, TableShape, Value,
};
use model::{
    Account, AsOf, Cap, Catalog, Cell, Clock, Column, Error, Flow, Monotonic, RowSink, Summary,
    Timestamp,
};
use rusqlite::{Connection, OpenFlags};

/// Its tables are those that the hostile statements name.
const CATALOG: &str = r#"
tenant_key = "k"
[[tables]]
name = "devices"
collection = "c"
columns = [{ name = "id", path = "a", as = "text" }, { name = "serial", path = "b", as = "text" }, { name = "city", path = "c", as = "text" }, { name = "pages", path = "d", as = "integer" }, { name = "price", path = "e", as = "real" }]
primary_key = ["id"]
indexes = [["city"]]
[[tables]]
name = "alerts"
collection = "c"
columns = [{ name = "id", path = "a", as = "text" }, { name = "level", path = "b", as = "integer" }]
[[tables]]
name = "cities"
collection = "c"
shared = true
columns = [{ name = "name", path = "a", as = "text" }, { name = "country", path = "b", as = "text" }]
primary_key = ["name"]
"#;

/// Looks at the clock, each a thousand VM steps or some allocations apart, that a query has.
pub(super) const LOOKS: u64 = 100;
/// Looks past the deadline until a query has ended.
pub(super) const LATE_LOOKS: u64 = 100;
/// Bytes of a query's heap, of its scratch and temp files, and of a row.
const HEAP_BYTES: u64 = 16 << 20;
const TEMP_BYTES: u64 = 4 << 20;
const ROW_BYTES: u64 = 64 << 10;
/// Rows of a result.
const ROWS: u64 = 300;

/// Goes forward by one whenever it is read.
#[derive(Default)]
struct Counting(AtomicU64);

impl Clock for Counting {
    fn now(&self) -> Timestamp {
        Timestamp(1_767_000_000_000)
    }
    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// How a query ended.
#[derive(Debug)]
pub(super) enum End {
    /// With these rows, each as text.
    Rows(Vec<String>),
    /// It needs tables that are not loaded.
    Needs,
    Failed(Error),
}

#[derive(Default)]
struct Kept {
    rows: Vec<String>,
    begun: u32,
    ended: u32,
}

impl RowSink for Kept {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.begun += 1;
        self.rows.push(columns.iter().map(|column| format!("{}|", column.name)).collect());
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        assert_eq!((self.begun, self.ended), (1, 0));
        self.rows.push(format!("{cells:?}"));
        Flow::Continue
    }
    fn finish(&mut self, _: &Summary) {
        self.ended += 1;
    }
    fn fail(&mut self, _: &Error) {
        self.ended += 1;
    }
}

/// A tenant's images.
pub(super) struct Stage {
    pub(super) image: Image,
    pub(super) shared: Image,
    pub(super) blank: [Image; 2],
}

impl Stage {
    pub(super) fn new() -> Stage {
        let catalog = Arc::new(Catalog::parse(CATALOG).expect("a catalog"));
        let build = |part| {
            let blank = Blank::build(&catalog, part, PageSize::Tiny).expect("a blank image");
            blank.image().clone()
        };
        let blank = [build(Part::Tenant), build(Part::Shared)];
        Stage { image: loaded(&blank[0], &[0, 1]), shared: loaded(&blank[1], &[2]), blank }
    }

    /// Runs `script` with `readers`.
    pub(super) fn ask(&self, sql: &str, readers: &Readers) -> End {
        let script = script(sql);
        let root = Account::root(u64::MAX);
        let temp = Account::share(&root, Cap::QueryTemp, TEMP_BYTES);
        let heap = Account::share(&root, Cap::QueryHeap, HEAP_BYTES);
        let clock = Counting::default();
        let limits = QueryLimits {
            max_rows: Some(ROWS),
            row_bytes_max: ROW_BYTES,
            sql_bytes_max: 64 << 10,
            cpu_time_max: None,
        };
        let run = Run {
            image: &self.image,
            shared: Some(&self.shared),
            account: &temp,
            heap: &heap,
            limits: &limits,
            interrupt: &Interrupt::new(),
            clock: &clock,
            pace: None,
            deadline: Monotonic(LOOKS),
            as_of: Some(AsOf { time: Timestamp(7), exact: true }),
        };
        let mut sink = Kept::default();
        if let Some(summary) = engine::run_brief(&script, &run, readers, &mut sink) {
            assert!(summary.rows <= ROWS);
            assert_eq!((sink.begun, sink.ended), (1, 1));
            return End::Rows(sink.rows);
        }
        assert_eq!(
            (sink.begun, sink.ended),
            (0, 0),
            "a brief run that was given up sent something"
        );
        let outcome = engine::run(&script, &run, readers, &mut sink);
        assert_eq!(temp.used(), 0, "scratch and temp files stay charged");
        let looks = clock.0.into_inner();
        assert!(looks <= LOOKS + LATE_LOOKS, "it went on for {looks} looks");
        match outcome {
            Ok(summary) => {
                assert!(summary.rows <= ROWS && sink.ended == 1 && sink.begun <= 1);
                End::Rows(sink.rows)
            }
            Err(Failure::NeedTables(_)) => {
                assert_eq!((sink.begun, sink.ended), (0, 0));
                End::Needs
            }
            Err(Failure::Error { error, begun }) => {
                assert_eq!((sink.begun, sink.ended), (u32::from(begun), u32::from(begun)));
                End::Failed(error)
            }
        }
    }

    /// SQLite finds nothing wrong with either image, as a file that another VFS opens.
    pub(super) fn is_whole(&self) {
        for image in [&self.image, &self.shared] {
            let mut bytes = Vec::new();
            image.write_to(&mut |part| {
                bytes.extend_from_slice(part);
                Flow::Continue
            });
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("image.sqlite");
            std::fs::write(&path, bytes).expect("written");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let db = Connection::open_with_flags_and_vfs(&path, flags, c"unix").expect("opened");
            let check = db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
            assert_eq!(check.expect("checked"), "ok");
        }
    }

    /// Both images' bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for image in [&self.image, &self.shared] {
            image.write_to(&mut |part| {
                bytes.extend_from_slice(part);
                Flow::Continue
            });
        }
        bytes
    }
}

/// With parameters for `?1` and `:a`, where the text has one of them.
pub(super) fn script(sql: &str) -> Script {
    let params = match (sql.contains("?1"), sql.contains(":a")) {
        (true, false) => Params::Positional(vec![Value::Integer(7)]),
        (false, true) => Params::Named(vec![("a".to_owned(), Value::Text("x".to_owned()))]),
        _ => Params::None,
    };
    Script { sql: sql.to_owned(), params }
}

fn loaded(blank: &Image, tables: &[usize]) -> Image {
    let limits = LoadLimits { row_bytes_max: ROW_BYTES };
    let mut loader = Loader::new(blank, &Account::root(u64::MAX), limits).expect("a loader");
    for table in tables {
        loader.begin_table(*table, &TableShape::default(), None).expect("begun");
        for n in 0..40_i32 {
            let (id, serial) = (format!("d{n:03}"), format!("S{n}"));
            let city = if n % 2 == 0 { "Delft" } else { "Gent" };
            let (pages, price) = (Cell::Integer(n.into()), Cell::Real(f64::from(n) / 4.0));
            let cells: &[Cell<'_>] = match table {
                0 => &[Cell::Text(&id), Cell::Text(&serial), Cell::Text(city), pages, price],
                1 => &[Cell::Text(&id), pages],
                _ if n < 2 => &[Cell::Text(city), Cell::Text("NL")],
                _ => break,
            };
            assert_eq!(loader.sink(*table).row(cells), Flow::Continue);
        }
        loader.end_table(*table).expect("ended");
    }
    loader.publish().expect("published")
}
