//! Driving a load: a boot, more tables, a refresh. One task per load under way, none for an
//! instance at rest. Stages follow each other on one point in time: first what is waited for, then
//! (by policy) what the tenant used last time, then the rest; within a stage all scans are in
//! flight together and each table becomes readable as soon as it is whole.

mod stage;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::Image;
use futures_util::FutureExt;
use futures_util::future::try_join;
use model::limits::{BOOTS_QUEUED_MAX, BUDGET_BOOT_MIN_BYTES, POINTS_PER_LOAD_MAX};
use model::{Account, Error, ErrorCode, Hit, Monotonic, TableSet};
use source::{Snapshot, plan_scans};
use tokio::sync::OwnedSemaphorePermit;

use crate::core::Core;
use crate::events::{Event, EvictionReason, LoadKind, ShedReason};
use crate::handover;
use crate::load_state::Load;
use crate::price::refuse_unfit;
use crate::registry::Owner;
use crate::settings::TablesPolicy;
use crate::shed::Shed;
use crate::slot::{Body, Slot};
use crate::state::{Edge, State};

/// Notes a load in the slot, which has none under way; [`launch`] must follow, without the lock.
pub(crate) fn begin(
    core: &Core,
    slot: &mut Slot,
    kind: LoadKind,
    wanted: TableSet,
    kept: bool,
) -> Arc<Load> {
    let now = core.now();
    if kind == LoadKind::Boot && slot.refaults(now) {
        core.events.emit(&Event::Refault);
    }
    let load = Load::new(kind, now);
    slot.begin(&load, wanted, kept);
    load
}

/// Starts the task of a load that was begun.
pub(crate) fn launch(core: &Arc<Core>, owner: &Owner, load: Arc<Load>) {
    core.runtime.spawn("load", Box::pin(Drive::new(core, owner, load).run()));
}

/// Drives a boot that was begun for a copy that a peer sends: nothing is read from the source, and
/// whoever waits begins anew if it comes to nothing.
pub(crate) async fn take_over(
    core: &Arc<Core>,
    owner: &Owner,
    load: &Arc<Load>,
    receiving: impl Future<Output = bool>,
) -> bool {
    let mut drive = Drive::new(core, owner, Arc::clone(load));
    drive.from_peer = true;
    let taken = tokio::select! {
        biased;
        () = load.stop.cancelled() => false,
        taken = receiving => taken,
    };
    drive.finish(taken.then_some(Ok(())));
    taken
}

struct Drive {
    core: Arc<Core>,
    owner: Owner,
    load: Arc<Load>,
    /// Points in time that this load has lost.
    losses: u8,
    /// When it first had its turn to read the source.
    turn_at: Option<Monotonic>,
    /// What it brings comes from a peer; that is told elsewhere.
    from_peer: bool,
}

/// What all stages of a load have in common.
struct Copy {
    snapshot: Arc<dyn Snapshot>,
    read_at: Monotonic,
    account: Arc<Account>,
    /// For what the load takes in passing: batches on their way, SQLite's heap.
    passing: Arc<Account>,
    /// What the next stage starts from; `None`: a blank.
    base: Option<Image>,
    /// Whether the base has small pages, if there is one.
    tiny: bool,
    /// Held by the load's thread, too; given up between the foreground and the background.
    turn: Option<Arc<Turn>>,
}

/// The right to read the source.
struct Turn {
    _boot: OwnedSemaphorePermit,
    _background: Option<OwnedSemaphorePermit>,
}

impl Drive {
    fn new(core: &Arc<Core>, owner: &Owner, load: Arc<Load>) -> Drive {
        let (core, owner) = (Arc::clone(core), owner.clone());
        Drive { core, owner, load, losses: 0, turn_at: None, from_peer: false }
    }

    async fn run(mut self) {
        let core = Arc::clone(&self.core);
        core.loads.fetch_add(1, Ordering::Relaxed);
        let stop = self.load.stop.clone();
        let kind = self.load.kind;
        core.events.emit(&Event::LoadStarted { tenant: self.owner.as_ref(), kind });
        let outcome = {
            let work = AssertUnwindSafe(self.work()).catch_unwind();
            tokio::select! {
                biased;
                () = stop.cancelled() => None,
                outcome = work => Some(outcome),
            }
        };
        let outcome = outcome.map(|outcome| {
            outcome.unwrap_or_else(|panic| {
                core.panicked("load", &*panic);
                Err(Error::internal("a load panicked"))
            })
        });
        // Whatever is still under way for this load (fetches, its thread) ends with it.
        stop.cancel();
        core.loads.fetch_sub(1, Ordering::Relaxed);
        self.finish(outcome);
    }

