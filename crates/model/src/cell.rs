//! One shape of data both ways: cells, columns and the sink that takes rows. A source pushes rows
//! into the engine's loader, a query pushes rows into an exporter; neither side knows the other.

use crate::{AsOf, Error};

/// One value of a row, borrowed from wherever it lies: a BSON batch or SQLite's own memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// A 64-bit signed integer.
    Integer(i64),
    /// An IEEE double; never NaN (NaN is [`Cell::Null`]).
    Real(f64),
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Cell<'_> {
    /// Bytes of payload that the value holds, as SQLite counts a row: 8 for numbers.
    pub fn payload_bytes(&self) -> usize {
        match self {
            Cell::Null => 0,
            Cell::Integer(_) | Cell::Real(_) => 8,
            Cell::Text(text) => text.len(),
            Cell::Blob(bytes) => bytes.len(),
        }
    }
}

/// The logical type of a catalog column (INTERFACE §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8 text; ObjectId and UUID in their canonical text.
    Text,
    /// Whole numbers and booleans.
    Integer,
    /// Doubles.
    Real,
    /// A point in time as `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    Datetime,
    /// A point in time as milliseconds since 1970 (`as = "unixms"`).
    UnixMs,
    /// Decimal128: REAL up to 15 significant digits, else exact TEXT.
    Decimal,
    /// Decimal128 as an exact integer of 10^-N units (`as = "scaled:N"`).
    Scaled(u8),
    /// Bytes.
    Blob,
    /// JSON text.
    Json,
    /// Every value with its own type.
    Any,
}

impl ColumnType {
    /// The name shown to people: one of the eight types of INTERFACE §2.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Integer => "integer",
            ColumnType::Real => "real",
            ColumnType::Datetime | ColumnType::UnixMs => "datetime",
            ColumnType::Decimal | ColumnType::Scaled(_) => "decimal",
            ColumnType::Blob => "blob",
            ColumnType::Json => "json",
            ColumnType::Any => "any",
        }
    }

    /// What a column's `as` says in the catalog.
    pub fn catalog_word(self) -> String {
        match self {
            ColumnType::UnixMs => "unixms".to_owned(),
            ColumnType::Scaled(scale) => format!("scaled:{scale}"),
            other => other.name().to_owned(),
        }
    }

    /// The type of a catalog's word, but for `scaled:N`.
    pub(crate) fn from_catalog_word(word: &str) -> Option<ColumnType> {
        use ColumnType::{Any, Blob, Datetime, Decimal, Integer, Json, Real, Text, UnixMs};
        [Text, Integer, Real, Datetime, UnixMs, Decimal, Blob, Json, Any]
            .into_iter()
            .find(|column_type| column_type.catalog_word() == word)
    }

    /// The type as declared in `CREATE TABLE`; empty where the column must have no affinity.
    /// `INT` and not `INTEGER`, so that no column becomes a rowid alias.
    pub fn declared(self) -> &'static str {
        match self {
            ColumnType::Text | ColumnType::Datetime | ColumnType::Json => "TEXT",
            ColumnType::Integer | ColumnType::UnixMs | ColumnType::Scaled(_) => "INT",
            ColumnType::Real => "REAL",
            ColumnType::Blob => "BLOB",
            ColumnType::Decimal | ColumnType::Any => "",
        }
    }

    /// Whether a column declared so stores `cell` without SQLite's affinity changing its meaning.
    /// Where it does not, the table is loaded again with that column untyped (INTERFACE §2).
    ///
    /// Rules from <https://www.sqlite.org/datatype3.html#type_affinity>: TEXT affinity turns
    /// numbers into text; INT turns numeric-looking text and integral reals into integers;
    /// REAL turns integers and numeric-looking text into doubles.
    pub fn keeps(self, cell: &Cell<'_>) -> bool {
        /// 2^53: integers up to this magnitude are exact as doubles.
        const EXACT: u64 = 1 << 53;
        match (self.declared(), cell) {
            ("", _) | ("BLOB", _) | (_, Cell::Null | Cell::Blob(_)) => true,
            ("TEXT", cell) => matches!(cell, Cell::Text(_)),
            ("INT", Cell::Real(real)) => real.fract() != 0.0 || real.is_infinite(),
            ("REAL", Cell::Integer(integer)) => integer.unsigned_abs() <= EXACT,
            (_, Cell::Text(text)) => !looks_numeric(text),
            _ => true,
        }
    }
}

