//! What was seen of the source of late: how fast it is, and how much it holds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Monotonic;
use model::limits::{COLLECTION_SIZE_MAX_AGE_MS, COLLECTION_SIZES_MAX};

/// How fast loads were of late, for prices.
#[derive(Default)]
pub(crate) struct Speed {
    /// Bytes of BSON a second; 0: none was seen yet.
    bytes_per_second: AtomicU64,
}

impl Speed {
    /// Takes a finished load into account: an eighth of it, so that one odd load weighs little.
    pub(crate) fn note(&self, bytes: u64, took: Duration) {
        // Tiny loads tell about round trips, not about speed.
        if bytes < 1 << 20 || took.is_zero() {
            return;
        }
        let speed = bytes as f64 / took.as_secs_f64();
        let before = self.get();
        // A speed in bytes fits.
        let after = (before + (speed - before) / 8.0).max(1.0) as u64;
        self.bytes_per_second.store(after, Ordering::Relaxed);
    }

    /// Bytes of BSON a second.
    pub(crate) fn get(&self) -> f64 {
        match self.bytes_per_second.load(Ordering::Relaxed) {
            0 => model::limits::LOAD_SPEED_GUESS_BYTES as f64,
            known => known as f64,
        }
    }
}

/// Documents in whole collections, as the source said.
#[derive(Default)]
pub(crate) struct Sizes {
    known: Mutex<HashMap<String, (u64, Monotonic)>>,
}

impl Sizes {
    /// What the source said of a collection not long ago.
    pub(crate) fn get(&self, collection: &str, now: Monotonic) -> Option<u64> {
        let (documents, at) = self.known().get(collection).copied()?;
        let max_age = Duration::from_millis(COLLECTION_SIZE_MAX_AGE_MS);
        (now.since(at) < max_age).then_some(documents)
    }

    pub(crate) fn note(&self, collection: &str, documents: u64, now: Monotonic) {
        let mut known = self.known();
        if known.len() >= COLLECTION_SIZES_MAX {
            known.clear();
        }
        known.insert(collection.to_owned(), (documents, now));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, (u64, Monotonic)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
