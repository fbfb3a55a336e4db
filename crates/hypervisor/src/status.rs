//! What can be asked about instances, without booting or disturbing any.

use std::sync::Arc;
use std::time::Duration;

use model::{Catalog, Error, ErrorCode, Price, TableSet, TenantId, Timestamp};
use source::TableReport;

use crate::cpu::Lane;
pub use crate::state::State;

/// One tenant's instance.
#[derive(Clone, Debug)]
pub struct InstanceStatus {
    /// The slot's state.
    pub state: State,
    /// Numbers of the tables that are loaded.
    pub tables: TableSet,
    /// Rows of the tables loaded.
    pub rows: u64,
    /// Bytes of the image.
    pub bytes: u64,
    /// The point in time it shows; `None` unless live.
    pub as_of: Option<Timestamp>,
    /// Whether all of it was read at exactly that point.
    pub as_of_exact: bool,
    /// `None` unless live.
    pub generation: Option<u64>,
    /// How far the load under way is: a boot, more tables, a refresh.
    pub progress: Option<Progress>,
    /// What a boot of all tables would cost; asked of the source for a vacant slot only, and
    /// `None` where it could not tell in time. For a slot whose boot was refused for its size, what
    /// that one would have cost.
    pub price: Option<Price>,
    /// Why the last boot failed and when the next may start, in state failed.
    pub failure: Option<FailureStatus>,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Documents read.
    pub documents: u64,
    /// Documents expected, where known.
    pub documents_expected: Option<u64>,
    /// Bytes of BSON read.
    pub bytes: u64,
    /// Since it began.
    pub elapsed: Duration,
}

impl Progress {
    /// How long it will still take if it goes on as before, where its end is known.
    pub(crate) fn left(&self) -> Option<Duration> {
        let left = self.documents_expected?.checked_sub(self.documents)?;
        (self.documents > 0).then(|| self.elapsed.mul_f64(left as f64 / self.documents as f64))
    }
}

/// Why a boot failed.
#[derive(Clone, Debug)]
pub struct FailureStatus {
    /// The error that its waiters got.
    pub error: Error,
    /// How long until the next boot may start.
    pub retry_in: Duration,
}

/// A tenant's tables, as loaded.
#[derive(Clone, Debug)]
pub struct SchemaReport {
    /// The catalog they come from.
    pub catalog: Arc<Catalog>,
    /// The point in time; `None` unless live.
    pub as_of: Option<Timestamp>,
    /// The generation; `None` unless live.
    pub generation: Option<u64>,
    /// One per table of the catalog, in its order; shared tables have the replica's state.
    pub tables: Vec<TableStatus>,
}

/// One table of a tenant.
#[derive(Clone, Debug, Default)]
pub struct TableStatus {
    /// What was seen when it was loaded; `None`: it is not loaded.
    pub loaded: Option<LoadedTable>,
}

/// What a load made of a table.
#[derive(Clone, Debug, Default)]
pub struct LoadedTable {
    /// Rows stored.
    pub rows: u64,
    /// Numbers of columns that had to be declared without a type.
    pub untyped: Vec<usize>,
    /// The primary key is a plain index, since it has duplicates or NULLs.
    pub demoted_key: bool,
    /// Values stored as NULL since their row was too long.
    pub oversized_values: u64,
    /// Types, strays, unmapped fields.
    pub report: TableReport,
}

/// One slot, for the operator.
#[derive(Clone, Debug)]
pub struct SlotStatus {
    /// Whose; `None`: the shared tables.
    pub tenant: Option<TenantId>,
    /// Its state.
    pub state: State,
    /// Bytes of the image.
    pub bytes: u64,
    /// Bytes that its queries hold, kept readers included.
    pub query_bytes: u64,
    /// Tables loaded.
    pub tables: usize,
    /// Leases out.
    pub leases: u64,
    /// Requests waiting for a load.
    pub waiting: usize,
    /// Since it was last used; probes and status calls do not count.
    pub idle: Option<Duration>,
    /// Generation, if live.
    pub generation: Option<u64>,
    /// As of, if live.
    pub as_of: Option<Timestamp>,
    /// Boots since the slot was made.
    pub boots: u64,
    /// Evictions since the slot was made.
    pub evictions: u64,
    /// Why the last boot failed, in state failed.
    pub failure: Option<ErrorCode>,
}

/// Whether this replica should get requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It should.
    Ready,
    /// It drains.
    Draining,
}

/// Memory and load of the replica, for gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes reserved of the budget.
    pub budget_used: u64,
    /// The budget in bytes.
    pub budget_limit: u64,
    /// Bytes of the budget that queries hold, kept readers included.
    pub queries_held: u64,
    /// Slots by state, in the order of [`State::ALL`].
    pub slots: [u64; State::COUNT],
    /// Live instances of which a peer took a copy.
    pub duplicates: u64,
    /// Queries running.
    pub running: u64,
    /// Queries waiting for their turn.
    pub queued: u64,
    /// Running queries and loads that wait for a CPU turn, in the order of [`Lane::ALL`].
    pub turns_wanted: [u64; Lane::COUNT],
    /// How long was waited for CPU turns so far, all together, in the order of [`Lane::ALL`].
    pub turns_waited: [Duration; Lane::COUNT],
    /// Requests waiting for loads.
    pub waiting: u64,
    /// Loads under way or waiting for their turn.
    pub loads: u64,
}

/// What asking for a boot did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootRequested {
    /// A load of what is missing was started, or is under way.
    Started,
    /// All tables are loaded.
    AlreadyLive,
}

/// What asking for the end of an instance did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseRequested {
    /// It is gone or goes once its leases end.
    Closing,
    /// There was none.
    Vacant,
}
