//! From what a request presents to the principal it is of, by `[auth] mode`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::HeaderName;
use model::{Error, ErrorCode, Timestamp};

use super::bearer::{self, Malformed};
use super::jwt::{ClaimNames, Issuer, JwtRules, JwtVerifier};
use super::keys::{KeyRing, read_bounded};
use super::rule::Principal;
use super::trusted::{Peers, TrustedHeaders, Untrusted};
use super::watched::{Take, Watched};
use crate::config::{AuthConfig, AuthMode, JwtConfig, TrustedConfig};
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// What a request shows of who sent it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// Where its connection comes from.
    pub peer: Option<IpAddr>,
    /// When.
    pub now: Timestamp,
}

/// Why nobody can be told from what was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no credential.
    Missing,
    /// There is one that is worth nothing here. Why stays unsaid: it would help to guess.
    Invalid,
    /// Headers that name a principal, from an address that may not send them.
    Peer,
    /// Nobody may come in here: no credential was set up.
    Shut,
    /// The issuer's keys were not fetched yet: nobody's fault but ours.
    NoKeys,
}

impl Refusal {
    /// The word in metrics and in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::Missing => "missing",
            Refusal::Invalid => "invalid",
            Refusal::Peer => "peer",
            Refusal::Shut => "shut",
            Refusal::NoKeys => "no_keys",
        }
    }
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Refusal::Invalid
    }
}

