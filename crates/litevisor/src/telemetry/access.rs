//! Metrics of access: what was not allowed, and files of credentials read anew.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// A kind of file that holds credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFile {
    /// API keys.
    Keys,
    /// An issuer's keys for tokens.
    JwtKeys,
    /// The token of the admin listener.
    AdminToken,
    /// What links are signed with.
    LinkSecrets,
    /// What replicas know of each other.
    PeerSecrets,
}

impl CredentialFile {
    /// The word in metrics.
    fn name(self) -> &'static str {
        match self {
            CredentialFile::Keys => "keys",
            CredentialFile::AdminToken => "admin_token",
            CredentialFile::JwtKeys => "jwt_keys",
            CredentialFile::LinkSecrets => "link_secrets",
            CredentialFile::PeerSecrets => "peer_secrets",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReadLabels {
    file: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DenialLabel {
    reason: &'static str,
}

#[derive(Default)]
pub(super) struct AccessMetrics {
    denied: Family<DenialLabel, Counter>,
    reads: Family<ReadLabels, Counter>,
}

impl AccessMetrics {
    /// `help` gives a metric's meaning by its name.
    pub(super) fn register(&self, registry: &mut Registry, help: fn(&str) -> &'static str) {
        registry.register("access_denied", help("access_denied"), self.denied.clone());
        registry.register("credential_reads", help("credential_reads"), self.reads.clone());
    }

    pub(super) fn denied(&self, reason: &'static str) {
        self.denied.get_or_create(&DenialLabel { reason }).inc();
    }

    pub(super) fn read(&self, file: CredentialFile, ok: bool) {
        let outcome = if ok { "ok" } else { "failed" };
        self.reads.get_or_create(&ReadLabels { file: file.name(), outcome }).inc();
    }
}
