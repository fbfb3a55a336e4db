//! Hand-over: an image goes from the replica that holds it to the one that is asked for it, so that
//! a tenant who moved is not read from the source again.

mod outgoing;
mod point;
mod receive;

pub use outgoing::Offer;
pub(crate) use outgoing::{lent, offer, warm};
pub(crate) use receive::{ask, receive, told, wanted};
