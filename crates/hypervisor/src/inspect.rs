//! Answers about instances. Nothing here boots one, takes a lease or counts as activity.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::limits::PRICE_WAIT_MS;
use model::{Error, ErrorCode, Price, TableSet, TenantId};
use source::plan_scans;

use crate::core::Core;
use crate::price::price_of;
use crate::registry::Owner;
use crate::slot::Slot;
use crate::state::State;
use crate::status::{FailureStatus, InstanceStatus, SchemaReport, SlotStatus, TableStatus, Usage};

/// A tenant's instance.
pub(crate) async fn instance(core: &Arc<Core>, tenant: &TenantId) -> Result<InstanceStatus, Error> {
    let owner = Some(tenant.clone());
    let status = core.registry.peek(&owner, |slot| status_of(core, slot));
    if let Some(status) = status.filter(|status| status.state != State::Vacant) {
        // Remembered or asked anew, whether there is such a tenant is one answer on all routes.
        if status.failure.as_ref().is_some_and(|it| it.error.code == ErrorCode::TenantNotFound) {
            exists(core, tenant).await?;
        }
        return Ok(status);
    }
    exists(core, tenant).await?;
    let mut status = InstanceStatus {
        state: State::Vacant,
        tables: TableSet::EMPTY,
        rows: 0,
        bytes: 0,
        as_of: None,
        as_of_exact: false,
        generation: None,
        progress: None,
        price: None,
        failure: None,
    };
    status.price = price(core, &owner).await;
    Ok(status)
}

fn status_of(core: &Core, slot: &Slot) -> InstanceStatus {
    let now = core.now();
    let own = slot.instance();
    let failure = slot.setback.as_ref().filter(|_| slot.state() == State::Failed);
    InstanceStatus {
        state: slot.state(),
        tables: own.map(|own| own.image.loaded()).unwrap_or_default(),
        rows: own.map_or(0, |own| own.tables.iter().map(|table| table.rows).sum()),
        bytes: own.map_or(0, |own| own.image.bytes()),
        as_of: own.map(|own| own.snapshot.point().as_of),
        as_of_exact: own.is_some_and(|own| own.snapshot.point().exact),
        generation: own.map(|own| own.generation),
        progress: slot.underway.as_ref().map(|underway| underway.load.progress(now)),
        price: failure.and_then(|setback| setback.error.price.as_deref().copied()),
        failure: failure.map(|setback| FailureStatus {
            error: setback.error.clone(),
            retry_in: setback.retry_at.since(now),
        }),
    }
}

async fn exists(core: &Core, tenant: &TenantId) -> Result<(), Error> {
    if core.source.has_tenant(tenant).await? { Ok(()) } else { Err(Error::tenant_not_found()) }
}

/// What a boot of all tables would cost. A server may have to count for it, so only a few may ask
/// at once and none for long.
async fn price(core: &Core, owner: &Owner) -> Option<Price> {
    let _turn = core.pricing.try_acquire().ok()?;
    let specs = plan_scans(&core.catalog, core.tables_of(owner));
    let estimates = tokio::select! {
        estimates = core.source.estimate(owner.as_ref(), &specs) => estimates.ok()?,
        () = core.runtime.sleep(Duration::from_millis(PRICE_WAIT_MS)) => return None,
    };
    Some(price_of(core, &specs, &estimates))
}

/// A tenant's tables.
pub(crate) async fn schema(core: &Arc<Core>, tenant: &TenantId) -> Result<SchemaReport, Error> {
    let owner = Some(tenant.clone());
    let mut report = SchemaReport {
        catalog: Arc::clone(&core.catalog),
        as_of: None,
        generation: None,
        tables: vec![TableStatus::default(); core.catalog.tables.len()],
    };
    let known = core.registry.peek(&owner, |slot| {
        if let Some(own) = slot.instance() {
            report.as_of = Some(own.snapshot.point().as_of);
            report.generation = Some(own.generation);
        }
        fill(&mut report, slot);
        !matches!(slot.state(), State::Vacant | State::Failed)
    });
    core.registry.peek(&None, |slot| fill(&mut report, slot));
    if known != Some(true) {
        exists(core, tenant).await?;
    }
    Ok(report)
}

fn fill(report: &mut SchemaReport, slot: &Slot) {
    let Some(own) = slot.instance() else { return };
    for seen in &own.tables {
        let number = usize::from(seen.table);
        let Some(table) = report.catalog.tables.get(number) else { continue };
        let columns = table.columns.len();
        if let Some(status) = report.tables.get_mut(number) {
            status.loaded = Some(seen.unpack(columns));
        }
    }
}

/// Every slot.
pub(crate) fn slots(core: &Core) -> Vec<SlotStatus> {
    let now = core.now();
    let mut all = Vec::new();
    core.registry.visit(|owner, slot| {
        let own = slot.instance();
        all.push(SlotStatus {
            tenant: owner.clone(),
            state: slot.state(),
            bytes: own.map_or(0, |own| own.image.bytes()),
            query_bytes: owner.as_ref().map_or(0, |tenant| core.spending.held_by(tenant)),
            tables: own.map_or(0, |own| own.image.loaded().len()),
            leases: own.map_or(0, |own| own.gate.inside()),
            waiting: slot.waiting,
            idle: own.map(|own| own.gate.idle(now)),
            generation: own.map(|own| own.generation),
            as_of: own.map(|own| own.snapshot.point().as_of),
            boots: slot.boots.into(),
            evictions: slot.evictions.into(),
            failure: slot.setback.as_ref().map(|setback| setback.error.code),
        });
    });
    all.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    all
}

/// Memory and load.
pub(crate) fn usage(core: &Core) -> Usage {
    let (mut slots, mut duplicates) = ([0; State::COUNT], 0);
    core.registry.visit(|_, slot| {
        duplicates += u64::from(slot.live().is_some_and(|instance| instance.lent));
        let state = slot.state();
        let at = State::ALL.iter().position(|other| *other == state).unwrap_or(0);
        slots[at] += 1;
    });
    let (running, queued) = core.admission.load();
    let (turns_wanted, turns_waited) = core.turns.load();
    Usage {
        budget_used: core.budget.used(),
        budget_limit: core.budget.limit(),
        queries_held: core.spending.held(),
        slots,
        duplicates,
        running: running as u64,
        queued: queued as u64,
        turns_wanted: turns_wanted.map(|count| count as u64),
        turns_waited,
        waiting: core.waiting.load(Ordering::Relaxed) as u64,
        loads: core.loads.load(Ordering::Relaxed) as u64,
    }
}
