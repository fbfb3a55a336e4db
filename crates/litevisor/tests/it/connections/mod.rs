//! What happens below the routes: heads, bodies nobody reads, connections that stand still, and
//! what a connection may not do.

mod cors;
mod floods;
mod heads;
mod http2;
mod quiet;
mod slow;
pub mod tls;
mod unread;
