//! What the tests of several rooms need.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::{
    Account, Catalog, Cell, Clock, Column, ColumnPath, ColumnType, Error, Flow, Monotonic, Path,
    RowSink, Summary, Table, TableColumn, TenantKeyType, Timestamp,
};

use crate::{
    Blank, Failure, Image, Interrupt, LoadLimits, Loader, Pace, PageSize, Params, Part,
    QueryLimits, Readers, Run, Script, TableShape,
};

pub(crate) fn table(
    name: &str,
    columns: &[(&str, ColumnType)],
    key: &[usize],
    indexes: &[&[usize]],
) -> Table {
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

pub(crate) fn catalog(tables: Vec<Table>) -> Arc<Catalog> {
    Arc::new(Catalog {
        tenants: None,
        tenant_key_type: TenantKeyType::String,
        exclude: Vec::new(),
        tables,
        version: "0".to_owned(),
    })
}

pub(crate) fn two_tables() -> Arc<Catalog> {
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
    // The file does not outlive the test: a busy disk need not keep it waiting.
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    (dir, db)
}

pub(crate) fn ask(db: &rusqlite::Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The fleet: devices with a text key, meter reads, and shared models.
pub(crate) fn fleet() -> Arc<Catalog> {
    use ColumnType::{Datetime, Decimal, Integer, Real, Text};
    let devices = [("id", Text), ("site", Text), ("price", Decimal), ("model", Text)];
    let reads = [("device_id", Text), ("at", Datetime), ("pages", Integer), ("volts", Real)];
    let mut models = table("models", &[("id", Text), ("maker", Text)], &[0], &[]);
    models.shared = true;
    catalog(vec![
        table("devices", &devices, &[0], &[&[1]]),
        table("reads", &reads, &[], &[&[0]]),
        models,
    ])
}

pub(crate) const DEVICES: i64 = 1000;
pub(crate) const READS: i64 = 3000;

/// A tenant's image of the fleet with the tables wanted.
pub(crate) fn fleet_image(page_size: PageSize, tables: &[usize]) -> Image {
    let blank = Blank::build(&fleet(), Part::Tenant, page_size).unwrap();
    let limits = LoadLimits { row_bytes_max: 1 << 20 };
    let mut loader = Loader::new(blank.image(), &Account::root(u64::MAX), limits).unwrap();
    for &number in tables {
        loader.begin_table(number, &TableShape::default(), None).unwrap();
        let rows = if number == 0 { DEVICES } else { READS };
        for n in 0..rows {
            let (id, other) = (format!("d{:04}", n % DEVICES), format!("s{}", n % 7));
            let cells = if number == 0 {
                let price = Cell::Real(n as f64 / 4.0);
                [Cell::Text(&id), Cell::Text(&other), price, Cell::Text("m1")]
            } else {
                let at = Cell::Text("2026-01-02T03:04:05.678Z");
                [Cell::Text(&id), at, Cell::Integer(n), Cell::Real(0.5)]
            };
            assert_eq!(loader.sink(number).row(&cells), Flow::Continue);
        }
        loader.end_table(number).unwrap();
    }
    loader.publish().unwrap()
}

/// The image of the shared tables.
pub(crate) fn models_image(loaded: bool) -> Image {
    let blank = Blank::build(&fleet(), Part::Shared, PageSize::Tiny).unwrap();
    if !loaded {
        return blank.image().clone();
    }
    let limits = LoadLimits { row_bytes_max: 1 << 20 };
    let mut loader = Loader::new(blank.image(), &Account::root(u64::MAX), limits).unwrap();
    loader.begin_table(2, &TableShape::default(), None).unwrap();
    let _ = loader.sink(2).row(&[Cell::Text("m1"), Cell::Text("Acme")]);
    loader.end_table(2).unwrap();
    loader.publish().unwrap()
}

/// A clock that goes forward by a millisecond whenever it is read; half of it is CPU time.
#[derive(Default)]
pub(crate) struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
    fn thread_time(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed) / 2)
    }
}

