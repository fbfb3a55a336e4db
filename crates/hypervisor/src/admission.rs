//! Admission: whether a query runs now, waits, or is shed. Bounded per tenant and per replica; who
//! waits is served tenant by tenant, so that one tenant's hundred requests do not stand before
//! another's one.
//!
//! [`Desk`] is the pure part; [`Admission`] puts a lock and wake-ups around it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Error, ErrorCode, TenantId};
use tokio::sync::oneshot;

use crate::events::ShedReason;
use crate::runtime::Runtime;
use crate::settings::AdmissionSettings;

/// What the desk says to a newcomer.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Run,
    Wait(u64),
    Shed(ShedReason),
}

/// Who runs and who waits; `W` is how a waiter is told.
struct Desk<W> {
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
        if self.running >= bounds.replica_concurrent {
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

    /// A place is free again; who gets it.
    fn leave(&mut self, tenant: &TenantId, bounds: &AdmissionSettings) -> Option<(TenantId, W)> {
        self.running -= 1;
        if let Some(line) = self.tenants.get_mut(tenant) {
            line.running -= 1;
        }
        self.forget_if_empty(tenant);
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
    desk: Mutex<Desk<oneshot::Sender<Permit>>>,
}

/// A query's right to a thread; given back on drop.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    tenant: TenantId,
    held: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.held {
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
    pub(crate) fn new(bounds: AdmissionSettings) -> Arc<Admission> {
        Arc::new(Admission { bounds, desk: Mutex::default() })
    }

    /// A permit, at once or within `patience`.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        tenant: &TenantId,
        patience: Duration,
        runtime: &dyn Runtime,
    ) -> Result<Permit, ShedReason> {
        let mut receiver = None;
        let answer = self.desk().enter(tenant, &self.bounds, || {
            let (sender, waits) = oneshot::channel();
            receiver = Some(waits);
            sender
        });
        let ticket = match answer {
            Answer::Run => return Ok(self.permit(tenant.clone())),
            Answer::Shed(reason) => return Err(reason),
            Answer::Wait(number) => Ticket { admission: self, tenant, number },
        };
        let Some(receiver) = receiver else { return Err(ShedReason::ReplicaQueue) };
        let wait = patience.min(self.bounds.queue_timeout);
        tokio::select! {
            biased;
            permit = receiver => permit.map_err(|_| ShedReason::ReplicaQueue),
            () = runtime.sleep(wait) => {
                let reason = self.desk().late(tenant, &self.bounds);
                drop(ticket);
                Err(reason)
            }
        }
    }

    /// Queries running and waiting.
    pub(crate) fn load(&self) -> (usize, usize) {
        let desk = self.desk();
        (desk.running, desk.queued)
    }

    fn permit(self: &Arc<Self>, tenant: TenantId) -> Permit {
        Permit { admission: Arc::clone(self), tenant, held: true }
    }

    fn release(self: &Arc<Self>, tenant: &TenantId) {
        let mut leaving = tenant.clone();
        loop {
            let next = self.desk().leave(&leaving, &self.bounds);
            let Some((tenant, waiter)) = next else { return };
            match waiter.send(self.permit(tenant)) {
                Ok(()) => return,
                // That waiter is gone: its place is free again.
                Err(mut permit) => {
                    permit.held = false;
                    leaving = permit.tenant.clone();
                }
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk<oneshot::Sender<Permit>>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the caller is told.
pub(crate) fn shed_error(reason: ShedReason) -> Error {
    let (code, message) = match reason {
        ShedReason::TenantQueue => (
            ErrorCode::TenantBusy,
            "this tenant has too many queries under way; wait for some of them, or send fewer at once",
        ),
        ShedReason::TenantQueueTimeout => (
            ErrorCode::TenantBusy,
            "this query's time passed while this tenant's other queries held all its places; wait for some of them, or send fewer at once",
        ),
        ShedReason::Rate => (
            ErrorCode::TenantBusy,
            "boots and shutdowns of this instance were asked for too often; try again later",
        ),
        ShedReason::QueueTimeout => (
            ErrorCode::Overloaded,
            "this query found no free thread in its time; try again later, or raise timeout_ms if it was lowered",
        ),
        ShedReason::Memory => {
            (ErrorCode::Overloaded, "this replica is short of memory; try again later")
        }
        ShedReason::ReplicaQueue | ShedReason::Slots => {
            (ErrorCode::Overloaded, "this replica has too much under way; try again later")
        }
    };
    let wait = Duration::from_millis(model::limits::SHED_RETRY_MS);
    Error::new(code, message).retry_after(wait)
}

#[cfg(test)]
mod tests;
