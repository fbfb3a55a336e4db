//! From raw BSON to a published image, on one thread, beside two other ways to the same rows:
//! binding ready cells into a plain `:memory:` database, and `bson::Document` with rusqlite.

use std::sync::Arc;
use std::time::Duration;

use engine::{Blank, Image, LoadLimits, Loader, PageSize, Part, TableShape};
use model::{Account, Catalog, Cell, Flow, RowSink, TableSet, TenantId, TenantKeyType, limits};
use rusqlite::types::Value;
use source::{DecodeLimits, Decoder, RawBatch};

use crate::clock::{median, timed};
use crate::report::{Report, size};
use crate::{Options, Result, documents};

/// Documents in a batch, as the MongoDB source asks for.
const BATCH: usize = 10_000;
const ROUNDS: usize = 5;
const DDL: &str = "CREATE TABLE reads (id TEXT, device TEXT, city TEXT, status TEXT, note TEXT, mono INT, color INT, \
                   pages INT, cost REAL, level REAL, read_at TEXT, online INT, PRIMARY KEY (id)) WITHOUT ROWID";
const INSERT: &str = "INSERT INTO reads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Batches of `count` reads of tenant `bench`.
fn batches(count: usize) -> Result<Vec<RawBatch>> {
    let mut all = Vec::new();
    for start in (0..count).step_by(BATCH) {
        let mut run = Vec::new();
        for n in start..(start + BATCH).min(count) {
            run.extend_from_slice(&documents::bytes(&documents::read("bench", n))?);
        }
        all.push(RawBatch::from_run(run).map_err(|error| format!("{error:?}"))?);
    }
    Ok(all)
}

/// The tenant of the engine's rows.
pub(crate) fn tenant() -> Result<TenantId> {
    TenantId::parse("bench", TenantKeyType::String).map_err(|error| error.to_string().into())
}

/// An image of `count` reads, with the catalog's other tables loaded and empty.
pub(crate) fn image(catalog: &Arc<Catalog>, count: usize) -> Result<Image> {
    let blank = Blank::build(catalog, Part::Tenant, PageSize::Normal)?;
    ours(&blank, catalog, &batches(count)?)
}

/// The least CPU time of `rounds` boots of `count` reads.
pub(crate) fn boot_time(catalog: &Arc<Catalog>, count: usize, rounds: usize) -> Result<Duration> {
    let blank = Blank::build(catalog, Part::Tenant, PageSize::Normal)?;
    let batches = batches(count)?;
    let mut least = Duration::MAX;
    for _ in 0..rounds {
        let start = engine::thread_time();
        drop(ours(&blank, catalog, &batches)?);
        least = least.min(engine::thread_time().saturating_sub(start));
    }
    Ok(least)
}

fn ours(blank: &Blank, catalog: &Arc<Catalog>, batches: &[RawBatch]) -> Result<Image> {
    let account = Account::root(u64::MAX);
    let limits = LoadLimits { row_bytes_max: limits::ROW_BYTES_DEFAULT };
    let mut loader = Loader::new(blank.image(), &account, limits)?;
    let tenant = tenant()?;
    let tables: TableSet = catalog.tenant_tables();
    for table in tables.iter() {
        loader.begin_table(table, &TableShape::default(), None)?;
    }
    let mut decoder = Decoder::new(catalog, 0, Some(&tenant), DecodeLimits::default());
    for batch in batches {
        if decoder.decode(batch, loader.sink(0))? == Flow::Stop {
            break;
        }
    }
    for table in tables.iter() {
        let outcome = loader.end_table(table)?;
        if outcome.key_conflicts > 0 {
            return Err("the bench's keys conflict".into());
        }
    }
    Ok(loader.publish()?)
}

/// The rows as ready cells.
struct Ready {
    rows: Vec<Vec<Value>>,
}

