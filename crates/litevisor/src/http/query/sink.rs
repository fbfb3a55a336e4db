//! The sink of a query's rows: an encoder into the pipe, with the result's bound and what the
//! response's head needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use export::{Format, Output};
use hypervisor::{Opened, QuerySink, Spent};
use model::limits::STREAM_CHUNK_BYTES;
use model::{Cell, Column, Error, ErrorCode, Flow, RowSink, Summary};

use super::super::pipe::PipeWriter;
use crate::canary::Watch;

/// What the query's thread tells the response.
#[derive(Default)]
pub(super) struct Told {
    /// What the head needs.
    pub(super) opened: Option<Opened>,
    /// What the query waited for before it ran.
    pub(super) spent: Spent,
    /// Why the sink wanted no more rows, if it was its own bound.
    pub(super) fault: Option<Error>,
    /// Bytes of the encoded result.
    pub(super) bytes: u64,
}

/// Shared between the sink and the response.
#[derive(Clone, Default)]
pub(super) struct Telling(Arc<Mutex<Told>>);

impl Telling {
    pub(super) fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the encoded bytes on their way into the pipe and enforces the result's bound.
struct Bounded {
    pipe: PipeWriter,
    telling: Telling,
    bytes_max: u64,
    left: Arc<AtomicU64>,
}

impl Output for Bounded {
    fn chunk(&mut self, bytes: Vec<u8>) -> Flow {
        let full = bytes.len() >= STREAM_CHUNK_BYTES;
        let total = {
            let mut told = self.telling.lock();
            told.bytes += bytes.len() as u64;
            told.bytes
        };
        self.left.store(self.bytes_max.saturating_sub(total), Ordering::Relaxed);
        // A last chunk may cross the bound once the head is out: what it ends is whole.
        if total > self.bytes_max && (full || !self.pipe.is_flowing()) {
            self.telling.lock().fault.get_or_insert_with(|| too_large(self.bytes_max));
        }
        let flow = self.pipe.push(bytes);
        if self.telling.lock().fault.is_some() { Flow::Stop } else { flow }
    }

    fn abort(&mut self) {
        self.pipe.abort();
    }

    fn end(&mut self) {
        self.pipe.end();
    }

    fn holds(&mut self, bytes: usize) {
        self.pipe.holds(bytes);
    }
}

fn too_large(bytes_max: u64) -> Error {
    Error::new(
        ErrorCode::ResultTooLarge,
        format!(
            "the result is larger than {bytes_max} bytes; ask for fewer rows or columns, or for \
             parts of it"
        ),
    )
}

fn too_many(rows_max: u64) -> Error {
    Error::new(
        ErrorCode::ResultTooLarge,
        format!(
            "the result has more than {rows_max} rows (query.result_rows_max); aggregate, filter, or \
             ask for parts of it"
        ),
    )
}

/// The sink handed to the hypervisor.
pub(super) struct ResultSink {
    encoder: Box<dyn RowSink + Send>,
    telling: Telling,
    waited: Arc<AtomicU64>,
    bounds: ResultBounds,
    rows: u64,
    /// Bytes of the result that may still come, as of the last chunk. Only the query's thread uses
    /// it: it is shared between the sink and its own output.
    left: Arc<AtomicU64>,
    watch: Option<Watch>,
}

/// Bounds of a result.
#[derive(Clone, Copy)]
pub(super) struct ResultBounds {
    /// Bytes of all of it, encoded.
    pub(super) bytes_max: u64,
    /// Its rows.
    pub(super) rows_max: u64,
    /// Bytes of one row's values, which the engine keeps.
    pub(super) row_bytes_max: u64,
}

impl ResultSink {
    pub(super) fn new(
        format: Format,
        pipe: PipeWriter,
        telling: Telling,
        bounds: ResultBounds,
        watch: Option<Watch>,
    ) -> Self {
        let waited = pipe.waited();
        let left = Arc::new(AtomicU64::new(bounds.bytes_max));
        let bytes_max = bounds.bytes_max;
        let output = Bounded { pipe, telling: telling.clone(), bytes_max, left: Arc::clone(&left) };
        let encoder = export::encoder(format, output);
        ResultSink { encoder, telling, waited, bounds, rows: 0, left, watch }
    }

    /// Whether these cells alone are over the result's bound, since no encoding is shorter than
    /// its texts and blobs. The encoder would send all of a row before it stops.
    fn is_over(&self, cells: &[Cell<'_>]) -> bool {
        let left = self.left.load(Ordering::Relaxed);
        if left >= self.bounds.row_bytes_max {
            return false;
        }
        let bytes = |cell: &Cell<'_>| match cell {
            Cell::Text(_) | Cell::Blob(_) => cell.payload_bytes() as u64,
            _ => 0,
        };
        cells.iter().map(bytes).sum::<u64>() > left
    }
}

impl QuerySink for ResultSink {
    fn opened(&mut self, opened: &Opened) {
        self.telling.lock().opened = Some(*opened);
    }

    fn spent(&mut self, spent: Spent) {
        self.telling.lock().spent = spent;
    }

    fn waited(&self) -> Option<Arc<AtomicU64>> {
        Some(Arc::clone(&self.waited))
    }
}

impl RowSink for ResultSink {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.encoder.begin(columns)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        if let Some(Err(seen)) = self.watch.as_ref().map(|watch| watch.row(cells)) {
            self.telling.lock().fault.get_or_insert(seen);
            return Flow::Stop;
        }
        if self.rows >= self.bounds.rows_max || self.is_over(cells) {
            let ResultBounds { bytes_max, rows_max, .. } = self.bounds;
            let many = self.rows >= rows_max;
            let fault = || if many { too_many(rows_max) } else { too_large(bytes_max) };
            self.telling.lock().fault.get_or_insert_with(fault);
            return Flow::Stop;
        }
        self.rows += 1;
        self.encoder.row(cells)
    }

    fn finish(&mut self, summary: &Summary) {
        // The engine stops where the sink says so, and calls it an end; here it is a bound.
        let fault = self.telling.lock().fault.clone();
        match fault {
            Some(error) => self.encoder.fail(&error),
            None => self.encoder.finish(summary),
        }
    }

    fn fail(&mut self, error: &Error) {
        let fault = self.telling.lock().fault.clone();
        self.encoder.fail(fault.as_ref().unwrap_or(error));
    }
}
