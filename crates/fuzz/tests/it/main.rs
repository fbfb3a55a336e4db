//! What is fuzzed: one target a file. How to run them and to keep what they find: docs/fuzzing.md.

mod bson;
mod catalog;
mod request;
mod sql;
