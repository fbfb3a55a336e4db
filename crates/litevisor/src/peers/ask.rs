//! Asking one peer for a copy: first what it has, then the copy itself.

use std::net::SocketAddr;

use axum::body::Body;
use hyper::{Method, StatusCode};
use hypervisor::Manifest;
use model::{Clock, Monotonic, TenantId};

use super::Peering;
use super::arrival::Arrival;
use super::wire::Opener;

/// Where a tenant's copy is.
pub(super) fn target(tenant: &TenantId) -> String {
    format!("{}{}", super::service::IMAGES, tenant.to_url())
}

impl Peering {
    /// What a peer has of the tenant; `None`: nothing.
    pub(super) async fn manifest_of(
        &self,
        peer: SocketAddr,
        tenant: &TenantId,
        until: Monotonic,
    ) -> Result<Option<Manifest>, String> {
        let target = format!("{}?offer", target(tenant));
        let arrival = self.open(peer, &target, until).await?;
        Ok(arrival.map(|arrival| hypervisor::Incoming::manifest(&arrival).clone()))
    }

    /// The tenant's copy as a peer has it; `None`: it has none any more.
    pub(super) async fn copy_of(
        &self,
        peer: SocketAddr,
        tenant: &TenantId,
        until: Monotonic,
    ) -> Result<Option<Arrival>, String> {
        self.open(peer, &target(tenant), until).await
    }

    async fn open(
        &self,
        peer: SocketAddr,
        target: &str,
        until: Monotonic,
    ) -> Result<Option<Arrival>, String> {
        let nonce = Peering::nonce()?;
        let left = until.since(self.runtime.monotonic());
        let asked = self.request(peer, (Method::GET, target), nonce, Body::empty());
        let answer = tokio::time::timeout(left, asked).await.map_err(|_| "no answer in time")??;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            status => return Err(format!("it answers {status}")),
        }
        let opener = Opener::new(self.secrets.in_force(), nonce);
        Arrival::open(answer.into_body(), opener, until, &self.runtime).await.map(Some)
    }
}
