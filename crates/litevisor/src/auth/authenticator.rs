//! From what a request presents to the principal it is of, by `[auth] mode`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::HeaderMap;
use model::{Error, ErrorCode};

use super::bearer::{self, Malformed};
use super::keys::{KeyRing, read_bounded};
use super::rule::Principal;
use super::watched::Watched;
use crate::config::{AuthConfig, AuthMode};
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// What a request shows of who sent it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// Where its connection comes from.
    pub peer: Option<IpAddr>,
}

/// Why nobody can be told from what was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no credential.
    Missing,
    /// There is one that is worth nothing here. Why stays unsaid: it would help to guess.
    Invalid,
}

impl Refusal {
    /// The word in metrics and in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Missing => "missing",
            Refusal::Invalid => "invalid",
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Refusal::Invalid
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Missing => {
                "this service asks who you are: send a credential as `Authorization: Bearer …`"
            }
            Refusal::Invalid => "this credential is not valid here; ask for a new one",
        };
        Error::new(ErrorCode::Unauthenticated, message)
    }
}

/// Finds out who asks.
pub enum Authenticator {
    /// Nobody is asked: everybody is this one.
    Open(Arc<Principal>),
    /// By an API key.
    ApiKeys {
        /// Those in force.
        ring: Arc<KeyRing>,
        /// Where they come from.
        path: PathBuf,
    },
}

impl Authenticator {
    /// The one that the configuration wants, with its files read.
    ///
    /// # Errors
    /// What of the settings or the files is wrong, and what to do.
    pub fn new(config: &AuthConfig) -> Result<Self, String> {
        match (config.mode, &config.keys_file) {
            (AuthMode::None, _) => Ok(Authenticator::Open(Arc::new(Principal::anybody()))),
            (AuthMode::ApiKeys, Some(path)) => {
                let ring = KeyRing::default();
                let named = |why| format!("auth.keys_file: {}: {why}", path.display());
                ring.load(&read_bounded(path)?).map_err(named)?;
                Ok(Authenticator::ApiKeys { ring: Arc::new(ring), path: path.clone() })
            }
            (AuthMode::ApiKeys, None) => Err("auth.keys_file is missing".to_owned()),
        }
    }

    /// Reads the files again whenever they change, from now on.
    pub fn watch(&self, runtime: &Arc<SystemRuntime>, metrics: &Arc<Metrics>) {
        match self {
            Authenticator::Open(_) => {}
            Authenticator::ApiKeys { ring, path } => {
                let ring = Arc::clone(ring);
                let watched = Watched {
                    path: path.clone(),
                    kind: CredentialFile::Keys,
                    take: Box::new(move |text| ring.load(text)),
                };
                let watching = watched.watch(Arc::clone(runtime), Arc::clone(metrics));
                runtime.spawn_task("credentials", watching);
            }
        }
    }

    /// Who sent the request. Whether the credential has ended is the rule's to say.
    ///
    /// # Errors
    /// Nobody can be told from it.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Arc<Principal>, Refusal> {
        match self {
            Authenticator::Open(anybody) => Ok(Arc::clone(anybody)),
            Authenticator::ApiKeys { ring, .. } => {
                let token = bearer::token(presented.headers)?.ok_or(Refusal::Missing)?;
                ring.find(token).ok_or(Refusal::Invalid)
            }
        }
    }
}
