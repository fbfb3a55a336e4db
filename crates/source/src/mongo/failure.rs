//! The driver's errors as ours: the caller learns that the data cannot be read now, the operator's
//! log learns why and what to do.

use model::{Error, ErrorCode};
use mongodb::error::ErrorKind;

/// Codes of MongoDB's error_codes.yml that mean a point in time is not readable (any more).
const SNAPSHOT_CODES: [i32; 2] =
    [239 /* SnapshotTooOld */, 246 /* SnapshotUnavailable */];

/// Codes after which a read may succeed elsewhere or a moment later, as the drivers' specification
/// of retryable reads has them.
const PASSING_CODES: [i32; 13] =
    [6, 7, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436];

/// Turns a failure of `doing` something into an error.
pub(super) fn failed(doing: &str, error: &mongodb::error::Error) -> Error {
    let hint = match (&*error.kind, code(error)) {
        (ErrorKind::Authentication { .. }, _) | (_, Some(18)) => {
            "MongoDB refused the user or password in source.uri: "
        }
        (_, Some(13)) => {
            "MongoDB's user lacks the right to do this (role `read` on the database is needed): "
        }
        (_, Some(50)) => {
            "MongoDB took longer than source.max_time; is there an index that begins with the tenant key? "
        }
        (ErrorKind::ServerSelection { .. }, _) => "no MongoDB answers at source.uri: ",
        _ => "",
    };
    unavailable(format!("{doing}: {hint}{error}"))
}

/// The source cannot be read, for the reason given.
pub(super) fn unavailable(detail: impl Into<String>) -> Error {
    Error::new(
        ErrorCode::SourceUnavailable,
        "the data source cannot be read at the moment; try again shortly",
    )
    .with_internal(detail)
}

/// Whether the failure is that a point in time cannot be read (any more).
pub(super) fn is_snapshot_gone(error: &mongodb::error::Error) -> bool {
    code(error).is_some_and(|code| SNAPSHOT_CODES.contains(&code))
}

/// Whether a read that failed so is worth a second try: a connection of the pool had died, or the
/// member has stepped down.
pub(super) fn may_pass(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. })
        || code(error).is_some_and(|code| PASSING_CODES.contains(&code))
}

fn code(error: &mongodb::error::Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}
