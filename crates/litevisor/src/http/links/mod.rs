//! `/v1/links`: queries that a link alone may run.

pub(super) mod get;
pub(super) mod post;
