//! Who has a turn and who waits for one: pure, driven by whoever holds the clock.
//!
//! Tenants with somebody waiting stand in a ring and are served one after the other, one turn each;
//! a tenant's own waiters are served in the order in which they came.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use model::{Monotonic, TenantId};

/// One who has or wants turns, for as long as its query runs.
pub(crate) type Ticket = u64;

/// The state of all turns.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: usize,
    /// How long a turn lasts while others wait.
    quantum: Duration,
    /// A holder not heard of for so long does not count any more: it waits for its reader, or sits
    /// in one long step.
    overdue: Duration,
    holders: HashMap<Ticket, Holder>,
    lines: HashMap<TenantId, VecDeque<Ticket>>,
    ring: VecDeque<TenantId>,
    next: Ticket,
}

#[derive(Debug)]
struct Holder {
    since: Monotonic,
}

impl Schedule {
    pub(super) fn new(turns: usize, quantum: Duration, overdue: Duration) -> Schedule {
        Schedule {
            turns: turns.max(1),
            quantum,
            overdue,
            holders: HashMap::new(),
            lines: HashMap::new(),
            ring: VecDeque::new(),
            next: 0,
        }
    }

    /// A number for somebody new.
    pub(super) fn ticket(&mut self) -> Ticket {
        self.next += 1;
        self.next
    }

    /// Asks for a turn; `true`: it is had at once, else the ticket waits in its tenant's line.
    pub(super) fn ask(&mut self, ticket: Ticket, tenant: &TenantId, now: Monotonic) -> bool {
        if self.holders.len() < self.turns && self.ring.is_empty() {
            self.holders.insert(ticket, Holder { since: now });
            return true;
        }
        let line = self.lines.entry(tenant.clone()).or_default();
        line.push_back(ticket);
        if line.len() == 1 {
            self.ring.push_back(tenant.clone());
        }
        false
    }

    /// Whether the ticket may go on: its turn is not over, or nobody wants it.
    pub(super) fn may_go_on(&mut self, ticket: Ticket, now: Monotonic) -> bool {
        let waited_for = !self.ring.is_empty();
        let Some(holder) = self.holders.get_mut(&ticket) else { return false };
        if waited_for && now.since(holder.since) >= self.quantum {
            return false;
        }
        if !waited_for {
            holder.since = now;
        }
        true
    }

    /// Gives a turn back, or a place in line up.
    pub(super) fn leave(&mut self, ticket: Ticket, tenant: &TenantId) {
        if self.holders.remove(&ticket).is_some() {
            return;
        }
        let Some(line) = self.lines.get_mut(tenant) else { return };
        line.retain(|other| *other != ticket);
        if line.is_empty() {
            self.lines.remove(tenant);
            self.ring.retain(|other| other != tenant);
        }
    }

