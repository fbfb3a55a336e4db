//! The pace of one query or load: its express time, then its turns.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engine::Pace;
use model::limits::{CPU_EXPRESS_BOOT_US, CPU_EXPRESS_US};
use model::{Monotonic, TenantId};

use super::lane::Lane;
use super::schedule::Ticket;
use super::turns::Turns;
use crate::runtime::Runtime;
use crate::threads;

/// Who wants turns.
#[derive(Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) turns: &'a Turns,
    pub(crate) runtime: &'a dyn Runtime,
    /// `None`: the shared tables.
    pub(crate) owner: Option<&'a TenantId>,
    pub(crate) lane: Lane,
}

/// What the engine asks between VM steps and a load between rows.
pub(crate) struct Paced<'a> {
    worker: Worker<'a>,
    /// It waits for turns no longer.
    over: &'a dyn Fn() -> bool,
    /// When its express time is over, pauses not counted.
    express_until: Monotonic,
    place: Arc<Place>,
}

/// A run's place in line, which its sink gives up while it waits for its reader.
#[derive(Default)]
struct Place {
    /// Once its express time is over.
    ticket: OnceLock<Ticket>,
    /// It gave its turn back while it waits for something else.
    paused: AtomicBool,
    /// Nanoseconds in pauses.
    paused_ns: AtomicU64,
}

impl Place {
    fn pause<R>(&self, turns: &Turns, wait: impl FnOnce() -> R) -> R {
        let before = turns.now();
        if let Some(ticket) = self.ticket.get() {
            turns.leave(ticket);
            self.paused.store(true, Ordering::Relaxed);
        }
        let result = wait();
        let waited = u64::try_from(turns.now().since(before).as_nanos()).unwrap_or(u64::MAX);
        self.paused_ns.fetch_add(waited, Ordering::Relaxed);
        result
    }
}

/// The place of the run on a thread.
type Current = Option<(Arc<Turns>, Arc<Place>)>;

thread_local! {
    static CURRENT: RefCell<Current> = const { RefCell::new(None) };
}

/// Runs `wait`, which takes no CPU. Where a query runs on this thread, it holds no turn meanwhile,
/// and asks for one anew when it goes on.
pub fn pause<R>(wait: impl FnOnce() -> R) -> R {
    match CURRENT.with_borrow(Clone::clone) {
        Some((turns, place)) => place.pause(&turns, wait),
        None => wait(),
    }
}

impl<'a> Paced<'a> {
    /// Work that starts now; it waits for turns until `over`.
    pub(crate) fn new(worker: Worker<'a>, over: &'a dyn Fn() -> bool) -> Paced<'a> {
        let express = match worker.lane {
            Lane::Interactive | Lane::Report => CPU_EXPRESS_US,
            Lane::Boot => CPU_EXPRESS_BOOT_US,
        };
        Paced {
            worker,
            over,
            express_until: worker.runtime.monotonic().after(Duration::from_micros(express)),
            place: Arc::default(),
        }
    }

    /// Runs `body`, within which [`pause`] on this thread pauses this.
    pub(crate) fn during<R>(&self, turns: &Arc<Turns>, body: impl FnOnce() -> R) -> R {
        struct Back(Current);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        let current = Some((Arc::clone(turns), Arc::clone(&self.place)));
        let _back = Back(CURRENT.replace(current));
        body()
    }

    /// Runs `wait`, which takes no CPU: for that long no turn is held and no express time passes.
    pub(crate) fn pause<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.place.pause(self.worker.turns, wait)
    }

    fn is_express(&self) -> bool {
        let paused = Duration::from_nanos(self.place.paused_ns.load(Ordering::Relaxed));
        self.worker.runtime.monotonic() < self.express_until.after(paused)
    }
}

impl Pace for Paced<'_> {
    fn look(&self) {
        let Worker { turns, runtime, owner, lane } = self.worker;
        match self.place.ticket.get() {
            None => {
                if !turns.needed() || self.is_express() {
                    return;
                }
                threads::sink(runtime);
                let ticket = self.place.ticket.get_or_init(|| turns.ticket(owner, lane));
                turns.wait(ticket, self.over);
            }
            Some(ticket) if self.place.paused.load(Ordering::Relaxed) => {
                self.place.paused.store(false, Ordering::Relaxed);
                turns.wait(ticket, self.over);
            }
            Some(ticket) if turns.wanted() && !turns.may_go_on(ticket) => {
                turns.wait(ticket, self.over);
            }
            Some(_) => {}
        }
    }
}

impl Drop for Paced<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.place.ticket.get() {
            self.worker.turns.leave(ticket);
        }
    }
}