impl RowSink for Ready {
    fn begin(&mut self, _: &[model::Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let value = |cell: &Cell<'_>| match cell {
            Cell::Null => Value::Null,
            Cell::Integer(n) => Value::Integer(*n),
            Cell::Real(n) => Value::Real(*n),
            Cell::Text(text) => Value::Text((*text).to_owned()),
            Cell::Blob(bytes) => Value::Blob(bytes.to_vec()),
        };
        self.rows.push(cells.iter().map(value).collect());
        Flow::Continue
    }
    fn finish(&mut self, _: &model::Summary) {}
    fn fail(&mut self, _: &model::Error) {}
}

fn ready(catalog: &Arc<Catalog>, batches: &[RawBatch]) -> Result<Vec<Vec<Value>>> {
    let mut sink = Ready { rows: Vec::new() };
    let tenant = tenant()?;
    let mut decoder = Decoder::new(catalog, 0, Some(&tenant), DecodeLimits::default());
    for batch in batches {
        if decoder.decode(batch, &mut sink)? == Flow::Stop {
            break;
        }
    }
    Ok(sink.rows)
}

fn memory() -> Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {DDL}; BEGIN"
    ))?;
    Ok(connection)
}

fn cells_into_memory(rows: &[Vec<Value>]) -> Result<rusqlite::Connection> {
    let connection = memory()?;
    {
        let mut insert = connection.prepare(INSERT)?;
        for row in rows {
            for (n, value) in row.iter().enumerate() {
                // Borrowed, so that nothing is copied before SQLite copies it into a page.
                let value = rusqlite::types::ToSqlOutput::Borrowed(value.into());
                insert.raw_bind_parameter(n + 1, value)?;
            }
            insert.raw_execute()?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

fn documents_into_memory(batches: &[RawBatch]) -> Result<rusqlite::Connection> {
    let connection = memory()?;
    {
        let mut insert = connection.prepare(INSERT)?;
        for batch in batches {
            for bytes in batch.documents() {
                let document: bson::Document =
                    bson::deserialize_from_slice(bytes.map_err(|e| format!("{e:?}"))?)?;
                insert.execute(rusqlite::params![
                    document.get_str("_id")?,
                    document.get_str("device")?,
                    document.get_document("location")?.get_str("city")?,
                    document.get_str("status")?,
                    document.get_str("note")?,
                    document.get_i32("mono")?,
                    document.get_i32("color")?,
                    document.get_i64("pages")?,
                    document.get_f64("cost")?,
                    document.get_f64("level")?,
                    document.get_datetime("readAt")?.try_to_rfc3339_string()?,
                    document.get_bool("online")?,
                ])?;
            }
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

fn rate(rows: usize, time: Duration) -> String {
    format!("{:.2} M rows/s", rows as f64 / time.as_secs_f64() / 1e6)
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let count = options.scale(300_000);
    let catalog = documents::catalog(0, false)?;
    let blank = Blank::build(&catalog, Part::Tenant, PageSize::Normal)?;
    let batches = batches(count)?;
    let rows = ready(&catalog, &batches)?;
    let (mut own, mut cells, mut naive, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (time, image) = timed(|| ours(&blank, &catalog, &batches));
        own.push(time);
        bytes = image?.bytes();
        let (time, connection) = timed(|| cells_into_memory(&rows));
        cells.push(time);
        connection?;
        let (time, connection) = timed(|| documents_into_memory(&batches));
        naive.push(time);
        connection?;
    }
    let (own, cells, naive) = (median(own), median(cells), median(naive));
    let share = cells.as_secs_f64() / own.as_secs_f64();
    report.row(
        &format!("boot from raw BSON, {count} documents, 12 columns, one thread"),
        rate(count, own),
        format!("ready cells into `:memory:`: {}, so {:.0} %", rate(count, cells), share * 100.0),
        "≥ 80 %",
        share >= 0.8,
    );
    let times = naive.as_secs_f64() / own.as_secs_f64();
    report.row(
        "the same",
        rate(count, own),
        format!("`bson::Document` and rusqlite: {}, so {times:.1}×", rate(count, naive)),
        "≥ 4×",
        times >= 4.0,
    );
    report.note("its image", size(bytes), format!("{:.0} B per row", bytes as f64 / count as f64));
    Ok(())
}
