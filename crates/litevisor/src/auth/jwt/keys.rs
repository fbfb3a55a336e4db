//! A set of keys (RFC 7517) and which of them a token is checked with.

use jsonwebtoken::errors::Error as JwtError;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use model::limits::{JWT_KEYS_MAX, SHARED_SECRET_BYTES_MIN};

/// A key that may check.
#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only algorithm it is for, where the set says so or its curve leaves no other.
    only: Option<Algorithm>,
    key: DecodingKey,
}

/// The keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// Where a set comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A file of the operator's, which may hold shared secrets.
    File,
    /// A public address: a "secret" that everybody may read proves nothing.
    Address,
}

/// Why no key checks a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The set has none of this id: it may be a new one.
    Unknown,
    /// There is one, and it is not for this algorithm; or the token names none and several fit.
    Unfit,
}

impl KeySet {
    /// Reads a set, and of its keys those that may check signatures of these algorithms.
    ///
    /// # Errors
    /// It is no set, or none of its keys is of use.
    pub(super) fn parse(
        text: &str,
        algorithms: &[Algorithm],
        origin: Origin,
    ) -> Result<KeySet, String> {
        // Not the library's message: it may quote a shared secret.
        let set: JwkSet = serde_json::from_str(text).map_err(|error| {
            format!("line {}: it is no JSON Web Key Set: {{\"keys\": […]}}", error.line())
        })?;
        if set.keys.len() > JWT_KEYS_MAX {
            return Err(format!("there are {} keys; at most {JWT_KEYS_MAX}", set.keys.len()));
        }
        let mut keys = Vec::with_capacity(set.keys.len());
        for jwk in &set.keys {
            let id = jwk.common.key_id.as_deref().unwrap_or("(without an id)");
            let key = read(jwk, origin).map_err(|why| format!("the key {id:?}: {why}"))?;
            keys.extend(key.filter(|key| algorithms.iter().any(|it| key.fits(*it))));
        }
        if keys.is_empty() {
            return Err("it has no key for the algorithms of auth.jwt_algorithms".to_owned());
        }
        Ok(KeySet { keys })
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The key that checks a token with this header.
    pub(super) fn find(&self, header: &Header) -> Result<&DecodingKey, NoKey> {
        let fits = |key: &&Key| key.fits(header.alg);
        let Some(id) = &header.kid else {
            let mut fitting = self.keys.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(one), None) => Ok(&one.key),
                _ => Err(NoKey::Unfit),
            };
        };
        let mut known = self.keys.iter().filter(|key| key.id.as_ref() == Some(id)).peekable();
        known.peek().ok_or(NoKey::Unknown)?;
        known.find(fits).map(|key| &key.key).ok_or(NoKey::Unfit)
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        self.key.family() == algorithm.family() && self.only.is_none_or(|only| only == algorithm)
    }
}

/// A key that checks signatures; `None` for one of another kind or use.
fn read(jwk: &Jwk, origin: Origin) -> Result<Option<Key>, String> {
    if matches!(&jwk.common.public_key_use, Some(kind) if *kind != PublicKeyUse::Signature) {
        return Ok(None);
    }
    let by_curve = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Some(Algorithm::ES256),
            EllipticCurve::P384 => Some(Algorithm::ES384),
            _ => return Ok(None),
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        AlgorithmParameters::RSA(_) => None,
        AlgorithmParameters::OctetKey(_) if origin == Origin::Address => {
            return Err("a shared secret in a public set proves nothing".to_owned());
        }
        AlgorithmParameters::OctetKey(_) => None,
        _ => return Ok(None),
    };
    let said = match jwk.common.key_algorithm.map(|name| name.to_string().parse()) {
        None => None,
        Some(Ok(algorithm)) => Some(algorithm),
        // It is for something else, such as encryption.
        Some(Err(_)) => return Ok(None),
    };
    let key = DecodingKey::from_jwk(jwk).map_err(|_: JwtError| "it is ill-formed".to_owned())?;
    if key.family() == AlgorithmFamily::Hmac
        && key.try_get_as_bytes().is_ok_and(|secret| secret.len() < SHARED_SECRET_BYTES_MIN)
    {
        return Err(format!("a shared secret has at least {SHARED_SECRET_BYTES_MIN} bytes"));
    }
    if matches!((said, by_curve), (Some(said), Some(curve)) if said != curve) {
        return Err("its algorithm is not its curve's".to_owned());
    }
    Ok(Some(Key { id: jwk.common.key_id.clone(), only: said.or(by_curve), key }))
}
