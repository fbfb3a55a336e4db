//! Test-only: real servers under test, fixtures, fault injection, generated SQL.

pub mod mesh;
pub mod mongod;
pub mod questions;
pub mod sqlgen;
