//! The driver's errors as ours: the caller learns that the data cannot be read now, the operator's
//! log learns why and what to do.

use model::{Error, ErrorCode};
use mongodb::error::ErrorKind;

/// Codes of MongoDB's error_codes.yml that mean a point in time is not readable (any more): the
/// server no longer keeps it, or the collection is not the one that was there.
const LOST_CODES: [i32; 4] = [
    175, // QueryPlanKilled: dropped or renamed under the cursor
    239, // SnapshotTooOld
    246, // SnapshotUnavailable
    361, // CollectionUUIDMismatch
];

/// Codes with which servers before MongoDB 6.0 refuse a field of `find` that they do not know.
const FIELD_CODES: [i32; 3] = [9, 72, 40415];

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
    unavailable(format!("{doing}: {hint}{}", said(error)))
}

/// What the server said: code, name and message, then the cause. The driver's own text for an error
/// holds the bytes of the whole reply.
fn said(error: &mongodb::error::Error) -> String {
    let own = match &*error.kind {
        ErrorKind::Command(said) => {
            format!("{} ({}): {}", said.code_name, said.code, said.message)
        }
        kind => kind.to_string(),
    };
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    cause.map_or_else(|| own.clone(), |cause| format!("{own}: {}", said(cause)))
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
pub(super) fn is_point_lost(error: &mongodb::error::Error) -> bool {
    code(error).is_some_and(|code| LOST_CODES.contains(&code))
}

/// Whether the server may not know a field of the command.
pub(super) fn is_field_unknown(error: &mongodb::error::Error) -> bool {
    code(error).is_some_and(|code| FIELD_CODES.contains(&code))
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
