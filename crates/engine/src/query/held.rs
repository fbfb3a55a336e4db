//! The rows of a short run, held until it has ended well.

use model::limits::{BRIEF_BYTES, BRIEF_ROWS};
use model::{Cell, Column, Error, Flow, RowSink, Summary};

/// A few rows, held until they may be sent.
#[derive(Default)]
pub(super) struct Held {
    cells: Vec<HeldCell>,
    bytes: Vec<u8>,
    rows: u64,
    /// There were too many.
    full: bool,
}

/// A cell whose text or blob lies in the bytes, up to there from where the one before ended.
#[derive(Clone, Copy)]
enum HeldCell {
    Null,
    Integer(i64),
    Real(f64),
    Text(usize),
    Blob(usize),
}

impl Held {
    /// Empty again, with its room kept.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.bytes.clear();
        self.rows = 0;
        self.full = false;
    }

    /// Whether there were too many rows, or bytes in them.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Sends the rows, after `begin`.
    pub(super) fn replay(&self, columns: &[Column], sink: &mut dyn RowSink) {
        if sink.begin(columns) == Flow::Stop {
            return;
        }
        let mut few = [Cell::Null; 8];
        let mut many = Vec::new();
        let row: &mut [Cell<'_>] = match few.get_mut(..columns.len()) {
            Some(few) => few,
            None => {
                many.resize(columns.len(), Cell::Null);
                &mut many
            }
        };
        let mut start = 0;
        for held in self.cells.chunks(columns.len().max(1)) {
            for (cell, out) in held.iter().zip(row.iter_mut()) {
                let mut part = |end: usize| {
                    let part = &self.bytes[start..end];
                    start = end;
                    part
                };
                *out = match *cell {
                    HeldCell::Null => Cell::Null,
                    HeldCell::Integer(value) => Cell::Integer(value),
                    HeldCell::Real(value) => Cell::Real(value),
                    // It was a text when it was held; the default is for the compiler.
                    HeldCell::Text(end) => {
                        Cell::Text(std::str::from_utf8(part(end)).unwrap_or_default())
                    }
                    HeldCell::Blob(end) => Cell::Blob(part(end)),
                };
            }
            if sink.row(row) == Flow::Stop {
                return;
            }
        }
    }
}

impl RowSink for Held {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.cells.reserve(columns.len());
        Flow::Continue
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let bytes: usize = cells.iter().map(Cell::payload_bytes).sum();
        if self.rows >= BRIEF_ROWS || self.bytes.len() + bytes > BRIEF_BYTES {
            self.full = true;
            return Flow::Stop;
        }
        self.rows += 1;
        for cell in cells {
            let held = match *cell {
                Cell::Null => HeldCell::Null,
                Cell::Integer(value) => HeldCell::Integer(value),
                Cell::Real(value) => HeldCell::Real(value),
                Cell::Text(text) => {
                    self.bytes.extend_from_slice(text.as_bytes());
                    HeldCell::Text(self.bytes.len())
                }
                Cell::Blob(blob) => {
                    self.bytes.extend_from_slice(blob);
                    HeldCell::Blob(self.bytes.len())
                }
            };
            self.cells.push(held);
        }
        Flow::Continue
    }

    // The outcome says how it ended.
    fn finish(&mut self, _: &Summary) {}

    fn fail(&mut self, _: &Error) {}
}
