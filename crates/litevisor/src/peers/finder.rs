//! Finds the freshest copy among all peers.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use hypervisor::{Incoming, Peers, Wanted};
use model::limits::PEER_OFFER_MS;
use model::{Clock, TenantId};

use super::Peering;

/// [`Peers`] over the network.
pub struct Finder(pub Peering);

impl Peers for Finder {
    fn find<'a>(
        &'a self,
        tenant: &'a TenantId,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Option<Box<dyn Incoming>>> {
        Box::pin(async move {
            let own = &self.0;
            let soon = own.runtime.monotonic().after(Duration::from_millis(PEER_OFFER_MS));
            let now = own.runtime.monotonic();
            let peers = own.resolver.peers().await;
            let peers = peers.iter().filter(|peer| own.silent.may_be_asked(**peer, now));
            let peers: Vec<SocketAddr> = peers.copied().collect();
            let offers = join_all(peers.iter().map(|peer| async move {
                let offer = own.manifest_of(*peer, tenant, soon).await;
                // A peer that starts, leaves or hangs is ordinary.
                offer
                    .inspect_err(|why| {
                        tracing::debug!(%peer, why, "a peer did not answer");
                        if own.runtime.monotonic() >= soon {
                            own.silent.note(*peer, soon);
                        }
                    })
                    .ok()?
            }))
            .await;
            let offers = peers.iter().zip(offers).filter_map(|(peer, offer)| Some((peer, offer?)));
            let best = offers
                .filter(|(_, offer)| wanted.takes(offer))
                .max_by_key(|(_, offer)| offer.generation);
            let (peer, _) = best?;
            let until = own.runtime.monotonic().after(own.config.timeout.0);
            match own.copy_of(*peer, tenant, until).await {
                Ok(copy) => copy.map(|copy| Box::new(copy) as Box<dyn Incoming>),
                Err(why) => {
                    tracing::info!(%peer, why, "a peer offered a copy and did not send it");
                    None
                }
            }
        })
    }
}
