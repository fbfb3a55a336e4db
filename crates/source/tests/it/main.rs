//! The sources against a real mongod: alike row for row, one point in time, faults.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alike;
mod faults;
mod house;
mod reads;
mod rebuilt;
