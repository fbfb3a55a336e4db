//! What SQLite's errors mean to the caller.

use std::time::Duration;

use model::limits::SHED_RETRY_MS;
use model::{Cap, Error, ErrorCode, Hit};
use rusqlite::ffi;

use super::near;
use super::script::first_word;
use super::watch::{SHARED_STAY, Watch};
use crate::callback;
use crate::conn::SqlFault;
use crate::image::Refusal;
use crate::ledger;
use crate::sandbox;

/// The request's memory is used up: which cap that was, and what can be done. What else fills a cap
/// that is not the request's own, its caller adds.
pub(super) fn refused(refusal: Refusal) -> Error {
    let Refusal { own, cap, limit, used } = refusal;
    let wait = Duration::from_millis(SHED_RETRY_MS);
    let busy = |code, budget, message: String| {
        let hit = Some(Box::new(Hit { budget, used, limit, by: Vec::new() }));
        Error { hit, ..Error::new(code, message).retry_after(wait) }
    };
    match cap {
        Cap::QueryHeap => too_much(format!(
            "the query needs more than {limit} bytes of memory (query.heap_bytes_max); ask for shorter \
             values, or for fewer at once"
        )),
        Cap::QueryTemp => too_much(format!(
            "the query needs more than {limit} bytes for temp files and its private scratch \
             (query.temp_bytes_max); sort, group or change fewer rows"
        )),
        _ if own => too_much(format!(
            "the query needs more than the {limit} bytes that it may have; sort, group or change \
             fewer rows"
        )),
        Cap::TenantQueries => busy(
            ErrorCode::TenantBusy,
            "query.tenant_bytes_max",
            format!(
                "this tenant's queries together need more than {limit} bytes \
                 (query.tenant_bytes_max); wait for some of them, or send fewer at once"
            ),
        ),
        Cap::Queries => busy(
            ErrorCode::Overloaded,
            "memory.budget",
            format!(
                "all queries of this replica together need more than the {limit} bytes that they may \
                 have of memory.budget; try again later"
            ),
        ),
        Cap::Instance | Cap::Budget => busy(
            ErrorCode::Overloaded,
            "memory.budget",
            format!(
                "this replica has no memory left for the query: all {limit} bytes of memory.budget \
                 are in use; try again later"
            ),
        ),
    }
}

fn too_much(message: String) -> Error {
    Error::new(ErrorCode::QueryMemoryExceeded, message)
}

/// Instead of [`SHARED_STAY`] for statements that take every database where they name none.
const WITH_THE_SHARED: &str = "this would change the shared tables, too; name what is the tenant's \
                               own: ANALYZE main, REINDEX a_table, PRAGMA main.optimize";

