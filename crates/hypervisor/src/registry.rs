//! The registry: tenant -> slot. Sharded, each shard under a lock held for well under a
//! microsecond (a sweep: for some thousand slots); nothing is freed, waited for or called under it
//! but pure code and events. Taking a lease is entering the instance's gate; eviction closes a
//! gate that is empty, under the shard's lock.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::Image;
use model::limits::{REGISTRY_SHARDS, SLOTS_MAX, VACANT_SLOTS_MAX};
use model::{Account, Hit, Monotonic, TenantId};

use crate::events::{Event, Events, EvictionReason, ShedReason};
use crate::gate::Gate;
use crate::load_state::Load;
use crate::runtime::Runtime;
use crate::seen::Seen;
use crate::shed::Shed;
use crate::slot::{Body, Instance, Slot};
use crate::state::{Edge, State};

/// Whose slot: a tenant's, or (`None`) that of the shared tables.
pub(crate) type Owner = Option<TenantId>;

/// All slots.
pub(crate) struct Registry {
    shards: Box<[Mutex<HashMap<Owner, Slot>>]>,
    hasher: RandomState,
    runtime: Arc<dyn Runtime>,
    events: Arc<dyn Events>,
}

/// The right to use an instance: it is not evicted while a lease is out. Given back on drop.
pub struct Lease {
    registry: Arc<Registry>,
    owner: Owner,
    gate: Arc<Gate>,
    pub(crate) image: Image,
    pub(crate) as_of: model::Timestamp,
    pub(crate) exact: bool,
    pub(crate) generation: u64,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.gate.leave(self.registry.runtime.monotonic()) {
            self.registry.finish_close(&self.owner, &self.gate);
        }
    }
}

/// What a publish brings.
pub(crate) struct Published {
    pub(crate) image: Image,
    pub(crate) account: Arc<Account>,
    pub(crate) snapshot: Arc<dyn source::Snapshot>,
    pub(crate) read_at: Monotonic,
    pub(crate) tables: Vec<Seen>,
    pub(crate) tiny: bool,
    /// The copy's number where another replica gave it one.
    pub(crate) generation: Option<u64>,
}

impl Registry {
    pub(crate) fn new(runtime: &Arc<dyn Runtime>, events: &Arc<dyn Events>) -> Arc<Registry> {
        Arc::new(Registry {
            shards: (0..REGISTRY_SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            runtime: Arc::clone(runtime),
            events: Arc::clone(events),
        })
    }

    fn shard(&self, owner: &Owner) -> MutexGuard<'_, HashMap<Owner, Slot>> {
        let hash = self.hasher.hash_one(owner);
        // The remainder is below the number of shards.
        let index = usize::try_from(hash % self.shards.len() as u64).unwrap_or(0);
        lock(&self.shards[index])
    }

    /// Looks at a slot, if there is one.
    pub(crate) fn peek<R>(&self, owner: &Owner, look: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        self.shard(owner).get_mut(owner).map(look)
    }

    /// Works on a slot, made if need be.
    pub(crate) fn with<R>(
        &self,
        owner: &Owner,
        work: impl FnOnce(&mut Slot) -> R,
    ) -> Result<R, model::Error> {
        let mut shard = self.shard(owner);
        if let Some(slot) = shard.get_mut(owner) {
            return Ok(work(slot));
        }
        if shard.len() >= SLOTS_MAX / REGISTRY_SHARDS {
            let idle =
                shard.iter().find(|(_, slot)| slot.is_idle()).map(|(owner, _)| owner.clone());
            match idle {
                Some(idle) => drop(shard.remove(&idle)),
                None => {
                    let (used, limit) = (shard.len() as u64, (SLOTS_MAX / REGISTRY_SHARDS) as u64);
                    let hit = Hit { budget: "slots", used, limit, by: vec![("busy", used)] };
                    return Err(Shed::by(ShedReason::Slots, hit).error(self.runtime.random()));
                }
            }
        }
        let now = self.runtime.monotonic();
        Ok(work(shard.entry(owner.clone()).or_insert_with(|| Slot::vacant(now))))
    }

    /// A lease on the instance whose gate was just entered under the same lock.
    pub(crate) fn lease(self: &Arc<Self>, owner: &Owner, instance: &Instance) -> Lease {
        let point = instance.snapshot.point();
        Lease {
            registry: Arc::clone(self),
            owner: owner.clone(),
            gate: Arc::clone(&instance.gate),
            image: instance.image.clone(),
            as_of: point.as_of,
            exact: point.exact,
            generation: instance.generation,
        }
    }

