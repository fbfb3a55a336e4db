//! What running a query and sending its result have in common.

use std::pin::Pin;

use axum::http::{HeaderName, HeaderValue};
use model::{Error, Summary};

/// A query under way; dropping it interrupts it.
pub(super) type Running = Pin<Box<dyn Future<Output = Result<Summary, Error>> + Send>>;

/// Whether a cut CSV is all there was.
pub(super) const COMPLETE: HeaderName = HeaderName::from_static("litevisor-complete");

/// [`COMPLETE`] of this result.
pub(super) fn complete(summary: &Summary) -> HeaderValue {
    HeaderValue::from_static(if summary.cut.is_none() { "true" } else { "false" })
}
