//! What happens below the routes: heads, bodies nobody reads, connections that stand still, and
//! what a connection may not do.

mod cors;
mod heads;
mod http2;
mod quiet;
pub mod tls;
mod unread;
