//! A load's synchronous part, on a boot thread: raw batches to rows to an image. A table whose
//! shape does not fit what came (a column's type, the key) is begun anew and read again.

use engine::{Image, LoadLimits, Loader, Pace, TableOutcome, TableShape};
use model::limits::{LOAD_ROWS_PER_LOOK, TABLE_PASSES_MAX};
use model::{
    Catalog, Cell, Charge, Column, Error, ErrorCode, Flow, RowSink, Summary, TableSet, TenantId,
};
use source::{DecodeLimits, Decoder, RawBatch, TableReport};
use std::sync::Arc;
use tokio::sync::mpsc;

use crate::core::Core;
use crate::cpu::{Lane, Paced, Worker};
use crate::load_state::Load;
use crate::seen::Seen;

/// What a load works on.
pub(crate) struct Plan {
    pub(crate) base: Image,
    pub(crate) account: Arc<model::Account>,
    /// Charged with what the load takes in passing.
    pub(crate) passing: Arc<model::Account>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) row_bytes_max: u64,
    /// The tables that each scan feeds.
    pub(crate) scans: Vec<TableSet>,
    /// Shapes known from an earlier load.
    pub(crate) shapes: Vec<(usize, TableShape)>,
    pub(crate) load: Arc<Load>,
}

/// Where the batches come from.
pub(crate) enum Feed {
    /// All are here, by scan: small tenants.
    Ready(Vec<Vec<RawBatch>>),
    /// They come as they come.
    Stream {
        batches: mpsc::Receiver<Fed>,
        /// By scan: whether it must be read once more.
        again: Vec<mpsc::Sender<bool>>,
    },
}

/// A message to the load's thread.
pub(crate) enum Fed {
    /// Documents of a scan, with what was reserved for their rows.
    Batch(usize, RawBatch, Charge),
    /// A scan came to its end, and what it read was verified.
    End(usize),
    /// It cannot be read.
    Failed(Error),
}

/// Tables ready to be read.
pub(crate) struct Ready {
    pub(crate) image: Image,
    pub(crate) tables: Vec<Seen>,
}

struct OpenTable {
    number: usize,
    decoder: Decoder,
    shape: TableShape,
    pass: u32,
}

struct Loading<'a> {
    plan: &'a Plan,
    pace: &'a Paced<'a>,
    loader: Loader,
    /// Tables still open, by scan.
    open: Vec<Vec<OpenTable>>,
    done: Vec<Seen>,
}

/// Runs a load; `publish` is called once or more, the last time with everything.
///
/// # Errors
/// What the engine, the decoder or the source says; `internal` with the load's token cancelled if
/// it was stopped.
pub(crate) fn run(
    core: &Core,
    plan: &Plan,
    feed: Feed,
    publish: &mut dyn FnMut(Ready),
) -> Result<(), Error> {
    let worker = Worker {
        turns: &core.turns,
        runtime: &*core.runtime,
        owner: plan.tenant.as_ref(),
        lane: Lane::Boot,
    };
    let over = || plan.load.stop.is_cancelled();
    let pace = Paced::new(worker, &over);
    engine::paced(&pace, || load(plan, &pace, feed, publish))
}

fn load(
    plan: &Plan,
    pace: &Paced<'_>,
    feed: Feed,
    publish: &mut dyn FnMut(Ready),
) -> Result<(), Error> {
    let limits = LoadLimits { row_bytes_max: plan.row_bytes_max };
    let loader = Loader::with_passing(&plan.base, (&plan.account, &plan.passing), limits)?;
    let mut loading = Loading { plan, pace, loader, open: Vec::new(), done: Vec::new() };
    for tables in &plan.scans {
        let open = tables.iter().map(|number| loading.begin(number)).collect::<Result<_, _>>()?;
        loading.open.push(open);
    }
    match feed {
        Feed::Ready(scans) => loading.ready(&scans, publish),
        Feed::Stream { batches, again } => loading.stream(batches, &again, publish),
    }
}

