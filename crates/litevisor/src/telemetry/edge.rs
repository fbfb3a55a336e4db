//! Metrics of the edge: TLS, canaries.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Why a TLS handshake came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// It was not finished in time.
    Timeout,
    /// What came was not TLS: plain HTTP, most likely.
    NotTls,
    /// The client has no certificate, or one that is not trusted.
    ClientCertificate,
    /// Either side did not want what the other offered.
    Refused,
    /// The connection broke off.
    Broken,
}

impl HandshakeFailure {
    /// All of them.
    pub const ALL: [HandshakeFailure; 5] = [
        HandshakeFailure::Timeout,
        HandshakeFailure::NotTls,
        HandshakeFailure::ClientCertificate,
        HandshakeFailure::Refused,
        HandshakeFailure::Broken,
    ];

    /// The word in metrics.
    pub fn name(self) -> &'static str {
        match self {
            HandshakeFailure::Timeout => "timeout",
            HandshakeFailure::NotTls => "not_tls",
            HandshakeFailure::ClientCertificate => "client_certificate",
            HandshakeFailure::Refused => "refused",
            HandshakeFailure::Broken => "broken",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// The counters.
#[derive(Default)]
pub(super) struct EdgeMetrics {
    handshake_failures: Family<ReasonLabel, Counter>,
    tls_reads: Family<OutcomeLabel, Counter>,
    canaries: Counter,
}

impl EdgeMetrics {
    pub(super) fn register(&self, registry: &mut Registry, help: fn(&str) -> &'static str) {
        let failures = "tls_handshake_failures";
        registry.register(failures, help(failures), self.handshake_failures.clone());
        registry.register("tls_reads", help("tls_reads"), self.tls_reads.clone());
        registry.register("canaries_seen", help("canaries_seen"), self.canaries.clone());
    }

    pub(super) fn handshake_failed(&self, why: HandshakeFailure) {
        self.handshake_failures.get_or_create(&ReasonLabel { reason: why.name() }).inc();
    }

    pub(super) fn canary_seen(&self) {
        self.canaries.inc();
    }

    pub(super) fn tls_read(&self, ok: bool) {
        let outcome = if ok { "ok" } else { "failed" };
        self.tls_reads.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}
