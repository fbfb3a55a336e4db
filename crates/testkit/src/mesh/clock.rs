//! The mesh's own clock: its parts are real, and so is their time.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "real parts are waited for in real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}
