//! What somebody turned away is told: why, which budget was full and by what, and when to come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::limits::{COMEBACK_MS_MAX, RETRY_SPREAD_PERCENT, SHED_RETRY_MS};
use model::{Error, ErrorCode, Hit};

use crate::events::ShedReason;

/// Why somebody is turned away, and how long what stands before it will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shed {
    pub(crate) reason: ShedReason,
    pub(crate) hit: Option<Hit>,
    /// `None`: not known.
    pub(crate) wait: Option<Duration>,
}

impl From<ShedReason> for Shed {
    fn from(reason: ShedReason) -> Shed {
        Shed { reason, hit: None, wait: None }
    }
}

impl Shed {
    pub(crate) fn by(reason: ShedReason, hit: Hit) -> Shed {
        Shed { reason, hit: Some(hit), wait: None }
    }

    pub(crate) fn after(mut self, wait: Duration) -> Shed {
        self.wait = Some(wait);
        self
    }

    /// What the caller is told; `draw` is random.
    pub(crate) fn error(self, draw: u64) -> Error {
        let (code, message) = words(self.reason);
        let error = Error::new(code, message).retry_after(comeback(self.wait, draw));
        match self.hit {
            Some(hit) => error.with_hit(hit),
            None => error,
        }
    }
}

fn words(reason: ShedReason) -> (ErrorCode, &'static str) {
    match reason {
        ShedReason::TenantQueue => (
            ErrorCode::TenantBusy,
            "this tenant has too many queries under way; wait for some of them, or send fewer at once",
        ),
        ShedReason::TenantQueueTimeout => (
            ErrorCode::TenantBusy,
            "this query's time passed while this tenant's other queries held all its places; wait for some of them, or send fewer at once",
        ),
        ShedReason::TenantMemory => (
            ErrorCode::TenantBusy,
            "this tenant's queries together hold all the memory that they may have; wait for some of them, or send fewer at once",
        ),
        ShedReason::Rate => (
            ErrorCode::TenantBusy,
            "boots and shutdowns of this instance were asked for too often; try again later",
        ),
        ShedReason::QueueTimeout => (
            ErrorCode::Overloaded,
            "this query found no free thread in its time; try again later, or raise timeout_ms if it was lowered",
        ),
        ShedReason::Memory => {
            (ErrorCode::Overloaded, "this replica is short of memory; try again later")
        }
        ShedReason::ReplicaQueue | ShedReason::Slots => {
            (ErrorCode::Overloaded, "this replica has too much under way; try again later")
        }
    }
}

/// When to come back: as estimated, within bounds, varied by [`RETRY_SPREAD_PERCENT`] both ways, so
/// that those turned away together do not come back together.
pub(crate) fn comeback(wait: Option<Duration>, draw: u64) -> Duration {
    let known = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let wait = known.unwrap_or(SHED_RETRY_MS).clamp(SHED_RETRY_MS, COMEBACK_MS_MAX);
    let spread = wait * RETRY_SPREAD_PERCENT / 100;
    Duration::from_millis(wait - spread + draw % (2 * spread + 1))
}

/// How long it takes until `ahead` have ended and one more, if `at_once` run at once and each takes
/// `each`.
pub(crate) fn until_served(ahead: usize, at_once: usize, each: Duration) -> Duration {
    let ahead = u32::try_from(ahead).unwrap_or(u32::MAX).saturating_add(1);
    each.saturating_mul(ahead) / u32::try_from(at_once.max(1)).unwrap_or(u32::MAX)
}

/// How long things took of late: an eighth of each new one, so that one odd one weighs little.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    nanoseconds: AtomicU64,
}

impl Lately {
    pub(crate) fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1);
        // Two at once may lose one of them, which weighs little, too.
        let before = self.nanoseconds.load(Ordering::Relaxed);
        let after = if before == 0 { took } else { before - before / 8 + took / 8 };
        self.nanoseconds.store(after.max(1), Ordering::Relaxed);
    }

    /// Zero: none was seen yet.
    pub(crate) fn get(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_turned_away_comes_back_within_bounds_and_not_together() {
        let seconds = |wait: Option<u64>, draw| comeback(wait.map(Duration::from_secs), draw);
        for draw in [0, 7, 499, 500, 501, u64::MAX] {
            for (wait, least, most) in
                [(None, 750, 1_250), (Some(0), 750, 1_250), (Some(8), 6_000, 10_000)]
            {
                let back = seconds(wait, draw).as_millis();
                assert!((least..=most).contains(&back), "{wait:?} {draw}: {back}");
            }
            let longest = u128::from(COMEBACK_MS_MAX + COMEBACK_MS_MAX / 4);
            assert!(seconds(Some(u64::MAX), draw).as_millis() <= longest);
        }
        assert_ne!(seconds(Some(8), 0), seconds(Some(8), 2_000));
    }

    #[test]
    fn the_wait_follows_from_what_was_seen() {
        let second = Duration::from_secs(1);
        assert_eq!(until_served(0, 1, second), second);
        assert_eq!(until_served(15, 4, second), 4 * second);
        assert_eq!(until_served(3, 0, second), 4 * second, "nobody runs: one will");
        let lately = Lately::default();
        assert_eq!(lately.get(), Duration::ZERO);
        lately.note(8 * second);
        assert_eq!(lately.get(), 8 * second);
        lately.note(16 * second);
        assert_eq!(lately.get(), 9 * second);
    }

    #[test]
    fn the_message_names_the_budget_and_what_fills_it() {
        let hit = Hit {
            budget: "admission.tenant_queued",
            used: 64,
            limit: 64,
            by: vec![("running", 8), ("waiting", 64)],
        };
        let error = Shed::by(ShedReason::TenantQueue, hit.clone()).error(0);
        assert_eq!(error.code, ErrorCode::TenantBusy);
        let said = "(admission.tenant_queued: 64 of 64; running 8, waiting 64)";
        assert!(error.message.ends_with(said), "{}", error.message);
        assert_eq!(error.hit.as_deref(), Some(&hit));
    }
}
