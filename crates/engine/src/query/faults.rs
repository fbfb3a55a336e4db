//! What SQLite's errors mean to the caller.

use model::{Error, ErrorCode};
use rusqlite::ffi;

use super::near;
use super::watch::Watch;
use crate::conn::SqlFault;
use crate::image::Refusal;
use crate::ledger;

/// The request's memory is used up.
pub(super) fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::OwnCap => Error::new(
            ErrorCode::QueryMemoryExceeded,
            "the query needs more memory than one query may have; sort, group or change fewer rows",
        ),
        Refusal::Parent => Error::new(
            ErrorCode::Overloaded,
            "this replica has no memory left for the query; try again later",
        ),
    }
}

/// The error for a statement that begins at byte `start`.
pub(super) fn explain(fault: SqlFault, watch: &Watch, start: usize) -> Error {
    let at = |error: Error| error.at_offset(fault.offset.unwrap_or(start) as u64);
    if let Some(refusal) = ledger::refused() {
        return at(refused(refusal)).with_internal(fault.message);
    }
    if let Some(denied) = watch.seen.denied.take() {
        return at(Error::new(ErrorCode::SqlNotAllowed, denied));
    }
    match fault.primary() {
        ffi::SQLITE_NOMEM => at(refused(Refusal::OwnCap)),
        ffi::SQLITE_TOOBIG => at(Error::new(
            ErrorCode::ResultTooLarge,
            "a text, blob or row is longer than this service allows (query.row_bytes_max)",
        )),
        ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_NOTADB | ffi::SQLITE_MISUSE => {
            fault.into()
        }
        ffi::SQLITE_CORRUPT if fault.code == ffi::SQLITE_CORRUPT => fault.into(),
        ffi::SQLITE_AUTH => at(Error::new(ErrorCode::SqlNotAllowed, fault.message.clone())),
        ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => at(Error::new(
            ErrorCode::SqlNotAllowed,
            format!("{}: only main and temp can be written to, and no files opened", fault.message),
        )),
        _ if fault.message.contains("cannot reference objects in database shared") => {
            at(shared_in_main(&fault.message))
        }
        _ => at(Error::new(ErrorCode::SqlError, with_suggestion(&fault.message, watch))),
    }
}

/// A view or trigger in `main` reads a shared table.
pub(super) fn shared_in_main(what: &str) -> Error {
    Error::new(
        ErrorCode::SqlError,
        format!(
            "{what}: shared tables lie in another schema, which SQLite lets only temp objects \
             read; use CREATE TEMP VIEW or CREATE TEMP TRIGGER"
        ),
    )
}

fn with_suggestion(message: &str, watch: &Watch) -> String {
    let column = message.strip_prefix("no such column: ");
    let table = message.strip_prefix("no such table: ");
    let Some(name) = column.or(table) else { return message.to_owned() };
    let name = name.split(" - ").next().unwrap_or(name);
    let name = name.rsplit('.').next().unwrap_or(name);
    let tables = watch.tables();
    let nearest = if column.is_some() {
        near::nearest(name, tables.iter().flat_map(|t| t.columns.iter().map(|c| &*c.name)))
    } else {
        near::nearest(name, tables.iter().map(|t| &*t.name))
    };
    match nearest {
        Some(near) => format!("{message}; did you mean {near}?"),
        None => message.to_owned(),
    }
}
