//! A hypervisor for SQLite instances: SQL for each tenant over its own MongoDB documents.
//! The program.

pub mod app;
pub mod auth;
mod canary;
pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
pub mod peers;
pub mod runtime;
pub mod telemetry;
