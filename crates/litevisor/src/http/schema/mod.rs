//! `/v1/schema`: a tenant's tables.

pub(super) mod get;
mod view;
