//! The admin listener's own credential: one token, in a file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use hyper::HeaderMap;
use model::limits::SHARED_SECRET_BYTES_MIN;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::authenticator::Refusal;
use super::bearer;
use super::keys::read_bounded;
use super::watched::Watched;
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// The door of the admin listener.
#[derive(Clone, Debug)]
pub enum AdminDoor {
    /// On loopback, without a token: whoever may log in here.
    Open,
    /// Beyond loopback, without a token: nobody.
    Shut,
    /// Whoever has the token.
    Token {
        /// Its hash, so that tokens of any length are compared in the same time.
        hash: Arc<RwLock<[u8; 32]>>,
        /// Where it comes from.
        path: PathBuf,
    },
}

fn hash_of(text: &str) -> Result<[u8; 32], String> {
    let token = text.trim();
    if token.len() < SHARED_SECRET_BYTES_MIN || token.contains(char::is_whitespace) {
        return Err(format!(
            "a token has at least {SHARED_SECRET_BYTES_MIN} bytes and no spaces; `openssl rand \
             -hex 32` makes a good one"
        ));
    }
    Ok(Sha256::digest(token).into())
}

impl AdminDoor {
    /// The door of a listener at `address`.
    ///
    /// # Errors
    /// The file cannot be read, or holds no good token.
    pub fn new(address: SocketAddr, token_file: Option<&PathBuf>) -> Result<Self, String> {
        let Some(path) = token_file else {
            let near = address.ip().is_loopback();
            return Ok(if near { AdminDoor::Open } else { AdminDoor::Shut });
        };
        let named = |why| format!("admin.token_file: {}: {why}", path.display());
        let hash = hash_of(&read_bounded(path)?).map_err(named)?;
        Ok(AdminDoor::Token { hash: Arc::new(RwLock::new(hash)), path: path.clone() })
    }

    /// Reads the file again whenever it changes, from now on.
    pub fn watch(&self, runtime: &Arc<SystemRuntime>, metrics: &Arc<Metrics>) {
        let AdminDoor::Token { hash, path } = self else { return };
        let hash = Arc::clone(hash);
        let take = move |text: &str| {
            *hash.write().unwrap_or_else(PoisonError::into_inner) = hash_of(text)?;
            Ok(1)
        };
        let kind = CredentialFile::AdminToken;
        let watched = Watched { path: path.clone(), kind, take: Box::new(take) };
        runtime.spawn_task("credentials", watched.watch(runtime, Arc::clone(metrics)));
    }

    /// Whether a request with these headers may come in.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let hash = match self {
            AdminDoor::Open => return Ok(()),
            AdminDoor::Shut => return Err(Refusal::Shut),
            AdminDoor::Token { hash, .. } => *hash.read().unwrap_or_else(PoisonError::into_inner),
        };
        let token = bearer::token(headers)?.ok_or(Refusal::Missing)?;
        let shown: [u8; 32] = Sha256::digest(token).into();
        if bool::from(shown.ct_eq(&hash)) { Ok(()) } else { Err(Refusal::Invalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_loopback_nobody_comes_in_without_a_token() {
        let none = HeaderMap::new();
        for (address, wanted) in [
            ("127.0.0.1:1", Ok(())),
            ("[::1]:1", Ok(())),
            ("0.0.0.0:1", Err(Refusal::Shut)),
            ("[::]:1", Err(Refusal::Shut)),
            ("10.0.0.1:1", Err(Refusal::Shut)),
        ] {
            let door = AdminDoor::new(address.parse().expect("an address"), None).expect("a door");
            assert_eq!(door.check(&none), wanted, "{address}");
        }
    }

    #[test]
    fn weak_tokens_are_refused() {
        for weak in ["", "short", "two words of more than thirty-two bytes"] {
            assert!(hash_of(weak).is_err(), "{weak}");
        }
        let token = "t".repeat(SHARED_SECRET_BYTES_MIN);
        assert_eq!(hash_of(&format!("{token}\n")), hash_of(&token), "a file ends with a line");
    }
}
