//! Shared secrets that sign: the first signs, all verify, so that they can be changed while what was
//! signed before is still about.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use model::limits::{SHARED_SECRET_BYTES_MIN, SIGNING_SECRETS_MAX};
use ring::hmac;

use super::keys::read_bounded;
use super::watched::Watched;
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// Secrets as keys of HMAC-SHA256. Clones share them.
#[derive(Clone, Debug)]
pub struct Secrets {
    in_force: Arc<RwLock<Arc<[hmac::Key]>>>,
    /// Where they come from, if from a file.
    path: Option<PathBuf>,
}

impl Secrets {
    /// These, maybe none.
    ///
    /// # Errors
    /// A secret is too short, or there are too many. Never quotes one.
    pub fn new(secrets: &[String]) -> Result<Self, String> {
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        Ok(Secrets { in_force: Arc::new(RwLock::new(keys(&secrets)?)), path: None })
    }

    /// Those of a file, one a line.
    ///
    /// # Errors
    /// As [`Secrets::new`], there is none, or the file cannot be read: names it.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let text = read_bounded(path)?;
        let keys = keys_of(&text).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Secrets { in_force: Arc::new(RwLock::new(keys)), path: Some(path.to_owned()) })
    }

    /// Reads the file, if there is one, again whenever it changes, from now on.
    pub fn watch(
        &self,
        kind: CredentialFile,
        runtime: &Arc<SystemRuntime>,
        metrics: &Arc<Metrics>,
    ) {
        let Some(path) = self.path.clone() else { return };
        let in_force = Arc::clone(&self.in_force);
        let take = move |text: &str| {
            let read = keys_of(text)?;
            let count = read.len();
            *in_force.write().unwrap_or_else(PoisonError::into_inner) = read;
            Ok(count)
        };
        let watched = Watched { path, kind, take: Box::new(take) };
        runtime.spawn_task("credentials", watched.watch(runtime, Arc::clone(metrics)));
    }

    /// All that verify; the first signs.
    pub fn in_force(&self) -> Arc<[hmac::Key]> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Secrets as keys. What is wrong with them never quotes one.
fn keys(secrets: &[&str]) -> Result<Arc<[hmac::Key]>, String> {
    if secrets.len() > SIGNING_SECRETS_MAX {
        return Err(format!("there are more than {SIGNING_SECRETS_MAX} secrets"));
    }
    if let Some(at) = secrets.iter().position(|it| it.len() < SHARED_SECRET_BYTES_MIN) {
        return Err(format!(
            "number {} has less than {SHARED_SECRET_BYTES_MIN} bytes; `openssl rand -hex 32` makes \
             a good one",
            at + 1
        ));
    }
    let key = |secret: &&str| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    Ok(secrets.iter().map(key).collect())
}

/// The secrets of a file's text: one a line, without those that are empty or begin with `#`.
fn keys_of(text: &str) -> Result<Arc<[hmac::Key]>, String> {
    let lines = text.lines().map(str::trim);
    let secrets: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    if secrets.is_empty() {
        return Err("there is no secret, one a line".to_owned());
    }
    keys(&secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_secret_a_line() {
        let (a, b) = ("a".repeat(32), "b".repeat(32));
        let count = |text: &str| keys_of(text).map(|keys| keys.len());
        assert_eq!(count(&format!("# since May\r\n  {a}  \n\n{b}")), Ok(2));
        for bad in [String::new(), "# none\n\n".to_owned(), format!("{a}\nhunter2\n")] {
            let why = keys_of(&bad).expect_err("of no use");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
