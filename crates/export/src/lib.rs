//! Result formats: json, ndjson, csv. An [`encoder`] is a [`RowSink`] that turns rows into bytes
//! and hands them over in bounded chunks; it knows neither SQLite nor HTTP.
//!
//! The forms are INTERFACE §2 "Out again" and §3 "Formats". What a result that did not end well
//! looks like is each format's own duty: JSON and NDJSON say `"complete":false`, CSV has no place
//! to say it, so its output is aborted.

mod buffer;
mod csv;
mod json;
mod scan;

use model::RowSink;

pub use buffer::Output;

/// A result format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object with columns, rows and how it ended.
    Json,
    /// One JSON value a line: columns, rows, how it ended.
    Ndjson,
    /// RFC 4180 with a header row.
    Csv,
}

impl Format {
    /// All formats.
    pub const ALL: &'static [Format] = &[Format::Json, Format::Ndjson, Format::Csv];

    /// The format of that name.
    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.iter().copied().find(|format| format.name() == name)
    }

    /// Its name, as in `format=`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        }
    }

    /// Its media type, with parameters where it has any.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Ndjson => "application/x-ndjson",
            Format::Csv => "text/csv; charset=utf-8; header=present",
        }
    }
}

/// An encoder of `format` into `output`.
///
/// Rows stay in the encoder until a chunk is full ([`model::limits::STREAM_CHUNK_BYTES`]) or the
/// result ends. Where `output` wants no more, the encoder completes the row at hand, answers
/// [`model::Flow::Stop`], and still takes `finish` or `fail`.
pub fn encoder<O: Output + Send + 'static>(format: Format, output: O) -> Box<dyn RowSink + Send> {
    match format {
        Format::Json => Box::new(json::JsonEncoder::new(output, json::Framing::Object)),
        Format::Ndjson => Box::new(json::JsonEncoder::new(output, json::Framing::Lines)),
        Format::Csv => Box::new(csv::CsvEncoder::new(output)),
    }
}

#[cfg(test)]
mod tests;
