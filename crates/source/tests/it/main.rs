//! The sources against a real mongod: alike row for row, one point in time, faults.

mod alike;
mod faults;
mod house;
mod reads;