/// The error for the statement of `sql` that begins at byte `start`.
pub(super) fn explain(fault: SqlFault, watch: &Watch, sql: &str, start: usize) -> Error {
    if callback::panicked() {
        return Error::internal(format!(
            "a callback panicked; SQLite said {}: {}",
            fault.code, fault.message
        ));
    }
    let offset = fault.offset.or_else(|| locate(named(&fault.message)?, sql, start));
    let at = |error: Error| error.at_offset(offset.unwrap_or(start) as u64);
    if let Some(refusal) = ledger::refused() {
        return at(refused(refusal)).with_internal(fault.message);
    }
    let lacking = || sandbox::refused_lacking(&fault.message);
    if let Some(denied) = watch.seen.denied.take().or_else(lacking) {
        let whole = matches!(&*first_word(sql, start), "ANALYZE" | "REINDEX" | "PRAGMA");
        let why = if whole && denied == SHARED_STAY { WITH_THE_SHARED.to_owned() } else { denied };
        return at(Error::new(ErrorCode::SqlNotAllowed, why));
    }
    match fault.primary() {
        ffi::SQLITE_NOMEM => at(too_much(
            "the query needs more memory than there is; sort, group or change fewer rows"
                .to_owned(),
        )),
        ffi::SQLITE_TOOBIG => at(Error::new(
            ErrorCode::ResultTooLarge,
            "a text, blob or row is longer than this service allows (query.row_bytes_max)",
        )),
        // No memory was refused, so it is the numbers of an AUTOINCREMENT that are used up.
        ffi::SQLITE_FULL => at(Error::new(
            ErrorCode::SqlError,
            "there is no row number left in a table with AUTOINCREMENT",
        )),
        ffi::SQLITE_IOERR | ffi::SQLITE_NOTADB | ffi::SQLITE_MISUSE => fault.into(),
        ffi::SQLITE_CORRUPT if fault.code == ffi::SQLITE_CORRUPT => fault.into(),
        ffi::SQLITE_AUTH => at(Error::new(ErrorCode::SqlNotAllowed, fault.message.clone())),
        ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => at(Error::new(
            ErrorCode::SqlNotAllowed,
            format!("{}: only main and temp can be written to, and no files opened", fault.message),
        )),
        _ if fault.message.contains("cannot reference objects in database shared") => {
            at(shared_in_main(&fault.message))
        }
        _ => {
            let hint = with_hint(&fault.message, sql, start);
            let message = hint.unwrap_or_else(|| with_suggestion(&fault.message, watch));
            at(Error::new(ErrorCode::SqlError, message))
        }
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

const SERIES: &str = "generate_series";

/// What SQLite says where a table-valued function lacks an argument that it cannot do without.
const NO_SOLUTION: &str = "no query solution";

/// What to write instead, where SQLite's message says nothing of it.
fn with_hint(message: &str, sql: &str, start: usize) -> Option<String> {
    if message == NO_SOLUTION {
        // The only such function here.
        locate(SERIES, sql, start)?;
        return Some(format!(
            "{message}: {SERIES} needs its start before any row is read, as in {SERIES}(1, 10) or \
             WHERE start = 1"
        ));
    }
    (message.strip_prefix("no such function: ")?.eq_ignore_ascii_case(SERIES))
        .then(|| format!("{message}; it is a table, as in SELECT value FROM {SERIES}(1, 10)"))
}

/// The word of the statement that a message is about.
fn named(message: &str) -> Option<&str> {
    if message == NO_SOLUTION { Some(SERIES) } else { Some(unknown(message)?.1) }
}

fn with_suggestion(message: &str, watch: &Watch) -> String {
    let Some((is_column, name)) = unknown(message) else { return message.to_owned() };
    if !is_column && message.contains(": main.") && watch.is_shared(name) {
        return format!(
            "{message}; {name} is a shared table, read as {name} or shared.{name}, and takes no \
             triggers and indexes: create them on a copy, CREATE TABLE mine AS SELECT * FROM {name}"
        );
    }
    let tables = watch.tables();
    let nearest = if is_column {
        near::nearest(name, tables.iter().flat_map(|t| t.columns.iter().map(|c| &*c.name)))
    } else {
        near::nearest(name, tables.iter().map(|t| &*t.name))
    };
    match nearest {
        // What the catalog has under this very name is gone (DROP TABLE) or out of reach here.
        Some(near) if near.eq_ignore_ascii_case(name) => message.to_owned(),
        Some(near) => format!("{message}; did you mean {near}?"),
        None => message.to_owned(),
    }
}

/// Whether it is a column (else a table) that is unknown, and its name without its schema or table.
fn unknown(message: &str) -> Option<(bool, &str)> {
    let column = message.strip_prefix("no such column: ");
    let name = column.or_else(|| message.strip_prefix("no such table: "))?;
    let name = name.split(" - ").next().unwrap_or(name);
    Some((column.is_some(), name.rsplit('.').next().unwrap_or(name)))
}

/// Where `name` first stands as a word in `sql`, from `start` on. SQLite tells no offset for tables.
fn locate(name: &str, sql: &str, start: usize) -> Option<usize> {
    let (sql, name) = (sql.as_bytes(), name.as_bytes());
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let stands = |at: usize| {
        sql[at..at + name.len()].eq_ignore_ascii_case(name)
            && !(at > 0 && in_word(&sql[at - 1]))
            && !sql.get(at + name.len()).is_some_and(in_word)
    };
    let last = sql.len().checked_sub(name.len())?;
    (start..=last).find(|at| stands(*at))
}
