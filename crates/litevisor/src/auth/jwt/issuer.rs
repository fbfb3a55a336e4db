//! The keys of an issuer at an address: fetched at the start, again and again, and when a token
//! names a key that is not among them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::limits::{JWKS_REFETCH_MS, JWKS_RETRY_MS};
use tokio::sync::Mutex;

use super::fetch::Address;
use super::verifier::{Bad, JwtVerifier};
use crate::auth::rule::Principal;
use crate::runtime::Looks;
use crate::telemetry::{CredentialFile, Metrics};

/// An issuer's keys and where they come from.
pub struct Issuer {
    verifier: Arc<JwtVerifier>,
    address: Address,
    refresh: Duration,
    /// When a token last made us fetch. Locked while one is fetched: others wait for that one.
    fetched: Mutex<Option<Timestamp>>,
}

impl Issuer {
    /// The issuer at `url`; nothing is fetched yet.
    ///
    /// # Errors
    /// The address is none, or one that cannot be believed.
    pub fn new(
        verifier: JwtVerifier,
        url: &str,
        authorities: Option<&Path>,
        refresh: Duration,
    ) -> Result<Self, String> {
        let address = Address::new(url, authorities)?;
        let verifier = Arc::new(verifier);
        Ok(Issuer { verifier, address, refresh, fetched: Mutex::new(None) })
    }

    /// Whether any set was fetched yet.
    pub(in crate::auth) fn has_keys(&self) -> bool {
        !self.verifier.is_empty()
    }

    async fn fetch(&self) -> Result<usize, String> {
        self.verifier.load_fetched(&self.address.fetch().await?)
    }

    /// Fetches until the process drains: soon again while it fails, else now and then. What was in
    /// force stays so meanwhile.
    pub async fn watch(self: Arc<Self>, mut looks: Looks, metrics: Arc<Metrics>) {
        let (mut told, mut asked) = (None, false);
        loop {
            let fetched = self.fetch().await;
            metrics.credentials_read(CredentialFile::JwtKeys, fetched.is_ok());
            let wait = match &fetched {
                Ok(_) => self.refresh,
                Err(_) => Duration::from_millis(JWKS_RETRY_MS).min(self.refresh),
            };
            // Once for each change of fortune, and whenever somebody asks.
            if asked || told.as_ref() != Some(&fetched) {
                match &fetched {
                    Ok(keys) => tracing::info!(keys, "the issuer's keys were fetched"),
                    Err(why) => tracing::error!(why, "the issuer's keys cannot be fetched"),
                }
                told = Some(fetched);
            }
            asked = match looks.next(wait).await {
                Some(asked) => asked,
                None => return,
            };
        }
    }

    /// Whose token this is. One of an unknown key makes us look for new keys, but only now and
    /// then: anybody can name keys that do not exist.
    pub(in crate::auth) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Principal, Bad> {
        let known = self.verifier.verify(token, now);
        if known != Err(Bad::UnknownKey) {
            return known;
        }
        let mut fetched = self.fetched.lock().await;
        let lately = fetched.is_some_and(|at| now.0.abs_diff(at.0) < JWKS_REFETCH_MS);
        if !lately {
            *fetched = Some(now);
            if let Err(why) = self.fetch().await {
                tracing::warn!(why, "the issuer's keys cannot be fetched");
            }
        }
        drop(fetched);
        self.verifier.verify(token, now)
    }
}
