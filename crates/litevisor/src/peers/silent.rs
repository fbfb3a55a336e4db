//! Peers that did not answer in time, remembered for some seconds: while one hangs, not every boot
//! should wait for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Monotonic;
use model::limits::{PEER_SILENT_MS, PEERS_MAX};

/// Which, and when they may be asked again. At most [`PEERS_MAX`].
#[derive(Default)]
pub(super) struct Silent(Mutex<BTreeMap<SocketAddr, Monotonic>>);

impl Silent {
    /// It did not answer in time.
    pub(super) fn note(&self, peer: SocketAddr, now: Monotonic) {
        let mut silent = self.lock();
        silent.retain(|_, until| *until > now);
        if silent.len() < PEERS_MAX {
            silent.insert(peer, now.after(Duration::from_millis(PEER_SILENT_MS)));
        }
    }

    /// Whether it may be asked.
    pub(super) fn may_be_asked(&self, peer: SocketAddr, now: Monotonic) -> bool {
        self.lock().get(&peer).is_none_or(|until| *until <= now)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Monotonic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_asked_again_after_a_while() {
        let peer = |n| SocketAddr::from(([10, 9, 0, n], 8082));
        let (silent, start) = (Silent::default(), Monotonic(7));
        silent.note(peer(1), start);
        let later = start.after(Duration::from_millis(PEER_SILENT_MS));
        assert!(!silent.may_be_asked(peer(1), start) && silent.may_be_asked(peer(2), start));
        assert!(silent.may_be_asked(peer(1), later));
        silent.note(peer(2), later);
        assert_eq!(silent.lock().len(), 1, "what is over is forgotten");
    }
}
