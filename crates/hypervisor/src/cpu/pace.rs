//! The pace of one query or load: its express time, then its turns.

use std::cell::{Cell, OnceCell};
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
    /// When its express time is over; moved on by pauses.
    express_until: Cell<Monotonic>,
    /// Once its express time is over.
    ticket: OnceCell<Ticket>,
    /// It gave its turn back while it waits for something else.
    paused: Cell<bool>,
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
            express_until: Cell::new(
                worker.runtime.monotonic().after(Duration::from_micros(express)),
            ),
            ticket: OnceCell::new(),
            paused: Cell::new(false),
        }
    }

    /// Runs `wait`, which takes no CPU: for that long no turn is held and no express time passes.
    pub(crate) fn pause<R>(&self, wait: impl FnOnce() -> R) -> R {
        let before = self.worker.runtime.monotonic();
        if let Some(ticket) = self.ticket.get() {
            self.worker.turns.leave(ticket);
            self.paused.set(true);
        }
        let result = wait();
        let waited = self.worker.runtime.monotonic().since(before);
        self.express_until.set(self.express_until.get().after(waited));
        result
    }
}

impl Pace for Paced<'_> {
    fn look(&self) {
        let Worker { turns, runtime, owner, lane } = self.worker;
        match self.ticket.get() {
            None => {
                if !turns.needed() || runtime.monotonic() < self.express_until.get() {
                    return;
                }
                threads::sink(runtime);
                turns.wait(self.ticket.get_or_init(|| turns.ticket(owner, lane)), self.over);
            }
            Some(ticket) if self.paused.replace(false) => turns.wait(ticket, self.over),
            Some(ticket) if turns.wanted() && !turns.may_go_on(ticket) => {
                turns.wait(ticket, self.over);
            }
            Some(_) => {}
        }
    }
}

impl Drop for Paced<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.get() {
            self.worker.turns.leave(ticket);
        }
    }
}
