//! What a connection has under way, so that one with nothing under way can be closed: a peer that
//! is silent, drips a head or keeps an HTTP/2 connection open for nothing holds a place.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use model::{Clock, Monotonic};
use tokio_util::sync::CancellationToken;

use crate::runtime::SystemRuntime;

/// A connection's activity.
pub(super) struct Activity {
    runtime: Arc<SystemRuntime>,
    under_way: AtomicU32,
    /// When the last of them ended.
    quiet_since: AtomicU64,
}

impl Activity {
    /// Of a connection that has just come.
    pub(super) fn new(runtime: Arc<SystemRuntime>) -> Arc<Self> {
        let quiet_since = AtomicU64::new(runtime.monotonic().0);
        Arc::new(Activity { runtime, under_way: AtomicU32::new(0), quiet_since })
    }

    /// Something is under way until the guard goes.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Ends once nothing has been under way for `patience`. It looks at least that often, so it is
    /// exact without being woken by each request's end.
    pub(super) async fn quiet(&self, patience: Duration) {
        let mut wait = patience;
        loop {
            tokio::time::sleep(wait).await;
            wait = match self.quiet_for() {
                Some(quiet) if quiet >= patience => return,
                Some(quiet) => patience.saturating_sub(quiet),
                None => patience,
            };
        }
    }

    fn quiet_for(&self) -> Option<Duration> {
        if self.under_way.load(Ordering::Acquire) > 0 {
            return None;
        }
        let since = Monotonic(self.quiet_since.load(Ordering::Relaxed));
        Some(self.runtime.monotonic().since(since))
    }
}

/// Something under way: a request until its response is out, a write that waits.
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.runtime.monotonic().0, Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Release);
    }
}

/// What a request knows of its connection.
#[derive(Clone)]
pub(super) struct Connected {
    /// Where it comes from.
    pub(super) peer: IpAddr,
    /// Cancelled: it takes no other request. (Shared, since a token's own clone takes a lock.)
    pub(super) farewell: Arc<CancellationToken>,
}

/// A response's body: its request is under way as long as it is.
pub(super) struct WatchedBody {
    body: Body,
    _busy: Busy,
}

impl WatchedBody {
    pub(super) fn new(body: Body, busy: Busy) -> Self {
        WatchedBody { body, _busy: busy }
    }
}

impl hyper::body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
