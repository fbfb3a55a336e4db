//! A replica that leaves sends its images to foster peers, where their tenants' next replicas find
//! them: it cannot know which those are, since that is the proxies' business.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hyper::{Method, StatusCode};
use hypervisor::Hypervisor;
use model::limits::{HAND_ON_AT_ONCE_MAX, HAND_ON_TRIES_MAX};
use model::{Clock, Monotonic, TenantId};
use ring::digest;

use super::Peering;
use super::ask::target;
use super::service::sent;
use super::wire::Sealer;

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedOn {
    /// Images that are with a peer now, or were already.
    pub sent: usize,
    /// Images that nobody took.
    pub lost: usize,
}

/// Sends every live image, those used last first, until all are sent or the time is over.
pub async fn hand_on(peering: &Peering, hypervisor: &Hypervisor, until: Monotonic) -> HandedOn {
    let warm = hypervisor.warm();
    let all = warm.len();
    let mut done = HandedOn::default();
    let sending = stream::iter(warm)
        .map(|tenant| async move { send(peering, hypervisor, &tenant, until).await })
        .buffer_unordered(HAND_ON_AT_ONCE_MAX);
    let mut sending = std::pin::pin!(sending);
    let left = until.since(peering.runtime.monotonic());
    let over = tokio::time::timeout(left, async {
        while let Some(taken) = sending.next().await {
            done.sent += usize::from(taken);
        }
    })
    .await;
    if over.is_err() {
        tracing::warn!("the drain's time was over before all images were handed on");
    }
    HandedOn { lost: all - done.sent, ..done }
}

async fn send(
    peering: &Peering,
    hypervisor: &Hypervisor,
    tenant: &TenantId,
    until: Monotonic,
) -> bool {
    let peers = peering.resolver.peers().await;
    for peer in ranked(&peers, tenant).into_iter().take(HAND_ON_TRIES_MAX) {
        match put(peering, hypervisor, (peer, tenant), until).await {
            Ok(StatusCode::CREATED | StatusCode::CONFLICT) => return true,
            // This replica itself, among others.
            Ok(StatusCode::SERVICE_UNAVAILABLE) => {}
            Ok(status) => tracing::info!(%peer, %status, "a peer takes no image"),
            Err(why) => tracing::debug!(%peer, why, "a peer takes no image"),
        }
    }
    false
}

async fn put(
    peering: &Peering,
    hypervisor: &Hypervisor,
    (peer, tenant): (SocketAddr, &TenantId),
    until: Monotonic,
) -> Result<StatusCode, String> {
    let offer = hypervisor.offer(tenant).ok_or("it is gone")?;
    let nonce = Peering::nonce()?;
    let sealed = Sealer::new(&peering.secrets.in_force(), nonce, &offer.manifest);
    let (head, sealer) = sealed.ok_or("there is no secret")?;
    let body = sent(peering.clone(), offer, (head, sealer), || {});
    let left = until.since(peering.runtime.monotonic()).min(peering.config.timeout.0);
    let target = target(tenant);
    let request = peering.request(peer, (Method::PUT, &target), nonce, body);
    let answer = tokio::time::timeout(left.max(Duration::from_millis(1)), request).await;
    Ok(answer.map_err(|_| "no answer in time")??.status())
}

/// Peers in the order in which this tenant's image is theirs to keep (rendezvous hashing: it is the
/// same for whoever asks, and one peer's leaving moves only what was its).
fn ranked(peers: &[SocketAddr], tenant: &TenantId) -> Vec<SocketAddr> {
    let weight = |peer: &SocketAddr| {
        let said = format!("{peer}\n{}", tenant.as_str());
        digest::digest(&digest::SHA256, said.as_bytes()).as_ref().to_vec()
    };
    let mut ranked: Vec<(Vec<u8>, SocketAddr)> =
        peers.iter().map(|peer| (weight(peer), *peer)).collect();
    ranked.sort_unstable_by(|a, b| b.cmp(a));
    ranked.into_iter().map(|(_, peer)| peer).collect()
}

#[cfg(test)]
mod tests {
    use model::TenantKeyType;

    use super::*;

    #[test]
    fn a_peer_that_leaves_moves_only_what_was_its() {
        let peers: Vec<SocketAddr> = (1..=4).map(|n| ([10, 9, 0, n], 8082).into()).collect();
        let mut of_last = 0;
        for n in 0..1_000 {
            let tenant = TenantId::parse(&format!("t{n}"), TenantKeyType::String).expect("an id");
            let (four, three) = (ranked(&peers, &tenant), ranked(&peers[..3], &tenant));
            match four[0] == peers[3] {
                true => of_last += 1,
                false => assert_eq!(four[0], three[0]),
            }
        }
        assert!((200..300).contains(&of_last), "a fair share: {of_last}");
    }
}
