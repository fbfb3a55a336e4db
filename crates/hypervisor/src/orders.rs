//! What may be ordered of an instance from outside: to boot, to shut down. Both limited in rate.

use std::sync::Arc;

use model::limits::RATE_BURST_REQUESTS;
use model::{Error, Hit, TenantId};

use crate::boot::{begin, launch};
use crate::core::Core;
use crate::events::{Event, EvictionReason, LoadKind, ShedReason};
use crate::shed::Shed;
use crate::slot::{Body, Slot};
use crate::status::{BootRequested, CloseRequested};

/// Starts loading what the instance lacks.
pub(crate) fn boot(core: &Arc<Core>, tenant: &TenantId) -> Result<BootRequested, Error> {
    core.welcome()?;
    let owner = Some(tenant.clone());
    let all = core.tables_of(&owner);
    let (mut launched, mut outgoing) = (None, None);
    let outcome = core.registry.with(&owner, |slot| {
        if slot.live().is_some_and(|own| own.image.loaded().covers(&all)) {
            return Ok(BootRequested::AlreadyLive);
        }
        spend(core, tenant, slot)?;
        outgoing = core.registry.let_go(&owner, slot);
        if let Some(underway) = &mut slot.underway {
            if underway.load.stop.is_cancelled() {
                return Err(ending(core, tenant));
            }
            underway.wanted = underway.wanted.union(&all);
            underway.kept = true;
            return Ok(BootRequested::Started);
        }
        let now = core.now();
        if let Some(setback) = slot.setback.as_ref().filter(|setback| now < setback.retry_at) {
            return Err(setback.error.clone().retry_after(setback.retry_at.since(now)));
        }
        let kind = match slot.body {
            Body::Live(_) => LoadKind::Grow,
            Body::Vacant | Body::Failed => LoadKind::Boot,
            Body::Closing(_) | Body::Booting => return Err(ending(core, tenant)),
        };
        launched = Some(begin(core, slot, kind, all, true));
        Ok(BootRequested::Started)
    });
    drop(outgoing);
    let outcome = outcome?;
    if let Some(load) = launched {
        launch(core, &owner, load);
    }
    outcome
}

/// Shuts the instance down once its leases end; stops a boot.
pub(crate) fn close(core: &Arc<Core>, tenant: &TenantId) -> Result<CloseRequested, Error> {
    let owner = Some(tenant.clone());
    let there = core.registry.peek(&owner, |slot| {
        if matches!(slot.body, Body::Vacant | Body::Failed) {
            return Ok(false);
        }
        spend(core, tenant, slot).map(|()| true)
    });
    if !there.unwrap_or(Ok(false))? {
        return Ok(CloseRequested::Vacant);
    }
    core.registry.close(&owner, EvictionReason::Operator, false);
    Ok(CloseRequested::Closing)
}

/// One of the instance's orders is still being carried out. It ends within moments; then another
/// can begin.
fn ending(core: &Core, tenant: &TenantId) -> Error {
    let by = vec![("ending", 1)];
    refused(
        core,
        tenant,
        Shed::by(ShedReason::Rate, Hit { budget: "orders", used: 1, limit: 1, by }),
    )
}

fn spend(core: &Core, tenant: &TenantId, slot: &mut Slot) -> Result<(), Error> {
    slot.spend(core.now()).map_err(|wait| {
        let all = u64::from(RATE_BURST_REQUESTS);
        let hit = Hit { budget: "orders", used: all, limit: all, by: vec![("own_orders", all)] };
        refused(core, tenant, Shed::by(ShedReason::Rate, hit).after(wait))
    })
}

fn refused(core: &Core, tenant: &TenantId, shed: Shed) -> Error {
    core.events.emit(&Event::Shed { tenant, reason: shed.reason });
    core.shed(shed)
}
