//! From what a request presents to the principal it is of, by `[auth] mode`.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::HeaderMap;
use model::Error;

use super::rule::Principal;
use crate::config::{AuthConfig, AuthMode};

/// What a request shows of who sent it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// Where its connection comes from.
    pub peer: Option<IpAddr>,
}

/// Finds out who asks.
pub enum Authenticator {
    /// Nobody is asked: everybody is this one.
    Open(Arc<Principal>),
}

impl Authenticator {
    /// The one that the configuration wants.
    ///
    /// # Errors
    /// What of the settings is wrong, and what to do.
    pub fn new(config: &AuthConfig) -> Result<Self, String> {
        match config.mode {
            AuthMode::None => Ok(Authenticator::Open(Arc::new(Principal::anybody()))),
        }
    }

    /// Who sent the request.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn authenticate(&self, _presented: Presented<'_>) -> Result<Arc<Principal>, Error> {
        match self {
            Authenticator::Open(anybody) => Ok(Arc::clone(anybody)),
        }
    }
}
