//! JSON as one object, and NDJSON as one value a line. They share how a value, the columns and the
//! end are written and differ in what stands between them.
//!
//! Integers beyond 2^53 are strings, since a reader that takes numbers for doubles would change
//! them; infinities are the strings `Infinity` and `-Infinity`; blobs are `{"$blob": base64}`.

use model::{AsOf, Cell, Column, Error, Flow, RowSink, Summary};

use crate::buffer::{Buffer, Output, base64, pieces};
use crate::csv::infinity;
use crate::scan;

/// Integers up to this magnitude are exact as doubles.
const EXACT_MAX: u64 = 1 << 53;

/// What stands around columns, rows and the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `{"columns":[…],"rows":[…],"complete":…}`
    Object,
    /// One value a line.
    Lines,
}

pub(crate) struct JsonEncoder<O> {
    buffer: Buffer<O>,
    framing: Framing,
    begun: bool,
    rows: u64,
}

impl<O: Output> JsonEncoder<O> {
    pub(crate) fn new(output: O, framing: Framing) -> Self {
        JsonEncoder { buffer: Buffer::new(output), framing, begun: false, rows: 0 }
    }

    fn put(&mut self, text: &str) {
        self.buffer.bytes().extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn text(&mut self, text: &str) {
        self.buffer.bytes().push(b'"');
        if text.len() <= model::limits::ENCODER_PIECE_BYTES {
            escape(self.buffer.bytes(), text);
        } else {
            for piece in pieces(text) {
                escape(self.buffer.bytes(), piece);
                self.buffer.settle();
            }
        }
        self.buffer.bytes().push(b'"');
    }

    #[inline]
    fn cell(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Null => self.put("null"),
            Cell::Integer(integer) => {
                let mut text = itoa::Buffer::new();
                let text = text.format(*integer);
                if integer.unsigned_abs() <= EXACT_MAX {
                    self.put(text);
                } else {
                    self.text(text);
                }
            }
            Cell::Real(real) if real.is_finite() => {
                let mut text = zmij::Buffer::new();
                self.buffer.bytes().extend_from_slice(text.format_finite(*real).as_bytes());
            }
            Cell::Real(real) if real.is_nan() => self.put("null"),
            Cell::Real(real) => self.text(infinity(*real)),
            Cell::Text(text) => self.text(text),
            Cell::Blob(blob) => {
                self.put("{\"$blob\":\"");
                base64(&mut self.buffer, blob);
                self.put("\"}");
            }
        }
        self.buffer.settle();
    }

    fn open(&mut self, columns: &[Column]) {
        self.begun = true;
        self.put("{\"columns\":[");
        for (number, column) in columns.iter().enumerate() {
            self.put(if number > 0 { ",{\"name\":" } else { "{\"name\":" });
            self.text(&column.name);
            self.put(",\"type\":");
            match column.column_type {
                Some(column_type) => self.text(column_type.name()),
                None => self.put("null"),
            }
            self.put("}");
            self.buffer.settle();
        }
        self.put(match self.framing {
            Framing::Object => "],\"rows\":[",
            Framing::Lines => "]}\n",
        });
    }

    /// From the rows' end to `"complete":…,"row_count":…`.
    fn open_end(&mut self, complete: bool) {
        if !self.begun {
            self.open(&[]);
        }
        self.put(match self.framing {
            Framing::Object => "],\"complete\":",
            Framing::Lines => "{\"complete\":",
        });
        self.put(if complete { "true" } else { "false" });
        self.put(",\"row_count\":");
        self.unsigned(self.rows);
    }

    fn unsigned(&mut self, number: u64) {
        let mut text = itoa::Buffer::new();
        self.put(text.format(number));
    }

    fn as_of(&mut self, as_of: Option<AsOf>) {
        self.put(",\"as_of\":");
        match as_of {
            Some(as_of) => self.text(&as_of.time.to_string()),
            None => self.put("null"),
        }
        if as_of.is_some_and(|as_of| !as_of.exact) {
            self.put(",\"as_of_exact\":false");
        }
    }

    fn close_end(&mut self) {
        self.put("}\n");
        self.buffer.end();
    }
}

/// Copies text, escaped: long runs at once.
#[inline]
fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    loop {
        let at = scan::json_special(bytes, copied);
        out.extend_from_slice(&bytes[copied..at]);
        let Some(byte) = bytes.get(at) else { return };
        match scan::JSON_ESCAPE[usize::from(*byte)] {
            b'u' => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            letter => out.extend_from_slice(&[b'\\', letter]),
        }
        copied = at + 1;
    }
}

impl<O: Output> RowSink for JsonEncoder<O> {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.open(columns);
        self.buffer.flow()
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let open = match self.framing {
            Framing::Object if self.rows > 0 => ",\n[",
            _ => "[",
        };
        self.put(open);
        self.rows += 1;
        let mut cells = cells.iter();
        if let Some(first) = cells.next() {
            self.cell(first);
            for cell in cells {
                self.buffer.bytes().push(b',');
                self.cell(cell);
            }
        }
        self.put(if self.framing == Framing::Lines { "]\n" } else { "]" });
        self.buffer.settle();
        self.buffer.flow()
    }

    fn finish(&mut self, summary: &Summary) {
        self.open_end(summary.cut.is_none());
        self.as_of(summary.as_of);
        if let Some(cut) = summary.cut {
            self.put(",\"reason\":");
            self.text(cut.name());
        }
        if let Some(changes) = summary.changes {
            self.put(",\"changes\":");
            self.unsigned(changes);
        }
        if summary.replaced_texts > 0 {
            self.put(",\"replaced_texts\":");
            self.unsigned(summary.replaced_texts);
        }
        self.close_end();
    }

    fn fail(&mut self, error: &Error) {
        self.open_end(false);
        self.put(",\"error\":{\"code\":");
        self.text(error.code.slug());
        self.put(",\"detail\":");
        self.text(&error.message);
        self.put(",\"retryable\":");
        self.put(if error.code.retryable() { "true" } else { "false" });
        if let Some(offset) = error.offset {
            self.put(",\"offset\":");
            self.unsigned(offset);
        }
        self.put("}");
        self.close_end();
    }
}
