//! What a decoder saw: types, strays, unmapped fields. Never values, except an example's `_id`.

use crate::raw::Kind;

/// What the decoding of one table of one tenant saw.
#[derive(Clone, Debug, Default)]
pub struct TableReport {
    /// Documents read.
    pub documents: u64,
    /// Rows handed to the sink.
    pub rows: u64,
    /// One per column of the table, in its order.
    pub columns: Vec<ColumnReport>,
    /// Fields that no column and no exclusion covers, with how many documents (or elements) have
    /// them; at most [`model::limits::REPORT_PATHS_MAX`] paths.
    pub unmapped: Vec<Unmapped>,
    /// Unmapped fields beyond those paths.
    pub unmapped_beyond: u64,
    /// Values stored as NULL since their row was over its bound.
    pub oversized: u64,
    /// Fields that repeat within a document; the last one counts.
    pub duplicate_fields: u64,
    /// Documents whose unwound field was neither an array nor absent; each made one row.
    pub unwound_scalars: u64,
}

/// What one column saw.
#[derive(Clone, Debug, Default)]
pub struct ColumnReport {
    /// Values seen by kind, in the order of [`Kind::ALL`]; missing fields are in `missing`.
    pub kinds: [u64; Kind::COUNT],
    /// Rows without the field.
    pub missing: u64,
    /// Values of a type other than the column's, stored with their own meaning.
    pub strays: Vec<Stray>,
    /// Decimals of more than 15 significant digits, stored as exact TEXT.
    pub long_decimals: u64,
    /// Whether SQLite's affinity would change some value: the table must be loaded again with
    /// this column untyped.
    pub needs_untyped: bool,
}

impl ColumnReport {
    /// The types seen with their counts: MongoDB's aliases (`string`, `objectId`, …).
    pub fn types(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Kind::ALL.iter().zip(self.kinds).filter(|(_, n)| *n > 0).map(|(k, n)| (k.name(), n))
    }
}

/// Values of a type that the column did not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// MongoDB's alias of the type.
    pub bson_type: &'static str,
    /// How many.
    pub count: u64,
    /// Where one of them is: the document's `_id` and the path.
    pub example: String,
}

/// A field without a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Its path.
    pub path: String,
    /// How many documents (or unwound elements) have it.
    pub count: u64,
}
