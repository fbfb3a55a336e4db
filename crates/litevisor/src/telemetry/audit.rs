//! The audit log: one line for each request on a tenant route or an operator's, once its answer is out. Who, whose
//! data, what, with which outcome, at what cost; never a value, a parameter or a credential.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use model::{Clock, ErrorCode, Monotonic};
use sha2::{Digest, Sha256};
use tracing::Span;

use super::RequestFacts;

/// What is known of a request so far.
#[derive(Clone, Debug, Default)]
struct Known {
    principal: Option<String>,
    action: Option<&'static str>,
    tenant: Option<String>,
    /// Why it was not allowed.
    denied: Option<&'static str>,
    statement: Option<String>,
}

/// A request's line in the making: an extension of the request, where there is an audit log.
#[derive(Clone, Debug, Default)]
pub struct Audit(Arc<Mutex<Known>>);

impl Audit {
    fn with(&self, note: impl FnOnce(&mut Known)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Who asks.
    pub fn principal(&self, name: &str) {
        self.with(|known| known.principal = Some(name.to_owned()));
    }

    /// What is asked, of whose data; of nobody's, of the replica.
    pub fn asked(&self, action: &'static str, tenant: Option<&str>) {
        let tenant = tenant.map(str::to_owned);
        self.with(|known| (known.action, known.tenant) = (Some(action), tenant));
    }

    /// It was not allowed.
    pub fn denied(&self, reason: &'static str) {
        self.with(|known| known.denied = Some(reason));
    }

    /// The statement, of which only the hash is kept: the same text, the same hash.
    pub fn statement(&self, sql: &str) {
        let hash = Sha256::digest(sql);
        let short = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.with(|known| known.statement = Some(short));
    }
}

/// Writes the line when it goes: with the answer's last byte, or with its client.
pub struct AuditLine {
    audit: Audit,
    facts: RequestFacts,
    answer: Option<(u16, Option<ErrorCode>)>,
    peer: Option<IpAddr>,
    clock: Arc<dyn Clock>,
    started: Monotonic,
    span: Span,
}

impl AuditLine {
    /// The line of a request that begins now; `facts` learns how its query goes.
    pub fn begin(facts: RequestFacts, peer: Option<IpAddr>, clock: Arc<dyn Clock>) -> Self {
        let (audit, started, span) = (Audit::default(), clock.monotonic(), Span::current());
        AuditLine { audit, facts, answer: None, peer, clock, started, span }
    }

    /// What handlers tell of it.
    pub fn audit(&self) -> Audit {
        self.audit.clone()
    }

    /// Goes with `response`.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        let code = response.extensions().get::<ErrorCode>().copied();
        self.answer = Some((response.status().as_u16(), code));
        response.map(|body| Body::new(Followed { body, _line: self }))
    }
}

fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

impl Drop for AuditLine {
    fn drop(&mut self) {
        let known = self.audit.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let _inside = self.span.enter();
        let query = self.facts.seen();
        let outcome = match (&query, self.answer) {
            (Some(query), _) => query.outcome.name(),
            (None, Some((_, Some(code)))) => code.slug(),
            (None, Some(_)) => "ok",
            (None, None) => "client_gone",
        };
        tracing::info!(
            target: "audit",
            principal = known.principal,
            peer = self.peer.map(tracing::field::display),
            action = known.action,
            tenant = known.tenant,
            denied = known.denied,
            statement = known.statement,
            status = self.answer.map(|(status, _)| status),
            outcome,
            ms = ms(self.clock.monotonic().since(self.started)),
            rows = query.map(|query| query.rows),
            bytes = query.map(|query| query.bytes),
            "access"
        );
    }
}

/// A response's body with the line that is written after it.
struct Followed {
    body: Body,
    _line: AuditLine,
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
