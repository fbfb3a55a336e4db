//! What a newcomer stands before: how many places there are, who has them, and what it is told.

use std::time::Duration;

use model::Hit;

use crate::events::ShedReason;
use crate::settings::AdmissionSettings;
use crate::shed::{Shed, until_served};

/// What a newcomer stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) own_running: usize,
    pub(super) own_waiting: usize,
    pub(super) running: usize,
    pub(super) waiting: usize,
    pub(super) places: usize,
}

impl Standing {
    /// What it is told if it is turned away for `reason`; queries take `each` of late, and `results`
    /// are the bytes of results in flight and their bound.
    pub(super) fn shed(
        self,
        reason: ShedReason,
        bounds: &AdmissionSettings,
        each: Duration,
        results: (u64, u64),
    ) -> Shed {
        let own = || vec![("own_running", self.own_running), ("own_waiting", self.own_waiting)];
        let all = || {
            let mut by = vec![("running", self.running), ("waiting", self.waiting)];
            by.extend(own());
            by
        };
        let (budget, used, limit, by, ahead, at_once) = match reason {
            ShedReason::TenantQueue => (
                "admission.tenant_queued",
                self.own_waiting,
                bounds.tenant_queued,
                own(),
                self.own_waiting,
                self.own_running,
            ),
            ShedReason::TenantQueueTimeout => (
                "admission.tenant_concurrent",
                self.own_running,
                bounds.tenant_concurrent,
                own(),
                self.own_waiting,
                self.own_running,
            ),
            ShedReason::QueueTimeout => {
                let limit = self.places.min(bounds.replica_concurrent);
                let named = "admission.replica_concurrent";
                (named, self.running, limit, all(), self.waiting, self.running)
            }
            _ => (
                "admission.replica_queued",
                self.waiting,
                bounds.replica_queued,
                all(),
                self.waiting,
                self.running,
            ),
        };
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let mut by: Vec<(&str, u64)> = by.into_iter().map(|(what, n)| (what, count(n))).collect();
        if self.places < bounds.replica_concurrent {
            by.extend([("result_bytes", results.0), ("result_bytes_max", results.1)]);
        }
        let hit = Hit { budget, used: count(used), limit: count(limit), by };
        Shed::by(reason, hit).after(until_served(ahead, at_once, each))
    }
}

/// How many queries may run at once while results of so many bytes are in flight: all places up to
/// half of `bound`, from there fewer in proportion, but never none.
pub(super) fn places(all: usize, in_flight: u64, bound: u64) -> usize {
    let half = bound / 2;
    if half == 0 {
        return all.max(1);
    }
    let over = in_flight.saturating_sub(half).min(half);
    let lost = u128::from(over) * all as u128 / u128::from(half);
    all.saturating_sub(usize::try_from(lost).unwrap_or(all)).max(1)
}