    /// Leaves the slot as the outcome says; `None`: it was stopped.
    fn finish(&self, outcome: Option<Result<(), Error>>) {
        let (core, tenant, kind) = (&self.core, self.owner.as_ref(), self.load.kind);
        let now = core.now();
        let took = now.since(self.load.since);
        match &outcome {
            _ if self.from_peer => {}
            None => core.events.emit(&Event::LoadStopped { tenant, kind }),
            Some(Err(error)) => core.events.emit(&Event::LoadFailed { tenant, kind, error }),
            Some(Ok(())) => {
                let progress = self.load.progress(now);
                let (rows, reloads) = self.load.outcome();
                core.speed.note(progress.bytes, took);
                if let Some(turn_at) = self.turn_at {
                    core.load_time.note(now.since(turn_at));
                }
                let documents = progress.documents;
                let event = Event::LoadFinished { tenant, kind, took, documents, rows, reloads };
                core.events.emit(&event);
            }
        }
        let gone = matches!(&outcome, Some(Err(error)) if error.code == ErrorCode::TenantNotFound);
        let draw = core.runtime.random();
        core.registry.peek(&self.owner, |slot| {
            if !slot.underway.as_ref().is_some_and(|own| Arc::ptr_eq(&own.load, &self.load)) {
                return;
            }
            slot.underway = None;
            if kind == LoadKind::Grow {
                slot.point_losses = slot.point_losses.saturating_add(self.losses);
            }
            let booting = slot.state() == State::Booting;
            match outcome {
                Some(Err(error)) => {
                    slot.set_back(error.logged(), now, draw);
                    if booting {
                        let _ = slot.take(Edge::FailBoot, Body::Failed);
                    }
                }
                Some(Ok(())) if !booting => {
                    if let Some(instance) = slot.live_mut() {
                        let before = instance.cost;
                        let grown = self.load.kind == LoadKind::Grow;
                        instance.cost = if grown { before + took } else { took };
                    }
                }
                _ if booting => {
                    let _ = slot.take(Edge::AbandonBoot, Body::Vacant);
                }
                _ => {}
            }
            slot.ring();
        });
        if gone {
            core.registry.close(&self.owner, EvictionReason::Unlisted, false);
        }
    }

