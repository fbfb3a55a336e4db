//! What a tenant's SQL may not do. Small as yet: what would break this crate's own invariants, and
//! SQLite's own limits where its defaults are too wide.

use std::ffi::c_int;

use model::limits::{ATTACHED_MAX, LIKE_PATTERN_BYTES, STATEMENT_STEPS_MAX, TRIGGER_DEPTH_MAX};
use rusqlite::ffi;

/// SQLite's limits that are narrower than its defaults, besides those of a query's own settings.
pub(crate) const LIMITS: &[(c_int, u64)] = &[
    (ffi::SQLITE_LIMIT_VDBE_OP, STATEMENT_STEPS_MAX),
    (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LIKE_PATTERN_BYTES),
    (ffi::SQLITE_LIMIT_TRIGGER_DEPTH, TRIGGER_DEPTH_MAX),
    (ffi::SQLITE_LIMIT_ATTACHED, ATTACHED_MAX),
    (ffi::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// PRAGMAs that no tenant may send, with the reason given.
const DENIED_PRAGMAS: &[(&str, &str)] = &[
    (
        "journal_mode",
        "the journal is this service's own business: a scratch without one could not be rolled back",
    ),
    ("journal_size_limit", "the journal is this service's own business"),
    ("locking_mode", "a scratch is private as it is; no other connection could see it"),
    ("mmap_size", "there is no file that could be mapped"),
    ("temp_store", "temp tables are kept in accounted memory as it is"),
    ("temp_store_directory", "nothing is ever written to disk"),
    ("data_store_directory", "nothing is ever written to disk"),
    ("writable_schema", "change the schema with CREATE, ALTER and DROP"),
    ("cache_size", "memory is bounded per request"),
    ("cache_spill", "memory is bounded per request"),
    ("hard_heap_limit", "memory is bounded per request"),
    ("soft_heap_limit", "memory is bounded per request"),
    ("threads", "a request runs on one thread"),
    ("trusted_schema", "functions with side effects stay out of views"),
    ("wal_autocheckpoint", "there is no write-ahead log"),
    ("wal_checkpoint", "there is no write-ahead log"),
    ("busy_timeout", "nobody waits for a lock here"),
    ("lock_proxy_file", "nothing is ever written to disk"),
];

/// Why the PRAGMA `name` is denied. Reading it (`PRAGMA name` without a value) is harmless.
pub(crate) fn denied_pragma(name: &str, value: Option<&str>) -> Option<String> {
    value?;
    let (name, why) =
        DENIED_PRAGMAS.iter().find(|(denied, _)| denied.eq_ignore_ascii_case(name))?;
    Some(format!("PRAGMA {name} cannot be set: {why}"))
}

/// Why a database file must not be attached; an expression for its name is `None`.
pub(crate) fn denied_attach(file: Option<&str>) -> Option<String> {
    match file {
        Some("" | ":memory:") => None,
        _ => Some(
            "no files can be attached; ATTACH ':memory:' gives a private, empty database"
                .to_owned(),
        ),
    }
}
