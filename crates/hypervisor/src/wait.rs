//! Getting a lease: at once, or after waiting for a load, which is begun if there is none. All who
//! wait for one instance wait for one load.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::{Error, ErrorCode, Hit, Monotonic};
use tokio::sync::watch;

use crate::boot::{begin, launch};
use crate::core::{Core, shutting_down};
use crate::events::{Event, LoadKind, ShedReason};
use crate::registry::{Lease, Owner};
use crate::shed::{Shed, comeback};
use crate::slot::{Found, Need, Slot};
use crate::status::Progress;

/// What one look at the slot came to.
enum Look {
    Leased(Lease),
    Wait,
    Failed(Error),
}

/// One who waits. Dropped before it is `going_on`, it may have been the last for whom a
/// load went on.
struct Waiting<'a> {
    core: &'a Core,
    owner: &'a Owner,
    changed: watch::Receiver<()>,
    going_on: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.core.waiting.fetch_sub(1, Ordering::Relaxed);
        let going_on = self.going_on;
        self.core.registry.peek(self.owner, |slot| slot.part(going_on));
    }
}

/// A lease without waiting; `None` if there is something to wait for.
///
/// # Errors
/// What failed a moment ago, if that is what the need needs.
pub(crate) fn at_once(
    core: &Arc<Core>,
    owner: &Owner,
    need: &Need,
) -> Result<Option<Lease>, Error> {
    let mut refresh = None;
    let look = core.registry.with(owner, |slot| {
        match slot.seek(need, core.settings.max_age, core.now()) {
            Found::Ready { stale } => lease(core, owner, slot, stale, &mut refresh),
            Found::Begin(_) | Found::Wait => Look::Wait,
            Found::Fail(error) => Look::Failed(error),
        }
    })?;
    if let Some(load) = refresh {
        launch(core, owner, load);
    }
    match look {
        Look::Leased(lease) => Ok(Some(lease)),
        Look::Wait => Ok(None),
        Look::Failed(error) => Err(error),
    }
}

fn lease(
    core: &Core,
    owner: &Owner,
    slot: &mut Slot,
    stale: bool,
    refresh: &mut Option<Arc<crate::load_state::Load>>,
) -> Look {
    if stale && core.welcome().is_ok() {
        *refresh = Some(begin(core, slot, LoadKind::Refresh, Default::default(), true));
    }
    match slot.live() {
        Some(instance) => Look::Leased(core.registry.lease(owner, instance)),
        None => Look::Failed(Error::internal("a slot was ready without an instance")),
    }
}

/// A lease on an instance that meets `need`, and whether it had to be waited for.
///
/// # Errors
/// Why the load failed; `instance_booting` if it goes on beyond `patience`; `tenant_busy` or
/// `overloaded` if too many wait; `shutting_down`.
pub(crate) async fn acquire(
    core: &Arc<Core>,
    owner: &Owner,
    need: &Need,
    patience: Duration,
) -> Result<(Lease, bool), Error> {
    let until = core.now().after(patience);
    let mut waiting: Option<Waiting<'_>> = None;
    loop {
        if core.halt.is_cancelled() {
            return Err(shutting_down());
        }
        let mut launched = None;
        let mut joined = None;
        let mut outgoing = None;
        let look = core.registry.with(owner, |slot| {
            outgoing = core.registry.let_go(owner, slot);
            let found = slot.seek(need, core.settings.max_age, core.now());
            let look = match found {
                Found::Ready { stale } => return lease(core, owner, slot, stale, &mut launched),
                Found::Fail(error) => return Look::Failed(error),
                Found::Begin(kind) => {
                    if waiting.is_none()
                        && let Err(error) = room(core, owner, slot)
                    {
                        return Look::Failed(error);
                    }
                    launched = Some(begin(core, slot, kind, need.tables, false));
                    Look::Wait
                }
                Found::Wait => match waiting.is_none().then(|| room(core, owner, slot)) {
                    Some(Err(error)) => return Look::Failed(error),
                    _ => Look::Wait,
                },
            };
            if waiting.is_none() {
                joined = Some(slot.join());
            }
            look
        })?;
        drop(outgoing);
        // The guard first: from here on this waiter counts.
        if let Some(changed) = joined {
            core.waiting.fetch_add(1, Ordering::Relaxed);
            waiting = Some(Waiting { core, owner, changed, going_on: false });
        }
        if let Some(load) = launched {
            launch(core, owner, load);
        }
        match look {
            Look::Leased(lease) => {
                let waited = waiting.as_mut().map(|waiting| waiting.going_on = true).is_some();
                return Ok((lease, waited));
            }
            Look::Failed(error) => return Err(error),
            Look::Wait => {}
        }
        if let Some(waiting) = &mut waiting {
            rest(core, owner, waiting, until).await?;
        }
    }
}

/// Whether one more may wait.
fn room(core: &Core, owner: &Owner, slot: &Slot) -> Result<(), Error> {
    let bounds = &core.settings.admission;
    let waiting = core.waiting.load(Ordering::Relaxed);
    let full = |budget, used: usize, limit: usize| {
        let loads = core.loads.load(Ordering::Relaxed) as u64;
        let by = vec![("waiting_for_boots", used as u64), ("boots", loads)];
        Hit { budget, used: used as u64, limit: limit as u64, by }
    };
    let (reason, hit) = if owner.is_some() && slot.waiting >= bounds.tenant_queued {
        let hit = full("admission.tenant_queued", slot.waiting, bounds.tenant_queued);
        (ShedReason::TenantQueue, hit)
    } else if waiting >= bounds.replica_queued {
        (ShedReason::ReplicaQueue, full("admission.replica_queued", waiting, bounds.replica_queued))
    } else {
        return Ok(());
    };
    if let Some(tenant) = owner {
        core.events.emit(&Event::Shed { tenant, reason });
    }
    Err(core.shed(Shed::by(reason, hit).after(core.loads_take())))
}

/// Waits until the slot changes.
async fn rest(
    core: &Core,
    owner: &Owner,
    waiting: &mut Waiting<'_>,
    until: Monotonic,
) -> Result<(), Error> {
    let left = until.since(core.now());
    tokio::select! {
        biased;
        // An error means that the slot is gone: look again.
        _ = waiting.changed.changed() => Ok(()),
        () = core.halt.cancelled() => Err(shutting_down()),
        () = core.runtime.sleep(left) => {
            waiting.going_on = true;
            Err(still_booting(core, owner))
        }
    }
}

fn still_booting(core: &Core, owner: &Owner) -> Error {
    let now = core.now();
    let progress = core
        .registry
        .peek(owner, |slot| slot.underway.as_ref().map(|underway| underway.load.progress(now)));
    let progress = progress.flatten();
    let left = progress.as_ref().and_then(Progress::left).unwrap_or_else(|| core.loads_take());
    let progress = match progress {
        None => String::new(),
        Some(progress) => match progress.documents_expected {
            None => format!(": {} documents read so far", progress.documents),
            Some(of) => format!(": {} of {of} documents read so far", progress.documents),
        },
    };
    Error::new(
        ErrorCode::InstanceBooting,
        format!("the instance is still booting{progress}; the boot goes on, come back later"),
    )
    .retry_after(comeback(Some(left), core.runtime.random()))
}
