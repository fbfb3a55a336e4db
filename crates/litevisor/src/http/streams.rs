//! HTTP/2 streams whose peer takes nothing of their answer: cut alone, since beside them on the
//! same connection there may be other callers of one proxy. On HTTP/1 the connection's own writes
//! stand still then (`guarded_io`); here the peer's window says that nothing may be written.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::rt::Executor;
use hyper_util::rt::TokioExecutor;
use model::limits::STREAM_PIECE_BYTES;

use super::activity::{Activity, Busy};
use crate::runtime::SystemRuntime;

tokio::task_local! {
    /// When this stream waits for us, and when for its peer. Only the library knows which of its
    /// tasks is which stream's, so that the task carries it.
    static TURN: Arc<Activity>;
}

/// Runs the library's tasks, one for each stream, and ends those whose peer takes nothing for
/// `patience`: what is dropped so is reset.
#[derive(Clone)]
pub(super) struct Streams {
    pub(super) runtime: Arc<SystemRuntime>,
    pub(super) patience: Duration,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let turn = Activity::new(Arc::clone(&self.runtime));
        let patience = self.patience;
        TokioExecutor::new().execute(async move {
            tokio::select! {
                biased;
                () = TURN.scope(Arc::clone(&turn), stream) => {}
                () = turn.quiet(patience) => {
                    tracing::debug!("an HTTP/2 stream was cut: its peer takes nothing of it");
                }
            }
        });
    }
}

/// The answer of this task's stream is being made, if it is a stream's.
pub(super) fn answering() -> Option<Busy> {
    TURN.try_with(Activity::begin).ok()
}

/// The body of this task's stream: handed out in pieces, each once its peer has room for the one
/// before, so that what it does not take stays with us and goes when the stream is cut.
pub(super) struct StreamedBody {
    body: Body,
    /// Of a frame that is larger than one.
    rest: Bytes,
    turn: Arc<Activity>,
    /// While the peer waits for us.
    ours: Option<Busy>,
}

impl StreamedBody {
    /// `body` as it is where this task is no stream's.
    pub(super) fn wrap(body: Body) -> Body {
        match TURN.try_with(Arc::clone) {
            Ok(turn) => Body::new(StreamedBody { body, rest: Bytes::new(), turn, ours: None }),
            Err(_) => body,
        }
    }

    fn piece(&mut self, mut data: Bytes) -> Bytes {
        self.rest = data.split_off(data.len().min(STREAM_PIECE_BYTES));
        data
    }
}

impl hyper::body::Body for StreamedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Who asks for more has sent what it had: the peer has made room, which counts as taking.
        self.ours = Some(self.turn.begin());
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            let piece = self.piece(rest);
            self.ours = None;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.ours = None;
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(data) => Frame::data(self.piece(data)),
                Err(other) => other,
            })),
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}
