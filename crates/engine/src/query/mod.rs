//! Queries: a script against an image, its rows into a sink.

mod binding;
mod brief;
mod faults;
mod held;
mod interrupt;
mod near;
mod needed;
mod progress;
mod quick;
mod readers;
mod request;
mod script;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use model::{Account, AsOf, Clock, Error, Monotonic, TableSet};

use crate::image::Image;
use crate::pace::Pace;
pub use brief::run_brief;
pub use interrupt::{Interrupt, Why};
pub use needed::tables_needed;
pub use readers::Readers;
pub use request::run;
pub use script::{Params, Script, Value};

/// Bounds of one request. Scratch and temp bytes are bounded by the run's account.
#[derive(Clone, Debug)]
pub struct QueryLimits {
    /// Rows wanted at most; more are a wanted cut, not an error.
    pub max_rows: Option<u64>,
    /// Bytes of any one row or value.
    pub row_bytes_max: u64,
    /// Bytes of the SQL text.
    pub sql_bytes_max: u64,
    /// CPU time of one run; waiting for a turn or for a reader costs none.
    pub cpu_time_max: Option<Duration>,
}

/// What a script runs against and within.
pub struct Run<'a> {
    /// The tenant's image.
    pub image: &'a Image,
    /// The image of the shared tables, attached read-only as `shared`.
    pub shared: Option<&'a Image>,
    /// Charged with scratch pages and temp files.
    pub account: &'a Arc<Account>,
    /// Charged with what SQLite takes from its heap meanwhile; what a kept reader goes on holding
    /// stays charged.
    pub heap: &'a Arc<Account>,
    /// Bounds.
    pub limits: &'a QueryLimits,
    /// Ends it from outside.
    pub interrupt: &'a Interrupt,
    /// Asked for the time every thousand VM steps.
    pub clock: &'a dyn Clock,
    /// Asked together with the clock; a run without one never waits.
    pub pace: Option<&'a dyn Pace>,
    /// When it ends with `query_timeout`.
    pub deadline: Monotonic,
    /// Handed through to the [`model::Summary`].
    pub as_of: Option<AsOf>,
}

/// Why a run did not finish.
#[derive(Debug)]
pub enum Failure {
    /// It touches tables that are not loaded. Nothing was sent to the sink: load them, start over.
    NeedTables(TableSet),
    /// An error.
    Error {
        /// Which.
        error: Error,
        /// The sink's `begin` was called, and `fail` too.
        begun: bool,
    },
}
