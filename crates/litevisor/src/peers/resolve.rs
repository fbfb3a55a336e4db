//! Where the replicas are: the addresses of one name or several, looked up anew every second at most.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::limits::{PEERS_LOOKUP_MS, PEERS_MAX};
use model::{Clock, Monotonic};
use tokio::sync::Mutex;

use crate::runtime::SystemRuntime;

/// Looks a name up.
pub(super) struct Resolver {
    service: String,
    runtime: Arc<SystemRuntime>,
    known: Mutex<Option<(Monotonic, Arc<[SocketAddr]>)>>,
}

impl Resolver {
    pub(super) fn new(service: &str, runtime: &Arc<SystemRuntime>) -> Resolver {
        Resolver {
            service: service.to_owned(),
            runtime: Arc::clone(runtime),
            known: Mutex::default(),
        }
    }

    /// All replicas there are, this one among them; those of a moment ago if the name cannot be
    /// looked up now.
    pub(super) async fn peers(&self) -> Arc<[SocketAddr]> {
        let mut known = self.known.lock().await;
        let now = self.runtime.monotonic();
        let wait = Duration::from_millis(PEERS_LOOKUP_MS);
        if let Some((at, peers)) = &*known
            && now.since(*at) < wait
        {
            return Arc::clone(peers);
        }
        let looked_up = tokio::time::timeout(wait, look_up(&self.service)).await;
        let peers: Arc<[SocketAddr]> = match looked_up {
            Ok(Ok(addresses)) => addresses.into(),
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "no answer in time".to_owned(),
                };
                tracing::warn!(service = self.service, why, "peers.service cannot be looked up");
                known.take().map(|(_, peers)| peers).unwrap_or_default()
            }
        };
        *known = Some((now, Arc::clone(&peers)));
        peers
    }
}

async fn look_up(service: &str) -> std::io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for name in service.split(',') {
        addresses.extend(tokio::net::lookup_host(name.trim()).await?);
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(PEERS_MAX);
    Ok(addresses)
}
