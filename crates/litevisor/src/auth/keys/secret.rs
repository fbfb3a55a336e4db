//! What an API key looks like: `lv_ID_SECRET`. The id finds the key in the file, the secret proves
//! it. Its prefix lets scanners of repositories find one that was lost.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::super::hex;

/// Bytes of an id: so many that two never meet.
const ID_BYTES: usize = 8;

/// Bytes of a secret. Drawn evenly from 2^256, it cannot be guessed from its hash however fast the
/// hash is: slow hashes are for passwords, which people choose. One SHA-256 costs below a
/// microsecond, which every request pays.
const SECRET_BYTES: usize = 32;

/// A key, with its secret in the clear: shown once, never stored, never logged.
pub struct ApiKey {
    id: String,
    secret: [u8; SECRET_BYTES],
}

impl ApiKey {
    /// Random bytes that a new key takes.
    pub const RANDOM_BYTES: usize = ID_BYTES + SECRET_BYTES;

    /// The key made of these random bytes.
    pub fn new(random: [u8; ApiKey::RANDOM_BYTES]) -> Self {
        let (id, rest) = random.split_at(ID_BYTES);
        let mut secret = [0; SECRET_BYTES];
        secret.copy_from_slice(rest);
        ApiKey { id: hex::encode(id), secret }
    }

    /// Reads a key's text; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("lv_")?.split_once('_')?;
        let whole_id: [u8; ID_BYTES] = hex::decode(id)?;
        Some(ApiKey { id: hex::encode(&whole_id), secret: hex::decode(secret)? })
    }

    /// The key as it is sent.
    pub fn reveal(&self) -> String {
        format!("lv_{}_{}", self.id, hex::encode(&self.secret))
    }

    /// What finds it in the file; no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the file holds of its secret.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// Whether its secret is the one that `hash` is of. Takes as long for every answer.
    pub fn is_of(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKey({})", self.id)
    }
}
