//! The peers' listener: bound at once, answering once there are instances.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::{Response, StatusCode};
use hypervisor::{Hypervisor, Peers};
use model::{Catalog, Monotonic};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::bind_one;
use super::listening::Listening;
use crate::config::PeersConfig;
use crate::http::Answer;
use crate::peers::{Finder, PeerService, Peering, hand_on};
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Direction, Metrics};

/// Where peers come in.
pub(super) struct PeerDoor {
    peering: Peering,
    runtime: Arc<SystemRuntime>,
    socket: Option<TcpListener>,
    service: Arc<OnceLock<Arc<PeerService>>>,
}

impl PeerDoor {
    /// Takes the port; `None`: there is no hand-over.
    pub(super) async fn bind(
        config: Option<&PeersConfig>,
        runtime: &Arc<SystemRuntime>,
    ) -> Result<Option<PeerDoor>, String> {
        let Some(config) = config else { return Ok(None) };
        let peering = Peering::new(config, runtime)?;
        let (socket, _) = bind_one("peers.listen", config.listen).await?;
        let (socket, service) = (Some(socket), Arc::default());
        Ok(Some(PeerDoor { peering, runtime: Arc::clone(runtime), socket, service }))
    }

    /// Starts to answer: that it is not ready, until there are instances.
    pub(super) fn listen(&mut self, listening: &Listening<'_>, closing: &CancellationToken) {
        let Some(socket) = self.socket.take() else { return };
        let service = Arc::clone(&self.service);
        let answer: Answer = Arc::new(move |request| {
            let service = service.get().cloned();
            Box::pin(async move {
                match service {
                    Some(service) => service.answer(request).await,
                    None => {
                        let mut response = Response::new(Body::empty());
                        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                        response
                    }
                }
            })
        });
        // It ends with the process: nobody waits for a peer that reads slowly.
        listening.start(socket, answer, None, closing);
    }

    /// Who asks the others.
    pub(super) fn finder(&self) -> Arc<dyn Peers> {
        Arc::new(Finder(self.peering.clone()))
    }

    /// There are instances now.
    pub(super) fn open(
        &self,
        hypervisor: &Hypervisor,
        catalog: &Arc<Catalog>,
        metrics: &Arc<Metrics>,
    ) {
        self.peering.secrets().watch(CredentialFile::PeerSecrets, &self.runtime, metrics);
        let key_type = catalog.tenant_key_type;
        let service = PeerService::new(self.peering.clone(), hypervisor.clone(), key_type);
        // A start happens once.
        let _ = self.service.set(service);
    }

    /// Leaves the images with others before this replica goes; a second signal ends that.
    pub(super) async fn hand_on(
        &self,
        hypervisor: &Hypervisor,
        until: Monotonic,
        metrics: &Metrics,
    ) {
        tokio::select! {
            done = hand_on(&self.peering, hypervisor, until) => {
                metrics.handed_over(Direction::Out, true, done.sent as u64);
                metrics.handed_over(Direction::Out, false, done.lost as u64);
                tracing::info!(sent = done.sent, lost = done.lost, "images were handed on");
            }
            () = self.runtime.lifecycle().stopping() => {}
        }
    }
}
