//! CPU turns: a query's first millisecond runs at once, a boot's first few; from then on they run in
//! turns, of which there are as many as cores, fair between tenants and weighted by lane, on a
//! thread that sinks below all others (DESIGN §3). So one tenant's heavy reports do not delay
//! another's click.

mod lane;
mod pace;
mod schedule;
mod turns;

pub use lane::Lane;
pub use pace::pause;
pub(crate) use pace::{Paced, Worker};
pub(crate) use turns::Turns;
