//! A load as others see it while it is under way: how far it is, and how to stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Monotonic;
use tokio_util::sync::CancellationToken;

use crate::events::LoadKind;
use crate::status::Progress;

/// Shared between a load's driver, its thread, its fetches and the slot.
#[derive(Debug)]
pub(crate) struct Load {
    /// What for.
    pub(crate) kind: LoadKind,
    /// When it was asked for.
    pub(crate) since: Monotonic,
    /// Stops it. A token, not a notification: who looks late still sees it.
    pub(crate) stop: CancellationToken,
    /// Somebody waits for it: it need not stand behind other background loads.
    pub(crate) hurry: CancellationToken,
    documents: AtomicU64,
    bytes: AtomicU64,
    rows: AtomicU64,
    reloads: AtomicU64,
    /// 0: not known; else one more than the number.
    expected: AtomicU64,
}

impl Load {
    pub(crate) fn new(kind: LoadKind, now: Monotonic) -> Arc<Load> {
        Arc::new(Load {
            kind,
            since: now,
            stop: CancellationToken::new(),
            hurry: CancellationToken::new(),
            documents: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            expected: AtomicU64::new(0),
        })
    }

    pub(crate) fn add_documents(&self, documents: u64) {
        self.documents.fetch_add(documents, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_stored(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_reload(&self) {
        self.reloads.fetch_add(1, Ordering::Relaxed);
    }

    /// Documents read so far.
    pub(crate) fn documents(&self) -> u64 {
        self.documents.load(Ordering::Relaxed)
    }

    pub(crate) fn expect_documents(&self, documents: u64) {
        self.expected.store(documents.saturating_add(1), Ordering::Relaxed);
    }

    /// Rows stored, tables loaded more than once.
    pub(crate) fn outcome(&self) -> (u64, u64) {
        (self.rows.load(Ordering::Relaxed), self.reloads.load(Ordering::Relaxed))
    }

    pub(crate) fn progress(&self, now: Monotonic) -> Progress {
        Progress {
            documents: self.documents.load(Ordering::Relaxed),
            documents_expected: self.expected.load(Ordering::Relaxed).checked_sub(1),
            bytes: self.bytes.load(Ordering::Relaxed),
            elapsed: now.since(self.since),
        }
    }
}
