//! CPU turns: a query's first millisecond runs at once; from then on it runs in turns, of which
//! there are as many as cores, fair between tenants, on a thread that sinks below all others
//! (DESIGN §3). So one tenant's heavy reports do not delay another's click.

mod pace;
mod schedule;
mod turns;

pub(crate) use pace::Paced;
pub(crate) use turns::Turns;
