//! Every bound of the program, by name: its value, its unit (the last word of the name) and why.
//! Settings have their default and hard cap here too.

mod auth;
mod engine;
mod http;
mod hypervisor;
mod source;

pub use auth::*;
pub use engine::*;
pub use http::*;
pub use hypervisor::*;
pub use source::*;

// --- ids and requests ----------------------------------------------------------------------------

/// A tenant id's longest text (INTERFACE §3): long enough for any identity provider's subject.
pub const TENANT_ID_BYTES_MAX: usize = 128;

// --- catalog -------------------------------------------------------------------------------------

/// Tables in a catalog. A [`crate::TableSet`] is sized by it.
pub const TABLES_MAX: usize = 512;

/// Columns of a table: half of what SQLite allows by default (2000), so that a table of the
/// widest documents still joins into results.
pub const COLUMNS_MAX: usize = 1000;

/// Indexes of a table: each costs time and memory at every boot.
pub const INDEXES_MAX: usize = 64;

/// Bytes of a table's or column's name, as in PostgreSQL's identifiers twice over.
pub const COLUMN_NAME_BYTES_MAX: usize = 128;

/// Values in a filter's `$in`: a filter selects by rule, a longer list belongs into the documents.
pub const FILTER_VALUES_MAX: usize = 1000;
