//! What this replica has for others.

use engine::Image;
use model::TenantId;

use crate::core::Core;
use crate::manifest::Manifest;
use crate::registry::Owner;

/// A copy that another replica may have: its image stays for as long as the offer does.
#[derive(Clone, Debug)]
pub struct Offer {
    /// What it is.
    pub manifest: Manifest,
    image: Image,
}

impl Offer {
    /// The piece of this number, from 0; `None`: there are no more.
    pub fn piece(&self, number: usize) -> Option<&[u8]> {
        self.image.piece(number)
    }
}

/// A live copy of the tenant's data. To offer it is no use of the instance.
pub(crate) fn offer(core: &Core, tenant: &TenantId) -> Option<Offer> {
    let owner: Owner = Some(tenant.clone());
    let now = core.now();
    let live = core.registry.peek(&owner, |slot| {
        let instance = slot.live().filter(|instance| !instance.image.loaded().is_empty())?;
        let manifest = Manifest::of(tenant, &core.catalog.version, instance, now);
        Some(Offer { manifest, image: instance.image.clone() })
    });
    live.flatten()
}

/// Notes that a peer took this copy: what stays here is a duplicate, until it is another copy.
pub(crate) fn lent(core: &Core, tenant: &TenantId, generation: u64) {
    let owner: Owner = Some(tenant.clone());
    core.registry.peek(&owner, |slot| {
        if let Some(instance) = slot.live_mut().filter(|own| own.generation == generation) {
            instance.lent = true;
        }
    });
}

/// Tenants with a live copy, those used last first.
pub(crate) fn warm(core: &Core) -> Vec<TenantId> {
    let now = core.now();
    let mut warm = Vec::new();
    core.registry.visit(|owner, slot| {
        if let (Some(tenant), Some(instance)) = (owner, slot.live()) {
            warm.push((instance.gate.idle(now), tenant.clone()));
        }
    });
    warm.sort_unstable_by_key(|(idle, _)| *idle);
    warm.into_iter().map(|(_, tenant)| tenant).collect()
}
