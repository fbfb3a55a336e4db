//! One line for each request, at debug level, once its answer is out; and a warning for a query
//! that was slow. Neither has SQL or parameters; tenant, route and request id are the span's.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use model::limits::SLOW_QUERY_MS;
use tracing::Span;

use super::{Outcome, Route};

/// Where a query's time went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Waiting for the tables to be loaded.
    pub boot: Duration,
    /// Waiting for a turn.
    pub queue: Duration,
    /// Running, to the first byte.
    pub exec: Duration,
    /// From the first byte to the last.
    pub stream: Duration,
    /// Of that, waiting for the reader.
    pub reader: Duration,
}

/// How a query went.
#[derive(Clone, Copy, Debug)]
pub struct QueryFacts {
    /// How it ended.
    pub outcome: Outcome,
    /// Rows of a whole result.
    pub rows: u64,
    /// Bytes of the encoded result.
    pub bytes: u64,
    /// Where its time went.
    pub times: Times,
}

/// What a request's line will say of its query: an extension of the request, there only while such
/// lines are wanted.
#[derive(Clone, Debug, Default)]
pub struct RequestFacts(Arc<Mutex<Option<QueryFacts>>>);

impl RequestFacts {
    /// A request's, if its line is wanted at all.
    pub fn if_wanted() -> Option<Self> {
        tracing::enabled!(tracing::Level::DEBUG).then(Self::default)
    }

    /// Notes how the query went.
    pub fn note(&self, facts: QueryFacts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
    }

    /// How the query went, as far as is known.
    pub fn seen(&self) -> Option<QueryFacts> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the line written when `response` is out, within `span`.
    pub fn follow(self, response: Response<Body>, span: Span, route: Route) -> Response<Body> {
        let status = response.status().as_u16();
        let line = Line { facts: self, span, route, status };
        response.map(|body| Body::new(Followed { body, _line: line }))
    }
}

/// Milliseconds, as log lines have them.
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

/// Warns of a query whose own work took long: not its boot, its queue or a slow reader.
pub fn warn_if_slow(facts: &QueryFacts) {
    let times = &facts.times;
    let own = times.exec + times.stream.saturating_sub(times.reader);
    if own < Duration::from_millis(SLOW_QUERY_MS) {
        return;
    }
    tracing::warn!(
        outcome = facts.outcome.name(),
        rows = facts.rows,
        bytes = facts.bytes,
        boot_ms = ms(times.boot),
        queue_ms = ms(times.queue),
        exec_ms = ms(times.exec),
        stream_ms = ms(times.stream),
        "a query was slow"
    );
}

/// Writes the request's line when it goes.
struct Line {
    facts: RequestFacts,
    span: Span,
    route: Route,
    status: u16,
}

impl Drop for Line {
    fn drop(&mut self) {
        let (route, status) = (self.route, self.status);
        let facts = self.facts.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _inside = self.span.enter();
        let Some(facts) = facts else {
            return tracing::debug!(route, status, "answered");
        };
        tracing::debug!(
            route,
            status,
            outcome = facts.outcome.name(),
            rows = facts.rows,
            bytes = facts.bytes,
            boot_ms = ms(facts.times.boot),
            queue_ms = ms(facts.times.queue),
            exec_ms = ms(facts.times.exec),
            stream_ms = ms(facts.times.stream),
            "answered"
        );
    }
}

/// A response's body with the line that is written after it.
struct Followed {
    body: Body,
    _line: Line,
}

impl hyper::body::Body for Followed {
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
