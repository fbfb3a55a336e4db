//! How fast this replica sends to all its peers together.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Clock, Monotonic};

use crate::runtime::SystemRuntime;

/// Gives out the time that bytes take.
pub(super) struct Pace {
    bytes_per_second: u64,
    runtime: Arc<SystemRuntime>,
    /// When the line is free again.
    free_at: Mutex<Monotonic>,
}

impl Pace {
    pub(super) fn new(bytes_per_second: u64, runtime: &Arc<SystemRuntime>) -> Pace {
        let free_at = Mutex::new(runtime.monotonic());
        Pace { bytes_per_second: bytes_per_second.max(1), runtime: Arc::clone(runtime), free_at }
    }

    /// Waits until it is the turn of so many bytes.
    pub(super) async fn turn(&self, bytes: usize) {
        let now = self.runtime.monotonic();
        let wait = {
            let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            let begin = (*free_at).max(now);
            *free_at = begin.after(time_of(bytes as u64, self.bytes_per_second));
            begin.since(now)
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

fn time_of(bytes: u64, bytes_per_second: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bytes_per_second);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