/// Whether SQLite would take `text` for a well-formed number (surrounding spaces allowed).
fn looks_numeric(text: &str) -> bool {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let starts = trimmed.bytes().next().is_some_and(|b| b.is_ascii_digit() || b"+-.".contains(&b));
    // `f64::from_str` also takes "inf" and "nan", which SQLite does not; the first byte rules them
    // out unless signed, and a false "numeric" only costs an untyped column.
    starts && trimmed.parse::<f64>().is_ok()
}

/// A column of a result or of a table being loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name as the statement or the catalog gives it.
    pub name: String,
    /// The catalog type of the column it comes from; `None` for expressions.
    pub column_type: Option<ColumnType>,
    /// Where it comes from, by SQLite's column metadata; `None` for expressions.
    pub origin: Option<Origin>,
}

/// The table column a result column comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The table's name.
    pub table: String,
    /// The column's name in that table.
    pub column: String,
}

/// What the producer of rows should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Send the next row.
    Continue,
    /// Send no more: the sink has what it wanted or cannot go on (it keeps the reason).
    Stop,
}

/// Why a result ended before its last row without being an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// The caller asked for at most so many rows.
    MaxRows,
}

impl CutReason {
    /// The word used in results.
    pub fn name(self) -> &'static str {
        match self {
            CutReason::MaxRows => "max_rows",
        }
    }
}

/// What is known once the last row is out.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Rows handed to the sink.
    pub rows: u64,
    /// `None` if the result is whole.
    pub cut: Option<CutReason>,
    /// Rows changed by the request's last statement, if it has no columns.
    pub changes: Option<u64>,
    /// The oldest point in time of the images the request read.
    pub as_of: Option<AsOf>,
    /// TEXT values that were not UTF-8 and got U+FFFD.
    pub replaced_texts: u64,
}

/// Takes rows. Called as `begin`, then `row` any number of times, then `finish` or `fail` once.
/// An error before `begin` is never told to the sink: the caller has it.
pub trait RowSink {
    /// The columns, before the first row.
    fn begin(&mut self, columns: &[Column]) -> Flow;
    /// One row, in column order. The cells are valid during the call only.
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow;
    /// The result ended as it should.
    fn finish(&mut self, summary: &Summary);
    /// The result ended by a fault or bound; it must never look whole.
    fn fail(&mut self, error: &Error);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_table() {
        let cases: &[(ColumnType, Cell<'_>, bool)] = &[
            (ColumnType::Text, Cell::Text("00123"), true),
            (ColumnType::Text, Cell::Integer(5), false),
            (ColumnType::Text, Cell::Real(5.5), false),
            (ColumnType::Text, Cell::Blob(b"x"), true),
            (ColumnType::Integer, Cell::Text("00123"), false),
            (ColumnType::Integer, Cell::Text(" 12 "), false),
            (ColumnType::Integer, Cell::Text("1e3"), false),
            (ColumnType::Integer, Cell::Text("12 monkeys"), true),
            (ColumnType::Integer, Cell::Text("nan"), true),
            (ColumnType::Integer, Cell::Real(3.0), false),
            (ColumnType::Integer, Cell::Real(3.5), true),
            (ColumnType::Real, Cell::Integer(1 << 53), true),
            (ColumnType::Real, Cell::Integer((1 << 53) + 1), false),
            (ColumnType::Real, Cell::Text("1.5"), false),
            (ColumnType::Any, Cell::Text("1.5"), true),
            (ColumnType::Decimal, Cell::Integer(5), true),
            (ColumnType::Blob, Cell::Text("5"), true),
            (ColumnType::Integer, Cell::Null, true),
        ];
        for (column_type, cell, keeps) in cases {
            assert_eq!(column_type.keeps(cell), *keeps, "{column_type:?} {cell:?}");
        }
    }
}
