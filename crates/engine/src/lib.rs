//! SQLite: images, VFS, loading, querying. The only crate with unsafe. Synchronous: it runs on
//! the threads it is called on and starts none.

mod image;
mod load;
mod query;

pub use image::{Image, PageSize};
pub use load::{Blank, LoadLimits, Loader, Part, TableOutcome, TableShape};
pub use query::{
    Failure, Interrupt, Params, QueryLimits, Readers, Run, Script, Value, Why, run, tables_needed,
};

use model::Error;

/// Sets SQLite's process-wide configuration and registers the VFS. Idempotent; every entry into
/// this crate that opens SQLite calls it, but call it before anything else opens SQLite.
pub fn init() -> Result<(), Error> {
    Err(Error::internal("not written yet"))
}
