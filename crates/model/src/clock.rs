//! The clock's trait. Only `litevisor/runtime` (and tests) implement it: everything else is told
//! the time, so that lifecycle logic can be tested without waiting.

use std::time::Duration;

use crate::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Wall time, UTC.
    fn now(&self) -> Timestamp;
    /// Time that never goes back, since some fixed moment of this process.
    fn monotonic(&self) -> Monotonic;
    /// The CPU time that the calling thread has had; nothing where that is not known.
    fn thread_time(&self) -> Duration {
        Duration::ZERO
    }
}

/// A moment on a process's monotonic clock, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This moment plus `duration`, saturating.
    pub fn after(self, duration: Duration) -> Self {
        Monotonic(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// This moment minus `duration`, saturating.
    pub fn before(self, duration: Duration) -> Self {
        Monotonic(self.0.saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// Time from `earlier` to this moment; zero if it lies ahead.
    pub fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}