    async fn work(&mut self) -> Result<(), Error> {
        let unasked = self.core.registry.peek(&self.owner, |slot| slot.waiting == 0);
        let background = self.load.kind == LoadKind::Refresh && unasked.unwrap_or(true);
        if self.load.kind == LoadKind::Boot
            && handover::ask(&self.core, &self.owner, &self.load).await
        {
            self.from_peer = true;
            return Ok(());
        }
        let turn = self.turn(background).await?;
        self.turn_at = Some(self.core.now());
        if self.load.kind != LoadKind::Grow
            && let Some((first, _)) = self.next_stage(None)
        {
            let specs = plan_scans(&self.core.catalog, first);
            refuse_unfit(&self.core, self.owner.as_ref(), &specs).await?;
        }
        let mut copy = match self.load.kind {
            LoadKind::Grow => self.open_again(turn).await?,
            LoadKind::Boot | LoadKind::Refresh => self.open_anew(turn).await?,
        };
        loop {
            match self.stages(&mut copy).await {
                // Nothing is wrong with the source: the next point reads what is there now.
                Err(error) if copy.snapshot.is_lost() => {
                    self.lose(Some(&error));
                    if self.losses >= POINTS_PER_LOAD_MAX {
                        return Err(error);
                    }
                    let turn = match copy.turn.take() {
                        Some(turn) => turn,
                        None => self.turn(false).await?,
                    };
                    copy = self.open_anew(turn).await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Loads what is asked for and what is to follow, at the copy's point in time.
    async fn stages(&self, copy: &mut Copy) -> Result<(), Error> {
        let mut in_background = false;
        while let Some((tables, background)) = self.next_stage(copy.base.as_ref()) {
            if background && !in_background {
                // Whoever is waited for goes first. What is wanted may be another thing afterwards.
                copy.turn = None;
                copy.turn = Some(self.turn(true).await?);
                in_background = true;
                continue;
            }
            match self.stage(copy, tables).await {
                // For nobody's sake all that is there already is not read again: whoever asks for
                // these tables begins anew.
                Err(error) if background && copy.snapshot.is_lost() => {
                    self.tell_lost(Some(&error));
                    return Ok(());
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn lose(&mut self, error: Option<&Error>) {
        self.losses = self.losses.saturating_add(1);
        self.tell_lost(error);
    }

    fn tell_lost(&self, error: Option<&Error>) {
        self.core.events.emit(&Event::PointLost { tenant: self.owner.as_ref(), error });
    }

    /// Waits for a turn to read the source; background loads have half of the turns.
    async fn turn(&self, background: bool) -> Result<Arc<Turn>, Error> {
        let core = &self.core;
        if core.loads.load(Ordering::Relaxed) > BOOTS_QUEUED_MAX {
            let loads = core.loads.load(Ordering::Relaxed) as u64;
            let (budget, limit) = ("boots", BOOTS_QUEUED_MAX as u64);
            let hit = Hit { budget, used: loads, limit, by: vec![("boots", loads)] };
            return Err(core.shed(Shed::by(ShedReason::ReplicaQueue, hit).after(core.loads_take())));
        }
        let closed = |_| crate::core::shutting_down();
        let background = if background {
            tokio::select! {
                biased;
                turn = Arc::clone(&core.background).acquire_owned() => Some(turn.map_err(closed)?),
                () = self.load.hurry.cancelled() => None,
            }
        } else {
            None
        };
        let boot = Arc::clone(&core.boots).acquire_owned().await.map_err(closed)?;
        // What is idle makes room before the boot needs it, not in its middle.
        core.relieve(BUDGET_BOOT_MIN_BYTES);
        Ok(Arc::new(Turn { _boot: boot, _background: background }))
    }

    /// A new point in time.
    async fn open_anew(&self, turn: Arc<Turn>) -> Result<Copy, Error> {
        let core = &self.core;
        let read_at = core.now();
        let exists = async {
            match &self.owner {
                Some(tenant) if core.catalog.tenants.is_some() => {
                    core.source.has_tenant(tenant).await
                }
                _ => Ok(true),
            }
        };
        let (exists, snapshot) = try_join(exists, core.source.open()).await?;
        if !exists {
            return Err(Error::tenant_not_found());
        }
        let account = Account::child(&core.budget, core.instance_bytes_max());
        let passing = Account::child(&core.budget, u64::MAX);
        let turn = Some(turn);
        Ok(Copy { snapshot, read_at, account, passing, base: None, tiny: false, turn })
    }

    /// The point in time of the copy that is there, with what was noted about the collections
    /// then; a new one if there is nothing to be added to it any more.
    async fn open_again(&mut self, turn: Arc<Turn>) -> Result<Copy, Error> {
        let core = Arc::clone(&self.core);
        let present = core.registry.peek(&self.owner, |slot| {
            slot.live().map(|own| {
                let (snapshot, account) = (Arc::clone(&own.snapshot), Arc::clone(&own.account));
                (snapshot, own.read_at, account, own.image.clone(), own.tiny)
            })
        });
        let Some((snapshot, read_at, account, image, tiny)) = present.flatten() else {
            return Err(Error::internal("a load of more tables found no instance"));
        };
        if !snapshot.lasts() || snapshot.is_lost() {
            self.lose(None);
            return self.open_anew(turn).await;
        }
        let passing = Account::child(&core.budget, u64::MAX);
        let (base, turn) = (Some(image), Some(turn));
        Ok(Copy { snapshot, read_at, account, passing, base, tiny, turn })
    }

    /// What to load next, and whether nobody waits for it; `None`: nothing more.
    fn next_stage(&self, base: Option<&Image>) -> Option<(TableSet, bool)> {
        let core = &self.core;
        let all = core.tables_of(&self.owner);
        let mine = base.map(Image::loaded);
        core.registry.peek(&self.owner, |slot| {
            let present = slot.live().map(|own| own.image.loaded()).unwrap_or_default();
            let lost = self.losses > 0 && slot.loses_points();
            let underway = slot.underway.as_mut()?;
            let Some(mine) = mine else {
                // A new copy has what the present one has, and what is waited for.
                let first = core.first_tables(&self.owner, underway.wanted).union(&present);
                return Some((if lost { all } else { first }, false));
            };
            let missing = core.first_tables(&self.owner, underway.wanted).minus(&mine);
            if !missing.is_empty() {
                return Some((missing, false));
            }
            // From here on it is for nobody in particular.
            underway.kept = true;
            let used = slot.used.minus(&mine);
            let rest = match core.settings.tables {
                TablesPolicy::OnDemand if used.is_empty() => all.minus(&mine),
                _ => used,
            };
            (!rest.is_empty()).then_some((rest, true))
        })?
    }
}