impl From<Untrusted> for Refusal {
    fn from(why: Untrusted) -> Self {
        match why {
            Untrusted::Peer => Refusal::Peer,
            Untrusted::Missing => Refusal::Missing,
            Untrusted::Malformed => Refusal::Invalid,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = match refusal {
            Refusal::Missing => {
                "this service asks who you are, and the request does not say: send a credential as \
                 `Authorization: Bearer …`, or ask through the proxy that does"
            }
            Refusal::NoKeys => {
                let message = "this replica has not got the issuer's keys yet; try again soon";
                return Error::new(ErrorCode::SourceUnavailable, message);
            }
            Refusal::Shut => {
                "beyond loopback this route needs a token, and none is set: see [admin] token_file"
            }
            Refusal::Peer => "this service is asked through its proxy only",
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
    /// By a token of an issuer.
    Jwt {
        /// Checks them.
        verifier: Arc<JwtVerifier>,
        /// Where the issuer's keys come from.
        path: PathBuf,
    },
    /// By a token of an issuer whose keys are fetched.
    Issued(Arc<Issuer>),
    /// By headers of a proxy.
    Trusted(TrustedHeaders),
}

impl Authenticator {
    /// The one that the configuration wants, with its files read.
    ///
    /// # Errors
    /// What of the settings or the files is wrong, and what to do.
    pub fn new(config: &AuthConfig) -> Result<Self, String> {
        let file = |setting, path: &Option<PathBuf>| {
            let path = path.clone().ok_or_else(|| format!("auth.{setting} is missing"))?;
            let text = read_bounded(&path).map_err(|why| format!("auth.{setting}: {why}"))?;
            Ok::<_, String>((path, text))
        };
        match config.mode {
            AuthMode::None => Ok(Authenticator::Open(Arc::new(Principal::anybody()))),
            AuthMode::ApiKeys => {
                let (path, text) = file("keys_file", &config.keys_file)?;
                let ring = Arc::new(KeyRing::default());
                let named = |why| format!("auth.keys_file: {}: {why}", path.display());
                ring.load(&text).map_err(named)?;
                Ok(Authenticator::ApiKeys { ring, path })
            }
            AuthMode::Jwt => {
                let verifier = JwtVerifier::new(jwt_rules(&config.jwt));
                if let Some(url) = &config.jwt.keys_url {
                    let (jwt, refresh) = (&config.jwt, config.jwt.keys_refresh.0);
                    let issuer = Issuer::new(verifier, url, jwt.keys_ca_file.as_deref(), refresh);
                    let issuer = issuer.map_err(|why| format!("auth.jwt_keys_url: {why}"))?;
                    return Ok(Authenticator::Issued(Arc::new(issuer)));
                }
                let (path, text) = file("jwt_keys_file", &config.jwt.keys_file)?;
                let verifier = Arc::new(verifier);
                let named = |why| format!("auth.jwt_keys_file: {}: {why}", path.display());
                verifier.load_file(&text).map_err(named)?;
                Ok(Authenticator::Jwt { verifier, path })
            }
            AuthMode::TrustedHeader => trusted(&config.trusted).map(Authenticator::Trusted),
        }
    }

    /// Reads the files again whenever they change, from now on.
    pub fn watch(&self, runtime: &Arc<SystemRuntime>, metrics: &Arc<Metrics>) {
        let (path, kind, take): (_, _, Take) = match self {
            Authenticator::Open(_) | Authenticator::Trusted(_) => return,
            Authenticator::Issued(issuer) => {
                let watching =
                    Arc::clone(issuer).watch(runtime.lifecycle().looks(), Arc::clone(metrics));
                return runtime.spawn_task("issuer_keys", watching);
            }
            Authenticator::ApiKeys { ring, path } => {
                let ring = Arc::clone(ring);
                (path, CredentialFile::Keys, Box::new(move |text| ring.load(text)))
            }
            Authenticator::Jwt { verifier, path, .. } => {
                let verifier = Arc::clone(verifier);
                (path, CredentialFile::JwtKeys, Box::new(move |text| verifier.load_file(text)))
            }
        };
        let watched = Watched { path: path.clone(), kind, take };
        let watching = watched.watch(runtime, Arc::clone(metrics));
        runtime.spawn_task("credentials", watching);
    }

    /// Whether anybody is asked who they are.
    pub fn asks(&self) -> bool {
        !matches!(self, Authenticator::Open(_))
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
            Authenticator::Jwt { verifier, .. } => {
                let token = bearer::token(presented.headers)?.ok_or(Refusal::Missing)?;
                let verified = verifier.verify(token, presented.now);
                verified.map(Arc::new).map_err(|_| Refusal::Invalid)
            }
            Authenticator::Issued(issuer) => {
                let token = bearer::token(presented.headers)?.ok_or(Refusal::Missing)?;
                // Boxed: nearly no request comes to the fetch within, which is large.
                let verified = Box::pin(issuer.verify(token, presented.now)).await;
                verified.map(Arc::new).map_err(|_| match issuer.has_keys() {
                    true => Refusal::Invalid,
                    false => Refusal::NoKeys,
                })
            }
            Authenticator::Trusted(trusted) => {
                let principal = trusted.principal(presented.headers, presented.peer);
                principal.map(Arc::new).map_err(Refusal::from)
            }
        }
    }
}

/// What the configuration wants of a token.
pub fn jwt_rules(config: &JwtConfig) -> JwtRules {
    JwtRules {
        algorithms: config.algorithms.clone(),
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        skew: config.skew.0,
        claims: ClaimNames {
            name: config.name_claim.clone(),
            tenants: config.tenants_claim.clone(),
            all_tenants: config.all_tenants_claim.clone(),
            role: config.role_claim.clone(),
            role_prefix: config.role_prefix.clone(),
        },
    }
}

fn trusted(config: &TrustedConfig) -> Result<TrustedHeaders, String> {
    let peers = config.peers.iter().map(|text| {
        Peers::parse(text).ok_or_else(|| {
            format!("auth.trusted_peers: {text:?} is no range of addresses such as 10.0.0.0/8")
        })
    });
    let header = |name: &str| {
        HeaderName::try_from(name).map_err(|_| format!("{name:?} is not the name of a header"))
    };
    Ok(TrustedHeaders {
        peers: peers.collect::<Result<_, _>>()?,
        name: header(&config.name_header)?,
        tenants: header(&config.tenants_header)?,
        role: header(&config.role_header)?,
    })
}
