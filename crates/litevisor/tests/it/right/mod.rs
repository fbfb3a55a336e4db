//! Right answers: the same question asked of somebody else must be answered alike.

mod answers;
mod differential;
mod dump_and_mongod;
mod inferred;
mod logic;
mod questions;
