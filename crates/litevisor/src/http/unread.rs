//! What is left of an HTTP/1 request's body once its answer is decided: it is read and thrown
//! away, within bounds. Closing a connection with bytes unread would reset it, and the client,
//! still sending, might see a broken pipe and not the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use model::limits::{UNREAD_BODY_BYTES_MAX, UNREAD_BODY_MS};

use crate::runtime::SystemRuntime;

/// A request's body that is read to its end by somebody: by its handler, else by a task.
pub(super) struct ReadToEnd {
    body: Option<Incoming>,
    runtime: Arc<SystemRuntime>,
    /// The client waits to be told that it may send: until somebody reads, nothing comes.
    held_back: bool,
}

impl ReadToEnd {
    pub(super) fn new(body: Incoming, held_back: bool, runtime: Arc<SystemRuntime>) -> Self {
        ReadToEnd { body: Some(body), runtime, held_back }
    }
}

impl Body for ReadToEnd {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.held_back = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for ReadToEnd {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if self.held_back || body.is_end_stream() {
            return;
        }
        self.runtime.spawn_task("unread_body", async {
            let limit = Duration::from_millis(UNREAD_BODY_MS);
            // Out of time: the connection ends as it is.
            let _ = tokio::time::timeout(limit, throw_away(body)).await;
        });
    }
}

async fn throw_away(mut body: Incoming) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        if bytes > UNREAD_BODY_BYTES_MAX {
            return;
        }
    }
}
