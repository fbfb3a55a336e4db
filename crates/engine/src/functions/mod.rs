//! The functions registered besides SQLite's own (INTERFACE §4).

mod context;
mod regexp;
mod series;
#[cfg(test)]
mod tests;
mod text;
mod walk;
mod zone;

use rusqlite::ffi;

use crate::conn::{Connection, SqlFault};

/// Registers them on a connection. All are deterministic and free of side effects, so that views
/// and triggers may use them.
pub(crate) fn register(connection: &Connection) -> Result<(), SqlFault> {
    context::define(connection, c"regexp", 2, regexp::regexp)?;
    context::define(connection, c"to_zone", 2, zone::to_zone)?;
    text::define(connection)?;
    match series::define(connection) {
        ffi::SQLITE_OK => Ok(()),
        code => Err(SqlFault { code, message: "generate_series".to_owned(), offset: None }),
    }
}
