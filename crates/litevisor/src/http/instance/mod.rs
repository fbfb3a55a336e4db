//! `/v1/instance`: a tenant's instance as such.

pub(super) mod boot;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod image;
