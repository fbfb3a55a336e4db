//! CSV as RFC 4180: CRLF, header row. NULL is an empty field and the empty string is `""`, so that
//! both survive; blobs are base64. A result that failed is aborted: CSV has no place to say it.

use model::{Cell, Column, Error, Flow, RowSink, Summary};

use crate::buffer::{Buffer, Output, base64, pieces};
use crate::scan;

pub(crate) struct CsvEncoder<O> {
    buffer: Buffer<O>,
}

impl<O: Output> CsvEncoder<O> {
    pub(crate) fn new(output: O) -> Self {
        CsvEncoder { buffer: Buffer::new(output) }
    }

    #[inline]
    fn text(&mut self, text: &str) {
        if text.len() <= model::limits::ENCODER_PIECE_BYTES
            && !text.is_empty()
            && !scan::csv_must_quote(text.as_bytes())
        {
            self.buffer.bytes().extend_from_slice(text.as_bytes());
        } else {
            self.quoted(text);
        }
    }

    /// Long text is quoted whether it must be or not: one look less at all of it.
    #[cold]
    fn quoted(&mut self, text: &str) {
        self.buffer.bytes().push(b'"');
        for piece in pieces(text) {
            let bytes = self.buffer.bytes();
            for (number, part) in piece.split('"').enumerate() {
                if number > 0 {
                    bytes.extend_from_slice(b"\"\"");
                }
                bytes.extend_from_slice(part.as_bytes());
            }
            self.buffer.settle();
        }
        self.buffer.bytes().push(b'"');
    }

    #[inline]
    fn cell(&mut self, cell: &Cell<'_>) {
        match cell {
            Cell::Null => {}
            Cell::Integer(integer) => {
                let mut text = itoa::Buffer::new();
                self.buffer.bytes().extend_from_slice(text.format(*integer).as_bytes());
            }
            Cell::Real(real) if real.is_finite() => {
                let mut text = zmij::Buffer::new();
                self.buffer.bytes().extend_from_slice(text.format_finite(*real).as_bytes());
            }
            Cell::Real(real) => {
                self.buffer.bytes().extend_from_slice(infinity(*real).as_bytes());
            }
            Cell::Text(text) => self.text(text),
            Cell::Blob([]) => self.quoted(""),
            Cell::Blob(blob) => base64(&mut self.buffer, blob),
        }
        self.buffer.settle();
    }
}

/// The word for a real that is not finite. NaN does not occur in cells; as text it is empty.
pub(crate) fn infinity(real: f64) -> &'static str {
    if real.is_nan() {
        ""
    } else if real > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

impl<O: Output> RowSink for CsvEncoder<O> {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        for (number, column) in columns.iter().enumerate() {
            if number > 0 {
                self.buffer.bytes().push(b',');
            }
            self.text(&column.name);
        }
        if !columns.is_empty() {
            self.buffer.bytes().extend_from_slice(b"\r\n");
        }
        self.buffer.settle();
        self.buffer.flow()
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let mut cells = cells.iter();
        if let Some(first) = cells.next() {
            self.cell(first);
            for cell in cells {
                self.buffer.bytes().push(b',');
                self.cell(cell);
            }
        }
        self.buffer.bytes().extend_from_slice(b"\r\n");
        self.buffer.settle();
        self.buffer.flow()
    }

    fn finish(&mut self, _summary: &Summary) {
        self.buffer.end();
    }

    fn fail(&mut self, _error: &Error) {
        self.buffer.abort();
    }
}
