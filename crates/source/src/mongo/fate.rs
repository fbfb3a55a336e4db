//! What becomes of a snapshot while it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Server;
use super::failure::is_point_lost;

/// Whether a snapshot was found to be unreadable, shared with its scans.
#[derive(Clone)]
pub(super) struct Fate {
    lost: Arc<AtomicBool>,
    server: Arc<Server>,
}

impl Fate {
    pub(super) fn of(server: &Arc<Server>) -> Fate {
        Fate { lost: Arc::default(), server: Arc::clone(server) }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// The next snapshot must not start from the collections of this one.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
        self.server.listings.forget();
    }

    /// Notes what a failure tells.
    pub(super) fn note(&self, error: &mongodb::error::Error) {
        if is_point_lost(error) {
            self.lose();
        }
    }
}
