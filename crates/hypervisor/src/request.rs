//! What a query asks for and what it gets back.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use engine::Script;
use model::{RowSink, TenantId, Timestamp};

use crate::cpu::Lane;

/// A query.
#[derive(Clone, Debug)]
pub struct QueryRequest {
    /// On whose data.
    pub tenant: TenantId,
    /// What.
    pub script: Script,
    /// Queue and execution together; waits for a boot and for the reader have their own bounds.
    pub timeout: Duration,
    /// Rows wanted at most.
    pub max_rows: Option<u64>,
    /// What it is for: an answer somebody waits for, or a report.
    pub lane: Lane,
    /// Data older than this will not do: wait for newer ones.
    pub max_age: Option<Duration>,
}

/// Where a query's rows go, on the query's own thread.
pub trait QuerySink: RowSink + Send {
    /// Called once, before `begin`.
    fn opened(&mut self, opened: &Opened);

    /// What the query has waited for so far: told before it runs, and before it fails without having
    /// run.
    fn spent(&mut self, _: Spent) {}

    /// Nanoseconds for which it has made the query wait for its reader, counted as they pass; they
    /// are not the query's own time, so they do not count against its timeout.
    fn waited(&self) -> Option<Arc<AtomicU64>> {
        None
    }
}

/// What a query waited for before it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Loads.
    pub boot: Duration,
    /// Its turn.
    pub queue: Duration,
}

/// What is known before the first row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The oldest point in time of the images the query reads.
    pub as_of: Timestamp,
    /// Whether all tables were read at exactly that point.
    pub as_of_exact: bool,
    /// The tenant's generation.
    pub generation: u64,
    /// The request waited for a load.
    pub cold: bool,
    /// How long it waited for loads.
    pub boot: Duration,
    /// How long it waited for its turn.
    pub queue: Duration,
}
