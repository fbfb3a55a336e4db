//! What a decoder saw: types, strays, unmapped fields. Never values, except an example's `_id`.

use model::limits::{REPORT_PATHS_MAX, REPORT_TEXT_BYTES_MAX};

use crate::raw::Kind;

/// What the decoding of one table of one tenant saw.
#[derive(Clone, Debug, Default)]
pub struct TableReport {
    /// Documents read that are the tenant's.
    pub documents: u64,
    /// Rows handed to the sink.
    pub rows: u64,
    /// One per column of the table, in its order.
    pub columns: Vec<ColumnReport>,
    /// Fields that no table of the collection maps and no exclusion covers, with how many documents
    /// (or unwound elements) have them; at most [`REPORT_PATHS_MAX`] paths.
    pub unmapped: Vec<Unmapped>,
    /// Unmapped fields beyond those paths.
    pub unmapped_beyond: u64,
    /// Values stored as NULL since their row was over its bound.
    pub oversized: u64,
    /// Fields that repeat within a document; the first one counts, as it does for MongoDB's queries.
    pub duplicate_fields: u64,
    /// Documents whose unwound field was neither an array nor absent; each made one row.
    pub unwound_scalars: u64,
    /// Documents whose tenant key is of another type than the catalog declares; left out.
    pub other_key_types: u64,
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
    /// Texts that were not UTF-8 and got U+FFFD.
    pub replaced_texts: u64,
    /// Whether SQLite's affinity would change some value: the table must be loaded again with
    /// this column untyped.
    pub needs_untyped: bool,
}

impl ColumnReport {
    /// The types seen with their counts: MongoDB's aliases (`string`, `objectId`, …).
    pub fn types(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Kind::ALL.iter().zip(self.kinds).filter(|(_, n)| *n > 0).map(|(k, n)| (k.name(), n))
    }

    /// Values that became NULL since they are null or undefined, and rows without the field.
    pub fn nulls(&self) -> u64 {
        self.kinds[Kind::Null as usize] + self.kinds[Kind::Undefined as usize] + self.missing
    }

    /// Counts a stray; `example` is asked for the first of its type.
    pub(super) fn add_stray(&mut self, kind: Kind, example: impl FnOnce() -> String) {
        match self.strays.iter_mut().find(|stray| stray.bson_type == kind.name()) {
            Some(stray) => stray.count += 1,
            None => self.strays.push(Stray {
                bson_type: kind.name(),
                count: 1,
                example: bounded(example()),
            }),
        }
    }
}

impl TableReport {
    /// The entry for an unmapped field, made where it is missing and there is room.
    pub(super) fn unmapped_entry(&mut self, prefix: &str, name: &[u8]) -> Option<usize> {
        let path = bounded(format!("{prefix}{}", String::from_utf8_lossy(name)));
        if let Some(entry) = self.unmapped.iter().position(|known| known.path == path) {
            return Some(entry);
        }
        if self.unmapped.len() >= REPORT_PATHS_MAX {
            return None;
        }
        self.unmapped.push(Unmapped { path, count: 0 });
        Some(self.unmapped.len() - 1)
    }
}

/// `text`, cut at its bound.
fn bounded(mut text: String) -> String {
    if text.len() > REPORT_TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(REPORT_TEXT_BYTES_MAX));
        text.push('…');
    }
    text
}

/// Values of a type that the column did not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// MongoDB's alias of the type.
    pub bson_type: &'static str,
    /// How many.
    pub count: u64,
    /// Where one of them is: the path and the document's `_id`.
    pub example: String,
}

impl Stray {
    /// One that another process counted; `None` if MongoDB has no such type.
    pub fn told(bson_type: &str, count: u64, example: String) -> Option<Stray> {
        let kind = Kind::ALL.iter().find(|kind| kind.name() == bson_type)?;
        Some(Stray { bson_type: kind.name(), count, example: bounded(example) })
    }
}

/// A field without a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmapped {
    /// Its path.
    pub path: String,
    /// How many documents (or unwound elements) have it.
    pub count: u64,
}
