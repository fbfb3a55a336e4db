//! A streamed result as an HTTP body. It owns the running query: a client that leaves drops the
//! body, and with it interrupts the query and returns its lease.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use hyper::body::{Body, Frame};
use model::{Clock, Error, ErrorCode, Monotonic, Summary};
use tracing::Span;

use super::super::pipe::{End, PipeReader};
use super::super::service::Service;
use super::parts::{COMPLETE, Running, complete};
use super::sink::Telling;
use crate::telemetry::{Outcome, QueryFacts, RequestFacts, Stage, Times, warn_if_slow};

/// Notes how a query ended, once: in the metrics and, where it is our fault or slow, in the log.
pub(super) struct Ending {
    service: Arc<Service>,
    telling: Telling,
    head_at: Monotonic,
    times: Times,
    /// Nanoseconds for which the query waited for its reader.
    waited: Arc<AtomicU64>,
    facts: Option<RequestFacts>,
    noted: bool,
}

impl Ending {
    pub(super) fn new(
        service: Arc<Service>,
        telling: Telling,
        waited: Arc<AtomicU64>,
        facts: Option<RequestFacts>,
    ) -> Self {
        let (head_at, times) = (service.runtime.monotonic(), Times::default());
        Ending { service, telling, head_at, times, waited, facts, noted: false }
    }

    /// The head goes out.
    pub(super) fn begun(&mut self, head_at: Monotonic, times: Times) {
        (self.head_at, self.times) = (head_at, times);
    }

    /// It ended by an error, which is handed back.
    pub(super) fn failed(mut self, error: Error) -> Error {
        self.note(Outcome::Failed(error.code), 0);
        error
    }

    /// It ended otherwise.
    pub(super) fn ended(mut self, outcome: Outcome, rows: u64) {
        self.note(outcome, rows);
    }

    fn note(&mut self, outcome: Outcome, rows: u64) {
        if std::mem::replace(&mut self.noted, true) {
            return;
        }
        let bytes = self.telling.lock().bytes;
        self.service.metrics.query_ended(outcome, rows, bytes);
        let facts = QueryFacts { outcome, rows, bytes, times: self.times };
        warn_if_slow(&facts);
        if let Some(line) = &self.facts {
            line.note(facts);
        }
    }

    /// `kept_since`: the query still waits for its reader.
    fn note_stream(&mut self, outcome: Outcome, rows: u64, kept_since: Option<Monotonic>) {
        if self.noted {
            return;
        }
        let now = self.service.runtime.monotonic();
        self.times.stream = now.since(self.head_at);
        let kept = kept_since.map_or(Duration::ZERO, |since| now.since(since));
        self.times.reader = Duration::from_nanos(self.waited.load(Ordering::Relaxed)) + kept;
        self.service.metrics.stage(Stage::Stream, self.times.stream);
        self.note(outcome, rows);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // The client left before there was a head.
        self.note(Outcome::ClientGone, 0);
    }
}

/// Why a stream ended abnormally, for hyper, which then resets the connection.
#[derive(Debug)]
pub(super) struct Cut(End);

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the result's stream was cut: {:?}", self.0)
    }
}

impl std::error::Error for Cut {}

/// The body.
pub(super) struct StreamBody {
    running: Option<Running>,
    result: Option<Result<Summary, Error>>,
    reader: PipeReader,
    trailers: bool,
    ending: Ending,
    /// The request's: the body outlives its handler.
    span: Span,
    over: bool,
}

impl StreamBody {
    pub(super) fn new(
        running: Option<Running>,
        done: Option<Summary>,
        reader: PipeReader,
        trailers: bool,
        ending: Ending,
    ) -> Self {
        let (result, span) = (done.map(Ok), Span::current());
        StreamBody { running, result, reader, trailers, ending, span, over: false }
    }

    /// All chunks are out: what the client sees now.
    fn last_frame(&mut self, end: End) -> Option<Result<Frame<Bytes>, Cut>> {
        self.over = true;
        let _inside = self.span.enter();
        let fault = self.ending.telling.lock().fault.take();
        let (outcome, rows) = match (&self.result, fault, end) {
            (_, _, End::TooSlow) => (Outcome::TooSlow, 0),
            (_, Some(fault), _) => (Outcome::Failed(fault.code), 0),
            (Some(Err(error)), None, _) => (Outcome::Failed(error.code), 0),
            (Some(Ok(summary)), None, End::Whole) => (Outcome::Ok, summary.rows),
            _ => (Outcome::Failed(ErrorCode::Internal), 0),
        };
        self.ending.note_stream(outcome, rows, None);
        if let Some(Err(error)) = &self.result {
            super::super::problem_log::log(error);
        }
        match (&self.result, end) {
            (Some(Ok(summary)), End::Whole) if self.trailers => {
                let mut trailers = HeaderMap::with_capacity(1);
                trailers.insert(COMPLETE, complete(summary));
                Some(Ok(Frame::trailers(trailers)))
            }
            (_, End::Whole) => None,
            (_, end) => Some(Err(Cut(end))),
        }
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        if !self.over {
            let _inside = self.span.enter();
            let slow = self.reader.end() == End::TooSlow;
            let outcome = if slow { Outcome::TooSlow } else { Outcome::ClientGone };
            self.ending.note_stream(outcome, 0, self.reader.kept_since());
        }
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        if let Some(running) = &mut this.running
            && let Poll::Ready(result) = running.as_mut().poll(cx)
        {
            this.running = None;
            this.result = Some(result);
        }
        match this.reader.poll_chunk(cx) {
            Poll::Ready(Ok(chunk)) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            // Too slow: there is nothing to wait for. Otherwise the query is about to say its end.
            Poll::Ready(Err(end)) if this.running.is_none() || end == End::TooSlow => {
                Poll::Ready(this.last_frame(end))
            }
            // The query is done and the encoder never said an end: nothing more will come.
            Poll::Pending if this.running.is_none() => Poll::Ready(this.last_frame(End::Aborted)),
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}