impl Loading<'_> {
    fn begin(&mut self, number: usize) -> Result<OpenTable, Error> {
        let known = self.plan.shapes.iter().find(|(table, _)| *table == number);
        let shape = known.map(|(_, shape)| shape.clone()).unwrap_or_default();
        self.loader.begin_table(number, &shape, None)?;
        Ok(OpenTable { number, decoder: self.decoder(number), shape, pass: 1 })
    }

    fn decoder(&self, number: usize) -> Decoder {
        let limits = DecodeLimits { row_bytes_max: self.plan.row_bytes_max };
        Decoder::new(&self.plan.catalog, number, self.plan.tenant.as_ref(), limits)
    }

    fn ready(
        mut self,
        scans: &[Vec<RawBatch>],
        publish: &mut dyn FnMut(Ready),
    ) -> Result<(), Error> {
        for (scan, batches) in scans.iter().enumerate() {
            let documents = batches.iter().map(RawBatch::len).sum::<usize>();
            self.plan.load.add_documents(documents as u64);
            loop {
                for batch in batches {
                    self.batch(scan, batch)?;
                }
                if !self.end(scan)? {
                    break;
                }
            }
        }
        publish(self.publish()?);
        Ok(())
    }

    fn stream(
        mut self,
        mut batches: mpsc::Receiver<Fed>,
        again: &[mpsc::Sender<bool>],
        publish: &mut dyn FnMut(Ready),
    ) -> Result<(), Error> {
        let mut left = self.open.len();
        while left > 0 {
            // A load that waits for its source holds no turn.
            let fed = match batches.try_recv() {
                Ok(fed) => Some(fed),
                Err(_) => self.pace.pause(|| batches.blocking_recv()),
            };
            match fed {
                Some(Fed::Batch(scan, batch, charge)) => {
                    // What was reserved for the rows is what the loader charges now.
                    drop(charge);
                    self.plan.load.add_documents(batch.len() as u64);
                    self.batch(scan, &batch)?;
                }
                Some(Fed::End(scan)) => {
                    let more = self.end(scan)?;
                    // If nobody listens any more, the load is being stopped.
                    let _ = again[scan].try_send(more);
                    if !more {
                        left -= 1;
                        publish(self.publish()?);
                    }
                }
                Some(Fed::Failed(error)) => return Err(error),
                None => return Err(Error::internal("the load's batches ended early")),
            }
        }
        Ok(())
    }

    fn batch(&mut self, scan: usize, batch: &RawBatch) -> Result<(), Error> {
        if self.plan.load.stop.is_cancelled() {
            return Err(Error::internal("the load was stopped"));
        }
        self.pace.look();
        for table in &mut self.open[scan] {
            let into = self.loader.sink(table.number);
            let mut into = Pacing { into, pace: self.pace, rows: 0 };
            let flow = table.decoder.decode(batch, &mut into)?;
            if flow == Flow::Stop {
                let error = self.loader.end_table(table.number).err();
                return Err(error.unwrap_or_else(|| Error::internal("a table took no more rows")));
            }
        }
        Ok(())
    }

    /// Ends a scan's tables; whether it must be read again.
    fn end(&mut self, scan: usize) -> Result<bool, Error> {
        let mut again = Vec::new();
        for mut table in std::mem::take(&mut self.open[scan]) {
            let outcome = self.loader.end_table(table.number)?;
            let report = table.decoder.report();
            match fitting(&table.shape, &outcome, report, table.pass) {
                None => {
                    self.plan.load.add_stored(outcome.rows);
                    self.done.push(Seen::pack(table.number, outcome, &table.shape, report));
                }
                Some(_) if table.pass >= TABLE_PASSES_MAX => {
                    return Err(Error::new(
                        ErrorCode::Internal,
                        "a table of this tenant fits no shape; the operator's log has the details",
                    )
                    .with_internal(format!("table {} fits no shape", table.number)));
                }
                Some(shape) => {
                    self.plan.load.add_reload();
                    self.loader.begin_table(table.number, &shape, Some(report.rows))?;
                    table.decoder = self.decoder(table.number);
                    table.shape = shape;
                    table.pass += 1;
                    again.push(table);
                }
            }
        }
        self.open[scan] = again;
        Ok(!self.open[scan].is_empty())
    }

    fn publish(&mut self) -> Result<Ready, Error> {
        Ok(Ready { image: self.loader.publish()?, tables: std::mem::take(&mut self.done) })
    }
}

/// Keeps the pace between a table's rows.
struct Pacing<'a> {
    into: &'a mut dyn RowSink,
    pace: &'a dyn Pace,
    rows: u32,
}

impl RowSink for Pacing<'_> {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.into.begin(columns)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.rows += 1;
        if self.rows.is_multiple_of(LOAD_ROWS_PER_LOOK) {
            self.pace.look();
        }
        self.into.row(cells)
    }

    fn finish(&mut self, summary: &Summary) {
        self.into.finish(summary);
    }

    fn fail(&mut self, error: &Error) {
        self.into.fail(error);
    }
}

/// The shape a table needs, if not `shape`. A first pass tells all that does not fit; as untyped
/// columns may make keys equal or different, a second may tell more; the third takes everything.
fn fitting(
    shape: &TableShape,
    outcome: &TableOutcome,
    report: &TableReport,
    pass: u32,
) -> Option<TableShape> {
    let columns = report.columns.iter().enumerate();
    let strict = columns
        .filter(|(number, column)| column.needs_untyped && !shape.untyped.contains(number))
        .map(|(number, _)| number);
    let mut untyped = shape.untyped.clone();
    untyped.extend(strict);
    untyped.sort_unstable();
    let needed =
        TableShape { untyped, demoted_key: shape.demoted_key || outcome.key_conflicts > 0 };
    if needed == *shape {
        return None;
    }
    if pass < 2 {
        return Some(needed);
    }
    Some(TableShape { untyped: (0..report.columns.len()).collect(), demoted_key: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(untyped: &[usize]) -> TableReport {
        let mut report = TableReport::default();
        report.columns.resize_with(3, Default::default);
        for column in untyped {
            report.columns[*column].needs_untyped = true;
        }
        report
    }

    #[test]
    fn shapes_converge() {
        let plain = TableShape::default();
        let whole = TableOutcome { rows: 5, ..TableOutcome::default() };
        let conflicts = TableOutcome { key_conflicts: 1, ..whole };
        assert_eq!(fitting(&plain, &whole, &report(&[]), 1), None);
        let both = TableShape { untyped: vec![0, 2], demoted_key: true };
        assert_eq!(fitting(&plain, &conflicts, &report(&[2, 0]), 1), Some(both.clone()));
        assert_eq!(fitting(&both, &conflicts, &report(&[0, 2]), 2), None);
        let last = TableShape { untyped: vec![0, 1, 2], demoted_key: true };
        assert_eq!(fitting(&both, &whole, &report(&[1]), 2), Some(last.clone()));
        assert_eq!(fitting(&last, &conflicts, &report(&[0, 1, 2]), 3), None);
    }
}