    /// Gives free turns to those who wait, overdue ones included; whom.
    pub(super) fn grant(&mut self, now: Monotonic) -> Vec<Ticket> {
        let mut granted = Vec::new();
        if self.ring.is_empty() {
            return granted;
        }
        let overdue = self.overdue;
        self.holders.retain(|_, holder| now.since(holder.since) < overdue);
        while self.holders.len() < self.turns {
            let Some(tenant) = self.ring.pop_front() else { break };
            let Some(line) = self.lines.get_mut(&tenant) else { continue };
            if let Some(ticket) = line.pop_front() {
                self.holders.insert(ticket, Holder { since: now });
                granted.push(ticket);
            }
            if line.is_empty() {
                self.lines.remove(&tenant);
            } else {
                self.ring.push_back(tenant);
            }
        }
        granted
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUANTUM: Duration = Duration::from_millis(5);
    const OVERDUE: Duration = Duration::from_millis(50);

    fn tenant(number: usize) -> TenantId {
        TenantId::parse(&format!("t{number}"), model::TenantKeyType::String).expect("an id")
    }

    fn at(ms: u64) -> Monotonic {
        Monotonic(ms * 1_000_000)
    }

    #[test]
    fn free_turns_are_had_at_once_and_kept_while_nobody_waits() {
        let mut schedule = Schedule::new(2, QUANTUM, OVERDUE);
        let tickets: Vec<Ticket> = (0..3).map(|_| schedule.ticket()).collect();
        assert!(schedule.ask(tickets[0], &tenant(0), at(0)));
        assert!(schedule.may_go_on(tickets[0], at(1_000)), "nobody waits");
        assert!(schedule.ask(tickets[1], &tenant(0), at(1_000)));
        assert!(!schedule.ask(tickets[2], &tenant(1), at(1_000)));
        assert!(schedule.may_go_on(tickets[0], at(1_004)));
        assert!(!schedule.may_go_on(tickets[0], at(1_005)));
        schedule.leave(tickets[0], &tenant(0));
        assert_eq!(schedule.grant(at(1_005)), [tickets[2]]);
        assert_eq!(schedule.waiting(), 0);
    }

    #[test]
    fn tenants_are_served_in_turn_whatever_their_number_of_queries() {
        let mut schedule = Schedule::new(1, QUANTUM, OVERDUE);
        let holder = schedule.ticket();
        assert!(schedule.ask(holder, &tenant(9), at(0)));
        let crowd: Vec<Ticket> = (0..10).map(|_| schedule.ticket()).collect();
        crowd.iter().for_each(|ticket| assert!(!schedule.ask(*ticket, &tenant(0), at(0))));
        let single = schedule.ticket();
        assert!(!schedule.ask(single, &tenant(1), at(0)));
        schedule.leave(holder, &tenant(9));
        assert_eq!(schedule.grant(at(5)), [crowd[0]]);
        schedule.leave(crowd[0], &tenant(0));
        assert_eq!(schedule.grant(at(10)), [single], "before the crowd's second");
    }

    #[test]
    fn a_holder_not_heard_of_is_passed_and_has_to_ask_again() {
        let mut schedule = Schedule::new(1, QUANTUM, OVERDUE);
        let (stuck, other) = (schedule.ticket(), schedule.ticket());
        assert!(schedule.ask(stuck, &tenant(0), at(0)));
        assert!(!schedule.ask(other, &tenant(1), at(1)));
        assert!(schedule.grant(at(49)).is_empty());
        assert_eq!(schedule.grant(at(50)), [other]);
        assert!(!schedule.may_go_on(stuck, at(51)));
        schedule.leave(stuck, &tenant(0));
        assert!(schedule.may_go_on(other, at(52)), "leaving took nobody's turn");
    }

    #[test]
    fn who_gives_up_leaves_nothing_behind() {
        let mut schedule = Schedule::new(1, QUANTUM, OVERDUE);
        let tickets: Vec<Ticket> = (0..3).map(|_| schedule.ticket()).collect();
        assert!(schedule.ask(tickets[0], &tenant(0), at(0)));
        assert!(!schedule.ask(tickets[1], &tenant(1), at(0)));
        assert!(!schedule.ask(tickets[2], &tenant(2), at(0)));
        schedule.leave(tickets[1], &tenant(1));
        schedule.leave(tickets[0], &tenant(0));
        assert_eq!(schedule.grant(at(1)), [tickets[2]]);
        schedule.leave(tickets[2], &tenant(2));
        assert!(schedule.holders.is_empty() && schedule.lines.is_empty());
        assert!(schedule.ring.is_empty());
    }

    proptest! {
        /// Queries of several tenants, each with some work to do; whoever holds a turn works for a
        /// quantum, then hands over. Nobody waits for longer than every other tenant's one turn
        /// times the length of its own line, and all end.
        #[test]
        fn nobody_starves(
            turns in 1usize..4,
            queries in prop::collection::vec((0usize..6, 1u32..20), 1..40),
        ) {
            let mut schedule = Schedule::new(turns, QUANTUM, OVERDUE);
            let mut work: HashMap<Ticket, (usize, u32)> = HashMap::new();
            let mut waiting: HashMap<Ticket, u64> = HashMap::new();
            let mut running: Vec<Ticket> = Vec::new();
            let mut now = 0;
            for (number, left) in &queries {
                let ticket = schedule.ticket();
                work.insert(ticket, (*number, *left));
                if schedule.ask(ticket, &tenant(*number), at(now)) {
                    running.push(ticket);
                } else {
                    waiting.insert(ticket, now);
                }
            }
            let tenants = 6;
            let longest_line = queries.len() as u64;
            while !work.is_empty() {
                prop_assert!(running.len() <= turns);
                prop_assert!(running.len() == turns || waiting.is_empty(), "a turn lies idle");
                now += 5;
                for ticket in std::mem::take(&mut running) {
                    let (number, left) = work[&ticket];
                    if left > 1 && schedule.may_go_on(ticket, at(now)) {
                        work.insert(ticket, (number, left - 1));
                        running.push(ticket);
                        continue;
                    }
                    schedule.leave(ticket, &tenant(number));
                    if left > 1 {
                        work.insert(ticket, (number, left - 1));
                        if schedule.ask(ticket, &tenant(number), at(now)) {
                            running.push(ticket);
                        } else {
                            waiting.insert(ticket, now);
                        }
                    } else {
                        work.remove(&ticket);
                    }
                }
                for ticket in schedule.grant(at(now)) {
                    let since = waiting.remove(&ticket).expect("it waited");
                    prop_assert!(now - since <= 5 * (tenants + 1) * longest_line);
                    running.push(ticket);
                }
            }
            prop_assert_eq!(schedule.waiting(), 0);
        }
    }
}
