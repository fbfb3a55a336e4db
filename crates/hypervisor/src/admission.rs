//! Admission: whether a query runs now, waits, or is shed. Bounded per tenant and per replica; who
//! waits is served tenant by tenant, so that one tenant's hundred requests do not stand before
//! another's one.
//!
//! [`Desk`] is the pure part; [`Admission`] puts a lock and wake-ups around it.

mod standing;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Account, Monotonic, TenantId};
use tokio::sync::oneshot;

use crate::events::ShedReason;
use crate::runtime::Runtime;
use crate::settings::AdmissionSettings;
use crate::shed::{Lately, Shed};
use standing::{Standing, places};

/// What the desk says to a newcomer.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Run,
    Wait(u64),
    Shed(ShedReason),
}

/// Who runs and who waits; `W` is how a waiter is told.
struct Desk<W> {
    /// Queries that may run at once now.
    places: usize,
    running: usize,
    queued: usize,
    tenants: HashMap<TenantId, Line<W>>,
    /// Tenants with somebody waiting, in the order in which they are served.
    ring: VecDeque<TenantId>,
    next_ticket: u64,
}

struct Line<W> {
    running: usize,
    waiting: VecDeque<(u64, W)>,
}

impl<W> Default for Line<W> {
    fn default() -> Self {
        Line { running: 0, waiting: VecDeque::new() }
    }
}

impl<W> Default for Desk<W> {
    fn default() -> Self {
        Desk {
            places: usize::MAX,
            running: 0,
            queued: 0,
            tenants: HashMap::new(),
            ring: VecDeque::new(),
            next_ticket: 0,
        }
    }
}

impl<W> Desk<W> {
    /// Takes a place if one is free.
    fn try_enter(&mut self, tenant: &TenantId, bounds: &AdmissionSettings) -> bool {
        // Whoever waits could not run when a place was last free, so passing them would be unfair
        // only within the tenant: hence the look at its own line.
        if self.running >= self.places {
            return false;
        }
        match self.tenants.get_mut(tenant) {
            Some(line) if line.running >= bounds.tenant_concurrent || !line.waiting.is_empty() => {
                return false;
            }
            Some(line) => line.running += 1,
            None => {
                let line = Line { running: 1, waiting: VecDeque::new() };
                self.tenants.insert(tenant.clone(), line);
            }
        }
        self.running += 1;
        true
    }

    fn enter(
        &mut self,
        tenant: &TenantId,
        bounds: &AdmissionSettings,
        waiter: impl FnOnce() -> W,
    ) -> Answer {
        if self.try_enter(tenant, bounds) {
            return Answer::Run;
        }
        let line = self.tenants.entry(tenant.clone()).or_default();
        let shed = if line.waiting.len() >= bounds.tenant_queued {
            Some(ShedReason::TenantQueue)
        } else if self.queued >= bounds.replica_queued {
            Some(ShedReason::ReplicaQueue)
        } else {
            None
        };
        if let Some(reason) = shed {
            self.forget_if_empty(tenant);
            return Answer::Shed(reason);
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.queued += 1;
        line.waiting.push_back((ticket, waiter()));
        if line.waiting.len() == 1 {
            self.ring.push_back(tenant.clone());
        }
        Answer::Wait(ticket)
    }

    /// A place is free again.
    fn leave(&mut self, tenant: &TenantId) {
        self.running -= 1;
        if let Some(line) = self.tenants.get_mut(tenant) {
            line.running -= 1;
        }
        self.forget_if_empty(tenant);
    }

    /// Who gets a free place, if there is one.
    fn next(&mut self, bounds: &AdmissionSettings) -> Option<(TenantId, W)> {
        if self.running >= self.places {
            return None;
        }
        for _ in 0..self.ring.len() {
            let next = self.ring.pop_front()?;
            let Some(line) = self.tenants.get_mut(&next) else { continue };
            if line.running >= bounds.tenant_concurrent {
                self.ring.push_back(next);
                continue;
            }
            let Some((_, waiter)) = line.waiting.pop_front() else { continue };
            self.queued -= 1;
            self.running += 1;
            line.running += 1;
            if !line.waiting.is_empty() {
                self.ring.push_back(next.clone());
            }
            return Some((next, waiter));
        }
        None
    }

    /// What a newcomer of `tenant` stands before: its own running and waiting, then everybody's.
    fn standing(&self, tenant: &TenantId) -> Standing {
        let own = self.tenants.get(tenant);
        Standing {
            own_running: own.map_or(0, |line| line.running),
            own_waiting: own.map_or(0, |line| line.waiting.len()),
            running: self.running,
            waiting: self.queued,
            places: self.places,
        }
    }

    /// Whose fault it is that a waiter's time is over: the tenant's own, if its queries hold all the
    /// places that it may have; else all of the replica's are taken.
    fn late(&self, tenant: &TenantId, bounds: &AdmissionSettings) -> ShedReason {
        match self.tenants.get(tenant) {
            Some(line) if line.running >= bounds.tenant_concurrent => {
                ShedReason::TenantQueueTimeout
            }
            _ => ShedReason::QueueTimeout,
        }
    }

    /// A waiter gives up.
    fn give_up(&mut self, tenant: &TenantId, ticket: u64) {
        let Some(line) = self.tenants.get_mut(tenant) else { return };
        let Some(at) = line.waiting.iter().position(|(other, _)| *other == ticket) else { return };
        line.waiting.remove(at);
        self.queued -= 1;
        if line.waiting.is_empty() {
            self.ring.retain(|other| other != tenant);
        }
        self.forget_if_empty(tenant);
    }

    fn forget_if_empty(&mut self, tenant: &TenantId) {
        if let Entry::Occupied(line) = self.tenants.entry(tenant.clone())
            && line.get().running == 0
            && line.get().waiting.is_empty()
        {
            line.remove();
        }
    }
}

/// Admits queries.
pub(crate) struct Admission {
    bounds: AdmissionSettings,
    /// Bytes of results on their way to their readers.
    results: Arc<Account>,
    /// How long queries have held their places.
    held: Lately,
    runtime: Arc<dyn Runtime>,
    desk: Mutex<Desk<oneshot::Sender<Permit>>>,
}

/// A query's right to a thread; given back on drop.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    tenant: TenantId,
    since: Monotonic,
    held: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.held {
            self.admission.held.note(self.admission.runtime.monotonic().since(self.since));
            self.admission.release(&self.tenant);
        }
    }
}