/// Keeps all it is given, as text.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) rows: Vec<String>,
    pub(crate) finished: Option<Summary>,
    pub(crate) failed: Option<Error>,
    pub(crate) stop_after: Option<usize>,
}

impl RowSink for Kept {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        assert!(self.columns.is_none(), "begin twice");
        self.columns = Some(columns.to_vec());
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let text = |cell: &Cell<'_>| match cell {
            Cell::Null => "NULL".to_owned(),
            Cell::Integer(value) => value.to_string(),
            Cell::Real(value) => format!("{value:?}"),
            Cell::Text(text) => (*text).to_owned(),
            Cell::Blob(bytes) => format!("{bytes:x?}"),
        };
        self.rows.push(cells.iter().map(text).collect::<Vec<_>>().join("|"));
        if self.stop_after == Some(self.rows.len()) { Flow::Stop } else { Flow::Continue }
    }
    fn finish(&mut self, summary: &Summary) {
        assert!(self.finished.is_none() && self.failed.is_none());
        self.finished = Some(summary.clone());
    }
    fn fail(&mut self, error: &Error) {
        assert!(self.finished.is_none() && self.failed.is_none());
        self.failed = Some(error.clone());
    }
}

/// Everything a run needs, with generous bounds; tests change what they are about.
pub(crate) struct Bench {
    pub(crate) image: Image,
    pub(crate) shared: Option<Image>,
    pub(crate) account: Arc<Account>,
    pub(crate) heap: Arc<Account>,
    pub(crate) limits: QueryLimits,
    pub(crate) interrupt: Interrupt,
    pub(crate) readers: Readers,
    pub(crate) params: Params,
    pub(crate) deadline: Monotonic,
    pub(crate) clock: Ticking,
    pub(crate) pace: Option<Box<dyn Pace>>,
}

impl Bench {
    pub(crate) fn new(image: Image) -> Bench {
        Bench {
            image,
            shared: Some(models_image(true)),
            account: Account::root(u64::MAX),
            heap: Account::root(u64::MAX),
            limits: QueryLimits {
                max_rows: None,
                row_bytes_max: 1 << 20,
                sql_bytes_max: 1 << 20,
                cpu_time_max: None,
            },
            interrupt: Interrupt::new(),
            readers: Readers::new(8),
            params: Params::None,
            deadline: Monotonic(u64::MAX),
            clock: Ticking::default(),
            pace: None,
        }
    }

    pub(crate) fn run(&self, sql: &str, kept: &mut Kept) -> Result<Summary, Failure> {
        let script = Script { sql: sql.to_owned(), params: self.params.clone() };
        self.with_run(|run| {
            let outcome = crate::run(&script, run, &self.readers, kept);
            assert_eq!(self.account.used(), 0, "bytes left charged by {sql}");
            outcome
        })
    }

    pub(crate) fn with_run<R>(&self, body: impl FnOnce(&Run<'_>) -> R) -> R {
        body(&Run {
            image: &self.image,
            shared: self.shared.as_ref(),
            account: &self.account,
            heap: &self.heap,
            limits: &self.limits,
            interrupt: &self.interrupt,
            pace: self.pace.as_deref(),
            clock: &self.clock,
            deadline: self.deadline,
            as_of: Some(model::AsOf { time: Timestamp(7), exact: true }),
        })
    }

    /// How often the clock was read.
    pub(crate) fn looks(&self) -> u64 {
        self.clock.0.load(Ordering::Relaxed) / 1_000_000
    }

    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let mut kept = Kept::default();
        match self.run(sql, &mut kept) {
            Ok(summary) => assert_eq!(kept.finished, Some(summary)),
            Err(failure) => panic!("{sql}: {failure:?}"),
        }
        kept.rows
    }

    /// The error of a request that fails before anything is sent.
    pub(crate) fn error(&self, sql: &str) -> Error {
        let mut kept = Kept::default();
        match self.run(sql, &mut kept) {
            Err(Failure::Error { error, begun: false }) => {
                assert!(kept.columns.is_none() && kept.failed.is_none());
                error
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
}