    /// Makes tables readable. Returns whether the slot took them: not if it holds tables of the
    /// present copy that `published` lacks, nor if `load` is not (or no longer) the slot's.
    pub(crate) fn publish(&self, owner: &Owner, load: &Arc<Load>, published: Published) -> bool {
        let now = self.runtime.monotonic();
        let loaded = published.image.loaded();
        let bytes = published.image.bytes();
        let mut shard = self.shard(owner);
        let Some(slot) = shard.get_mut(owner) else { return false };
        let own = slot.underway.as_ref().is_some_and(|own| Arc::ptr_eq(&own.load, load));
        if !own || load.stop.is_cancelled() {
            return false;
        }
        let generation = match &slot.body {
            // One copy has one account: these are more tables of the present one.
            Body::Live(own) if Arc::ptr_eq(&own.account, &published.account) => own.generation,
            // A copy that went and came back is still that copy.
            _ => match published.generation.filter(|number| *number >= slot.generation) {
                Some(number) => number,
                None => slot.next_generation(published.snapshot.point().mark),
            },
        };
        let outgoing = match &mut slot.body {
            Body::Booting => {
                let mut instance = instance_of(published, generation, Arc::new(Gate::new(now)));
                instance.cost = now.since(load.since);
                drop(slot.take(Edge::FinishBoot, Body::Live(Box::new(instance))));
                None
            }
            Body::Live(instance) if loaded.covers(&instance.image.loaded()) => {
                let mut fresh = instance_of(published, generation, Arc::clone(&instance.gate));
                fresh.cost = instance.cost;
                let old = std::mem::take(&mut instance.tables);
                let kept =
                    old.into_iter().filter(|o| fresh.tables.iter().all(|n| n.table != o.table));
                let kept: Vec<Seen> = kept.collect();
                fresh.tables.extend(kept);
                fresh.tables.shrink_to_fit();
                Some(std::mem::replace(&mut **instance, fresh))
            }
            _ => return false,
        };
        slot.generation = generation;
        slot.failures = 0;
        slot.ring();
        let tables = loaded.len();
        self.events.emit(&Event::TablesPublished {
            tenant: owner.as_ref(),
            tables,
            bytes,
            generation,
        });
        drop(shard);
        drop(outgoing);
        true
    }

    /// Shuts an instance down; stops a load. Without `empty_only` leases end in their own time.
    /// Returns the bytes given back now, `None` if there was nothing to close.
    pub(crate) fn close(
        &self,
        owner: &Owner,
        reason: EvictionReason,
        empty_only: bool,
    ) -> Option<u64> {
        let mut shard = self.shard(owner);
        let slot = shard.get_mut(owner)?;
        match &slot.body {
            Body::Booting if !empty_only => {
                if let Some(underway) = &slot.underway {
                    underway.load.stop.cancel();
                }
                Some(0)
            }
            Body::Closing(_) if !empty_only => Some(0),
            Body::Live(instance) => {
                let gate = Arc::clone(&instance.gate);
                let empty = gate.close_if_empty();
                if !empty && empty_only {
                    return None;
                }
                let last = empty || gate.close();
                let bytes = self.begin_close(owner, slot, reason);
                if !last {
                    return Some(0);
                }
                let gone = self.vacate(owner, slot, &gate);
                drop(shard);
                drop(gone);
                Some(bytes)
            }
            _ => None,
        }
    }

    fn begin_close(&self, owner: &Owner, slot: &mut Slot, reason: EvictionReason) -> u64 {
        if let Some(underway) = &slot.underway {
            underway.load.stop.cancel();
        }
        let Some(instance) = slot.live() else { return 0 };
        let (bytes, leases) = (instance.image.bytes(), instance.gate.inside());
        slot.begin_close();
        slot.evictions = slot.evictions.saturating_add(1);
        let pressed = reason == EvictionReason::Pressure;
        slot.pressed_at = pressed.then(|| self.runtime.monotonic());
        self.events.emit(&Event::Closing { tenant: owner.as_ref(), reason, leases });
        bytes
    }

    fn finish_close(&self, owner: &Owner, gate: &Arc<Gate>) {
        let mut shard = self.shard(owner);
        let gone = shard.get_mut(owner).and_then(|slot| self.vacate(owner, slot, gate));
        drop(shard);
        drop(gone);
    }

    fn vacate(&self, owner: &Owner, slot: &mut Slot, gate: &Arc<Gate>) -> Option<Box<Instance>> {
        match &slot.body {
            Body::Closing(instance) if Arc::ptr_eq(&instance.gate, gate) => {}
            _ => return None,
        }
        self.let_go(owner, slot)
    }

    /// Ends an instance's closing, whether or not leases are still out; `None` if none is closing.
    /// What it returns is to be dropped without the shard's lock.
    pub(crate) fn let_go(&self, owner: &Owner, slot: &mut Slot) -> Option<Box<Instance>> {
        let instance = slot.let_go()?;
        let bytes = instance.image.bytes();
        self.events.emit(&Event::Closed { tenant: owner.as_ref(), bytes });
        Some(instance)
    }

    /// Goes through all slots, shard by shard.
    pub(crate) fn visit(&self, mut look: impl FnMut(&Owner, &mut Slot)) {
        for shard in &self.shards {
            for (owner, slot) in lock(shard).iter_mut() {
                look(owner, slot);
            }
        }
    }

    /// Forgets failures that are old and vacant slots beyond their bound.
    pub(crate) fn sweep(&self, now: Monotonic) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let mut vacant = 0;
            shard.retain(|_, slot| {
                let over = slot.setback.as_ref().is_none_or(|setback| setback.retry_at < now);
                if slot.state() == State::Failed && over && slot.is_idle() {
                    let _ = slot.take(Edge::Forget, Body::Vacant);
                    slot.setback = None;
                }
                vacant += usize::from(slot.is_idle());
                !slot.is_idle() || vacant <= VACANT_SLOTS_MAX / REGISTRY_SHARDS
            });
        }
    }
}

fn instance_of(published: Published, generation: u64, gate: Arc<Gate>) -> Instance {
    Instance {
        image: published.image,
        account: published.account,
        snapshot: published.snapshot,
        generation,
        read_at: published.read_at,
        gate,
        tables: published.tables,
        cost: std::time::Duration::ZERO,
        tiny: published.tiny,
        lent: false,
    }
}

fn lock(shard: &Mutex<HashMap<Owner, Slot>>) -> MutexGuard<'_, HashMap<Owner, Slot>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