/// Gives a ticket back if its holder is dropped while waiting.
struct Ticket<'a> {
    admission: &'a Admission,
    tenant: &'a TenantId,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.admission.desk().give_up(self.tenant, self.number);
    }
}

impl Admission {
    pub(crate) fn new(
        bounds: AdmissionSettings,
        results: Arc<Account>,
        runtime: &Arc<dyn Runtime>,
    ) -> Arc<Admission> {
        let (held, desk) = (Lately::default(), Mutex::default());
        Arc::new(Admission { bounds, results, held, runtime: Arc::clone(runtime), desk })
    }

    /// A permit, at once or within `patience`.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        tenant: &TenantId,
        patience: Duration,
    ) -> Result<Permit, Shed> {
        let mut receiver = None;
        let (answer, standing) = {
            let mut desk = self.desk();
            let answer = desk.enter(tenant, &self.bounds, || {
                let (sender, waits) = oneshot::channel();
                receiver = Some(waits);
                sender
            });
            (answer, desk.standing(tenant))
        };
        let ticket = match answer {
            Answer::Run => return Ok(self.permit(tenant.clone())),
            Answer::Shed(reason) => return Err(self.shed(standing, reason)),
            Answer::Wait(number) => Ticket { admission: self, tenant, number },
        };
        let Some(receiver) = receiver else { return Err(ShedReason::ReplicaQueue.into()) };
        let wait = patience.min(self.bounds.queue_timeout);
        tokio::select! {
            biased;
            permit = receiver => permit.map_err(|_| ShedReason::ReplicaQueue.into()),
            () = self.runtime.sleep(wait) => {
                let (reason, standing) = {
                    let desk = self.desk();
                    (desk.late(tenant, &self.bounds), desk.standing(tenant))
                };
                drop(ticket);
                Err(self.shed(standing, reason))
            }
        }
    }

    fn shed(&self, standing: Standing, reason: ShedReason) -> Shed {
        let results = (self.results.used(), self.results.limit());
        standing.shed(reason, &self.bounds, self.held.get(), results)
    }

    /// Queries of `tenant` that run.
    pub(crate) fn running_of(&self, tenant: &TenantId) -> usize {
        self.desk().standing(tenant).own_running
    }

    /// Queries running and waiting.
    pub(crate) fn load(&self) -> (usize, usize) {
        let desk = self.desk();
        (desk.running, desk.queued)
    }

    fn permit(self: &Arc<Self>, tenant: TenantId) -> Permit {
        let since = self.runtime.monotonic();
        Permit { admission: Arc::clone(self), tenant, since, held: true }
    }

    fn release(self: &Arc<Self>, tenant: &TenantId) {
        self.desk().leave(tenant);
        // More than one, where results in flight have become fewer meanwhile.
        loop {
            let next = self.desk().next(&self.bounds);
            let Some((tenant, waiter)) = next else { return };
            // That waiter is gone: its place is free again.
            if let Err(mut permit) = waiter.send(self.permit(tenant)) {
                permit.held = false;
                self.desk().leave(&permit.tenant);
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk<oneshot::Sender<Permit>>> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let (used, bound) = (self.results.used(), self.results.limit());
        desk.places = places(self.bounds.replica_concurrent, used, bound);
        desk
    }
}

#[cfg(test)]
mod tests;
