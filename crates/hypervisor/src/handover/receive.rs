//! Taking a copy over: for a boot that asks peers first, or since a replica that leaves sends it.

use std::sync::Arc;

use engine::{Arriving, IMAGE_FORMAT};
use model::{Account, Error};

use super::point::TakenOver;
use crate::core::{Core, shutting_down};
use crate::events::Event;
use crate::load_state::Load;
use crate::peers::{Incoming, Wanted};
use crate::registry::{Owner, Published};
use crate::seen::Seen;

/// Asks the peers for a copy and takes it; whether that came to something. A peer that has none, or
/// lies, or stalls, costs one bounded wait and nothing else.
pub(crate) async fn ask(core: &Core, owner: &Owner, load: &Arc<Load>) -> bool {
    let (Some(peers), Some(tenant)) = (&core.peers, owner) else { return false };
    let generation = core.registry.peek(owner, |slot| slot.generation).unwrap_or_default();
    let wanted = wanted(core, generation);
    let Some(incoming) = peers.find(tenant, &wanted).await else { return false };
    let taken = async {
        // Who the source does not list any more is nobody's to hand on. A source that cannot be
        // asked is no reason to refuse: the copy is as good as one that stayed where it was.
        if core.catalog.tenants.is_some()
            && matches!(core.source.has_tenant(tenant).await, Ok(false))
        {
            return Err(Error::tenant_not_found());
        }
        receive(core, owner, load, incoming, &wanted).await
    };
    told(core, owner, load, taken.await)
}

/// Which copies this replica takes now.
pub(crate) fn wanted(core: &Core, generation_min: u64) -> Wanted {
    Wanted {
        catalog_version: core.catalog.version.clone(),
        image_format: IMAGE_FORMAT,
        generation_min,
        bytes_max: core.instance_bytes_max(),
    }
}

/// Tells how it went; whether it went well.
pub(crate) fn told(core: &Core, owner: &Owner, load: &Load, taken: Result<u64, Error>) -> bool {
    let (tenant, took) = (owner.as_ref(), core.now().since(load.since));
    match &taken {
        Ok(bytes) => core.events.emit(&Event::TakenOver { tenant, bytes: *bytes, took }),
        Err(error) => core.events.emit(&Event::NotTakenOver { tenant, error }),
    }
    taken.is_ok()
}

/// Takes a copy in; its bytes, once it can be used.
pub(crate) async fn receive(
    core: &Core,
    owner: &Owner,
    load: &Arc<Load>,
    mut incoming: Box<dyn Incoming>,
    wanted: &Wanted,
) -> Result<u64, Error> {
    let manifest = incoming.manifest().clone();
    let own = owner.as_ref().is_some_and(|tenant| tenant.as_str() == manifest.tenant);
    if !own || !wanted.takes(&manifest) {
        return Err(Error::internal("a peer sent a copy that was not asked for"));
    }
    let parts =
        manifest.parts().ok_or_else(|| Error::internal("a peer's table numbers are none"))?;
    let read_at = core.now().before(manifest.age());
    let account = Account::child(&core.budget, core.instance_bytes_max());
    let blank = core.blanks.of(owner, manifest.tiny);
    let mut arriving = Arriving::new(blank, parts, manifest.bytes, &account)?;
    while let Some(piece) = incoming.next_piece().await? {
        // What is idle makes room; the piece itself is what is charged.
        drop(core.reserve(&account, piece.len() as u64).await?);
        load.add_bytes(piece.len() as u64);
        arriving.push(&piece)?;
    }
    let tables = manifest.seen.iter().map(|told| Seen::told(told, &core.catalog));
    let tables = tables.collect::<Option<Vec<_>>>();
    let tables = tables.ok_or_else(|| Error::internal("a peer's account of a table is none"))?;
    let image = arriving.finish()?;
    let published = Published {
        image,
        account,
        snapshot: Arc::new(TakenOver::of(&manifest)),
        read_at,
        tables,
        tiny: manifest.tiny,
        generation: Some(manifest.generation),
    };
    if !core.registry.publish(owner, load, published) {
        return Err(shutting_down());
    }
    Ok(manifest.bytes)
}
