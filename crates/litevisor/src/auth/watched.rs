//! Files of credentials that are read anew when they change: a bounded poll that looks at the
//! content, since a time of modification may stand still (two writes within its grain) or a
//! mounted secret may change by a symbolic link.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::limits::CREDENTIAL_POLL_MS;

use super::keys::read_bounded;
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// Puts a text in force; says how many entries it has, or what is wrong.
pub(super) type Take = Box<dyn Fn(&str) -> Result<usize, String> + Send + Sync>;

/// A file and what takes its text.
pub(super) struct Watched {
    pub(super) path: PathBuf,
    pub(super) kind: CredentialFile,
    pub(super) take: Take,
}

impl Watched {
    /// Looks again and again until the process drains. A file that is bad leaves what was in force
    /// before, is told of once in the log, and counted.
    pub(super) async fn watch(self, runtime: Arc<SystemRuntime>, metrics: Arc<Metrics>) {
        // Whatever was read at the start is read once more: it may have changed since.
        let mut last = None;
        loop {
            // A small local file: reading it here blocks for microseconds.
            let read = read_bounded(&self.path);
            if last.as_ref() != Some(&read) {
                let first = last.is_none();
                let taken =
                    read.as_deref().map_err(String::clone).and_then(|text| (self.take)(text));
                let (path, ok) = (self.path.display(), taken.is_ok());
                match taken {
                    Ok(_) if first => {}
                    Ok(entries) => tracing::info!(%path, entries, "credentials were read anew"),
                    Err(why) => tracing::error!(
                        %path, why, "credentials cannot be read; those before stay in force"
                    ),
                }
                if !first || !ok {
                    metrics.credentials_read(self.kind, ok);
                }
                last = Some(read);
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(CREDENTIAL_POLL_MS)) => {}
                () = runtime.lifecycle().draining() => return,
            }
        }
    }
}
