//! `/v1/query`.

mod bad_input;
mod get;
mod post;
mod sandbox;
mod stream;
mod tables;
