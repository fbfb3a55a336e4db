//! `/v1/query`.

mod bad_input;
mod get;
mod post;
mod stream;
mod tables;
