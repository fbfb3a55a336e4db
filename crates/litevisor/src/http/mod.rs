//! HTTP: the routes of both listeners (INTERFACE §3). One file per route, `<noun>/<verb>.rs`;
//! `error` alone knows statuses.

mod admin;
mod error;
mod error_pages;
mod format;
mod front;
mod guarded_io;
mod instance;
mod json_body;
mod listener;
mod openapi;
mod percent;
mod pipe;
mod problem_log;
mod query;
mod request_id;
mod routes;
mod schema;
mod service;
mod tenant;

pub use front::{Front, Readiness};
pub use listener::{Listener, ListenerBounds, bind};
pub use openapi::document;
pub use routes::{ADMIN_ROUTES, PUBLIC_ROUTES};
pub use service::Service;
