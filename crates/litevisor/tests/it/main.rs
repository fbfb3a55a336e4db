//! The program from outside: one binary whose tree mirrors the routes.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod access;
mod admin;
mod canary;
mod catalog;
mod cli;
mod client;
mod confined;
mod connections;
mod demo;
mod drain;
mod faults;
mod hangup;
mod harness;
mod hostile;
mod instance;
mod kit;
mod landlock;
mod logs;
mod mesh;
mod mongo;
mod neighbours;
mod openapi;
mod peers;
mod process;
mod query;
mod readme;
mod rebuilt;
mod right;
mod schema;
mod shared;
mod storm;
