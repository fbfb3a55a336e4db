//! The keys in force: found by id, replaced as a whole when the file changes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::limits::KEYS_MAX;

use super::super::rule::Principal;
use super::file::KeyFile;
use super::secret::ApiKey;

type Keys = HashMap<String, ([u8; 32], Arc<Principal>)>;

/// The keys in force.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
}

impl KeyRing {
    /// Puts the keys of a file's text in force.
    ///
    /// # Errors
    /// What of the file is wrong; then those before stay in force.
    pub fn load(&self, text: &str) -> Result<usize, String> {
        let file = KeyFile::parse(text)?;
        if file.keys.len() > KEYS_MAX {
            return Err(format!("there are {} keys; at most {KEYS_MAX}", file.keys.len()));
        }
        let mut keys = Keys::with_capacity(file.keys.len());
        for record in file.keys {
            let (principal, hash) = record.read()?;
            if keys.insert(record.id.clone(), (hash, Arc::new(principal))).is_some() {
                return Err(format!("the key {:?} is there twice", record.id));
            }
        }
        let count = keys.len();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(count)
    }

    /// Whose key `text` is; `None` if nobody's. An unknown id costs what a wrong secret costs.
    pub fn find(&self, text: &str) -> Option<Arc<Principal>> {
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let key = ApiKey::parse(text)?;
        let known = keys.get(key.id());
        let hash = known.map_or(&[0; 32], |(hash, _)| hash);
        let proven = key.is_of(hash);
        known.filter(|_| proven).map(|(_, principal)| Arc::clone(principal))
    }
}
