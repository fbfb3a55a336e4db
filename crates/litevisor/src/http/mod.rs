//! HTTP: the routes of both listeners (INTERFACE §3). One file per route, `<noun>/<verb>.rs`;
//! `error` alone knows statuses.

mod activity;
mod admin;
mod cors;
mod error;
mod error_pages;
mod format;
mod framing;
mod front;
mod guard;
mod guarded_io;
mod head;
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
mod standing;
mod streams;
mod tenant;
mod tls;
mod unread;

pub use front::Front;
pub use listener::{Listener, ListenerBounds, bind};
pub use openapi::document;
pub use routes::{ADMIN_ROUTES, PUBLIC_ROUTES};
pub use service::Service;
pub use standing::Readiness;
pub use tls::Tls;
