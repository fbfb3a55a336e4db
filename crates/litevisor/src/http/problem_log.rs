//! Logs an error once, where it leaves the program: our own faults loudly, the rest quietly.

use model::{Error, ErrorCode};

/// Writes a line for `error`, within the request's span.
pub(crate) fn log(error: &Error) {
    if error.logged {
        // A load's failure was told when it failed, once for all who waited for it.
        return tracing::debug!(code = error.code.slug(), "{}", error.message);
    }
    let internal = error.internal.as_deref().unwrap_or_default();
    let code = error.code.slug();
    match error.code {
        ErrorCode::Internal => tracing::error!(code, internal, "{}", error.message),
        ErrorCode::SourceUnavailable | ErrorCode::StoreUnavailable => {
            tracing::warn!(code, internal, "{}", error.message);
        }
        ErrorCode::Overloaded | ErrorCode::InstanceBooting | ErrorCode::ShuttingDown => {
            tracing::info!(code, internal, "{}", error.message);
        }
        // A tenant's own faults may quote its SQL: only for who turns debugging on.
        _ => tracing::debug!(code, internal, "{}", error.message),
    }
}
