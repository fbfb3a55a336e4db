//! One query's pace: its first millisecond, then its turns.

use std::cell::Cell;
use std::time::Duration;

use engine::{Interrupt, Pace};
use model::limits::CPU_EXPRESS_US;
use model::{Monotonic, TenantId};

use super::schedule::Ticket;
use super::turns::Turns;
use crate::runtime::Runtime;
use crate::threads;

/// What the engine asks between VM steps.
pub(crate) struct Paced<'a> {
    turns: &'a Turns,
    runtime: &'a dyn Runtime,
    tenant: &'a TenantId,
    interrupt: &'a Interrupt,
    started: Monotonic,
    deadline: Monotonic,
    /// Once its first millisecond is over.
    ticket: Cell<Option<Ticket>>,
}

impl<'a> Paced<'a> {
    /// A query of `tenant` that starts now; it waits for turns until `deadline` or interrupted.
    pub(crate) fn new(
        turns: &'a Turns,
        runtime: &'a dyn Runtime,
        tenant: &'a TenantId,
        interrupt: &'a Interrupt,
        deadline: Monotonic,
    ) -> Paced<'a> {
        let started = runtime.monotonic();
        Paced { turns, runtime, tenant, interrupt, started, deadline, ticket: Cell::new(None) }
    }

    fn wait(&self, ticket: Ticket) {
        let over =
            || self.interrupt.reason().is_some() || self.runtime.monotonic() >= self.deadline;
        self.turns.wait(ticket, self.tenant, over);
    }
}

impl Pace for Paced<'_> {
    fn look(&self) {
        match self.ticket.get() {
            None => {
                let express = Duration::from_micros(CPU_EXPRESS_US);
                if self.runtime.monotonic().since(self.started) < express {
                    return;
                }
                threads::sink(self.runtime);
                let ticket = self.turns.ticket();
                self.ticket.set(Some(ticket));
                self.wait(ticket);
            }
            Some(ticket) if self.turns.wanted() && !self.turns.may_go_on(ticket) => {
                self.turns.leave(ticket, self.tenant);
                self.wait(ticket);
            }
            Some(_) => {}
        }
    }
}

impl Drop for Paced<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.get() {
            self.turns.leave(ticket, self.tenant);
        }
    }
}
