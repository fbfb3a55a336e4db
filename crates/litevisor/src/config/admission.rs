//! `[admission]`: how much may be under way, per tenant and per replica.

use std::time::Duration;

use model::limits;

use super::reader::Reader;
use super::value::Interval;

/// `[admission]`.
#[derive(Clone, Debug)]
pub struct AdmissionConfig {
    /// Queries of one tenant that run at once.
    pub tenant_concurrent: usize,
    /// Queries of one tenant that wait.
    pub tenant_queued: usize,
    /// Queries that run at once; where unset, by the number of cores.
    pub replica_concurrent: Option<usize>,
    /// Queries that wait.
    pub replica_queued: usize,
    /// Heavy queries and loads take CPU turns; without, for measuring only.
    pub cpu_turns: bool,
    /// How long a query waits for its turn before it is turned away.
    pub queue_timeout: Interval,
}

impl AdmissionConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "admission";
        let queue_timeout = Interval(Duration::from_millis(limits::QUEUE_TIMEOUT_DEFAULT_MS));
        AdmissionConfig {
            tenant_concurrent: reader.take(
                S,
                "tenant_concurrent",
                limits::TENANT_CONCURRENT_DEFAULT,
            ),
            tenant_queued: reader.take(S, "tenant_queued", limits::TENANT_QUEUED_DEFAULT),
            replica_concurrent: reader.take_optional(S, "replica_concurrent"),
            replica_queued: reader.take(S, "replica_queued", limits::REPLICA_QUEUED_DEFAULT),
            cpu_turns: reader.take(S, "cpu_turns", true),
            queue_timeout: reader.take(S, "queue_timeout", queue_timeout),
        }
    }
}
