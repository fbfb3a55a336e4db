//! The program from outside: one binary whose tree mirrors the routes.

mod admin;
mod cli;
mod client;
mod drain;
mod harness;
mod instance;
mod mongo;
mod openapi;
mod query;
mod schema;
