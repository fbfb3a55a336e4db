//! Files of credentials that are read anew when they change: a bounded poll that looks at the
//! content, since a time of modification may stand still (two writes within its grain) or a
//! mounted secret may change by a symbolic link.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::limits::CREDENTIAL_POLL_MS;

use super::keys::read_bounded;
use crate::runtime::{Looks, SystemRuntime};
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
    /// before, is told of once in the log (and whenever somebody asks), and counted.
    pub(super) fn watch(
        self,
        runtime: &SystemRuntime,
        metrics: Arc<Metrics>,
    ) -> impl Future<Output = ()> + Send + use<> {
        self.follow(runtime.lifecycle().looks(), metrics)
    }

    async fn follow(self, mut looks: Looks, metrics: Arc<Metrics>) {
        // Whatever was read at the start is read once more: it may have changed since.
        let (mut last, mut asked) = (None, false);
        loop {
            // A small local file: reading it here blocks for microseconds.
            let read = read_bounded(&self.path);
            let (first, changed) = (last.is_none(), last.as_ref() != Some(&read));
            if changed || asked {
                let taken =
                    read.as_deref().map_err(String::clone).and_then(|text| (self.take)(text));
                let (path, ok) = (self.path.display(), taken.is_ok());
                match taken {
                    Ok(_) if first => {}
                    Ok(entries) if changed => {
                        tracing::info!(%path, entries, "credentials were read anew");
                    }
                    Ok(entries) => tracing::info!(%path, entries, "credentials are as before"),
                    Err(why) => tracing::error!(
                        %path, why, "credentials cannot be read; those before stay in force"
                    ),
                }
                if changed && !(first && ok) {
                    metrics.credentials_read(self.kind, ok);
                }
                last = Some(read);
            }
            asked = match looks.next(Duration::from_millis(CREDENTIAL_POLL_MS)).await {
                Some(asked) => asked,
                None => return,
            };
        }
    }
}
