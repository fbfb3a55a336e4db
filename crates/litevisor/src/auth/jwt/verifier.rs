//! From a token to the principal it is of.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use model::Timestamp;

use super::claims::{ClaimNames, Claims, time};
use super::keys::{KeySet, NoKey, Origin};
use super::provider;
use crate::auth::rule::Principal;

/// What a token must be.
#[derive(Clone, Debug)]
pub struct JwtRules {
    /// The only algorithms taken; `none` is not even a word here.
    pub algorithms: Vec<Algorithm>,
    /// Who must have issued it.
    pub issuer: String,
    /// For whom; one of these.
    pub audience: Vec<String>,
    /// How far the issuer's clock may be from ours.
    pub skew: Duration,
    /// Which claims say what.
    pub claims: ClaimNames,
}

/// Checks tokens against the keys in force.
#[derive(Debug)]
pub struct JwtVerifier {
    rules: JwtRules,
    keys: RwLock<Arc<KeySet>>,
}

/// Why a token is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum Bad {
    /// Its key is none of ours: perhaps of a set that was renewed.
    UnknownKey,
    /// Anything else.
    Token,
}

impl JwtVerifier {
    /// One without keys yet.
    pub fn new(rules: JwtRules) -> Self {
        provider::install();
        JwtVerifier { rules, keys: RwLock::default() }
    }

    /// Puts a file's set in force.
    ///
    /// # Errors
    /// What is wrong with it; then the one before stays.
    pub fn load_file(&self, text: &str) -> Result<usize, String> {
        self.load(text, Origin::File)
    }

    /// Puts a set in force that was fetched.
    ///
    /// # Errors
    /// As for a file's; a shared secret besides.
    pub(super) fn load_fetched(&self, text: &str) -> Result<usize, String> {
        self.load(text, Origin::Address)
    }

    /// Whether no set is in force yet.
    pub(in crate::auth) fn is_empty(&self) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).len() == 0
    }

    fn load(&self, text: &str, origin: Origin) -> Result<usize, String> {
        let set = KeySet::parse(text, &self.rules.algorithms, origin)?;
        let count = set.len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        Ok(count)
    }

    /// Whose token this is.
    pub(in crate::auth) fn verify(&self, token: &str, now: Timestamp) -> Result<Principal, Bad> {
        let rules = &self.rules;
        let header = decode_header(token).map_err(|_| Bad::Token)?;
        // The token may choose among the algorithms we take, and its key must be for that one:
        // a public key is never a shared secret. Of extensions that must be understood, none is.
        if !rules.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(Bad::Token);
        }
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let key = keys.find(&header).map_err(|why| match why {
            NoKey::Unknown => Bad::UnknownKey,
            NoKey::Unfit => Bad::Token,
        })?;
        let mut validation = Validation::new(header.alg);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&rules.issuer]);
        validation.set_audience(&rules.audience);
        // Times are compared below: the library would ask the system's clock, not ours.
        validation.validate_exp = false;
        let decoded = decode::<Claims>(token, key, &validation).map_err(|_| Bad::Token)?;
        rules.principal(&decoded.claims, now).ok_or(Bad::Token)
    }
}

impl JwtRules {
    /// Whom a token with these claims is of, its signature aside; `None` if nobody.
    pub fn principal(&self, claims: &Claims, now: Timestamp) -> Option<Principal> {
        let skew = i64::try_from(self.skew.as_millis()).unwrap_or(i64::MAX);
        let end = time(claims, "exp")?.0.saturating_add(skew);
        let begins = match claims.get("nbf") {
            None => i64::MIN,
            Some(_) => time(claims, "nbf")?.0.saturating_sub(skew),
        };
        if now.0 < begins {
            return None;
        }
        self.claims.principal(claims, Timestamp(end))
    }
}
