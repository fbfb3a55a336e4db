//! The life of instances, seen through the public API: an in-memory source whose doors the test
//! opens and shuts, a clock that the test moves, and the events as witnesses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod admission;
mod drain;
mod eviction;
mod loads;
mod prices;
mod races;
mod refresh;
mod stage;
mod stops;
mod storm;
mod tables;
mod turns;
