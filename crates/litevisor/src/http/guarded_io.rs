//! A connection whose peer must take what is written: a write that stands still for too long ends
//! it, so that a reader gone silent holds no buffers. What comes in is shown to `framing`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::{Activity, Busy};
use super::framing::Framing;
use super::tls::Wire;

/// Runs while a write waits; meanwhile the connection is not quiet.
type Waiting = Option<(Pin<Box<Sleep>>, Busy)>;

/// A connection with a deadline for each write.
pub(super) struct GuardedIo {
    stream: Wire,
    patience: Duration,
    writing: Waiting,
    flushing: Waiting,
    activity: Arc<Activity>,
    framing: Framing,
}

impl GuardedIo {
    pub(super) fn new(
        stream: Wire,
        patience: Duration,
        activity: Arc<Activity>,
        framing: Framing,
    ) -> Self {
        GuardedIo { stream, patience, writing: None, flushing: None, activity, framing }
    }
}

/// What was written, unless it has waited for longer than `patience`.
fn guard<T>(
    waiting: &mut Waiting,
    (patience, activity): (Duration, &Arc<Activity>),
    cx: &mut Context<'_>,
    written: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if written.is_ready() {
        *waiting = None;
        return written;
    }
    let (timer, _) = waiting.get_or_insert_with(|| (Box::pin(sleep(patience)), activity.begin()));
    match timer.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl AsyncRead for GuardedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(bytes) = buffer.filled().get(before..) {
            self.framing.see(bytes);
        }
        read
    }
}

impl AsyncWrite for GuardedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        let this = &mut *self;
        guard(&mut this.writing, (this.patience, &this.activity), cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        let this = &mut *self;
        guard(&mut this.writing, (this.patience, &this.activity), cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Within TLS a write may be done before its bytes are out.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        let this = &mut *self;
        guard(&mut this.flushing, (this.patience, &this.activity), cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(cx);
        let this = &mut *self;
        guard(&mut this.flushing, (this.patience, &this.activity), cx, ended)
    }
}
