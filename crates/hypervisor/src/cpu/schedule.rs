//! Who has a turn and who waits for one: pure, driven by whoever holds the clock.
//!
//! Fair between tenants first: each tenant has a **share**, the time its turns have cost so far,
//! weighted by [`Lane`], and a free turn goes to the one whose share would be the least after it
//! (self-clocked fair queueing). Whoever comes starts at the share that was served last, so nobody
//! saves up and nobody who comes passes everybody for ever. Within a tenant its lanes share in the
//! same way; within a lane they are served in the order in which they came. A turn is paid for when
//! it begins and settled when it ends: one given back early costs less (but never nothing), one
//! overdrawn more.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use model::{Monotonic, TenantId};

use super::lane::Lane;

/// One who has or wants turns, for as long as its work runs.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    number: u64,
    /// `None`: the shared tables.
    owner: Option<TenantId>,
    lane: Lane,
}

impl Ticket {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn lane(&self) -> Lane {
        self.lane
    }
}

/// How long turns last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    /// A turn while others wait.
    pub(super) quantum: Duration,
    /// What a turn costs at least.
    pub(super) least: Duration,
    /// A holder not heard of for so long does not count any more: it sits in one long step.
    pub(super) overdue: Duration,
}

/// The state of all turns.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: usize,
    spans: Spans,
    holders: BTreeMap<u64, Holder>,
    /// Tenants with somebody who waits or holds.
    lines: HashMap<Option<TenantId>, Line>,
    /// The share that was served last.
    level: u64,
    /// When somebody came to wait while nobody did: what was used before is free.
    wanted_since: Monotonic,
    next: u64,
}

#[derive(Debug)]
struct Holder {
    ticket: Ticket,
    since: Monotonic,
}

#[derive(Debug, Default)]
struct Line {
    share: u64,
    /// Of equal tenants the one that has waited longest since it was served is next.
    stamp: u64,
    /// The share of a lane that was served last.
    level: u64,
    lanes: [Track; Lane::COUNT],
}

#[derive(Debug, Default)]
struct Track {
    share: u64,
    holding: usize,
    waiting: VecDeque<Ticket>,
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Line {
    /// The lane to be served next, if somebody waits.
    fn next_lane(&self, turn: u64) -> Option<Lane> {
        let waiting = Lane::ALL.iter().filter(|lane| !self.lanes[lane.number()].waiting.is_empty());
        waiting.copied().min_by_key(|lane| self.lanes[lane.number()].share + lane.cost(turn))
    }

    fn waits(&self) -> bool {
        self.lanes.iter().any(|track| !track.waiting.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.lanes.iter().all(|track| track.waiting.is_empty() && track.holding == 0)
    }

    /// Takes a turn back, of which a whole one was paid.
    fn settle(&mut self, spans: &Spans, holder: &Holder, wanted_since: Monotonic, now: Monotonic) {
        // What goes beyond a turn counts from when somebody waited. Bounded, so that one long step
        // does not shut its tenant out for long.
        let turn = now.since(holder.since).min(spans.quantum);
        let wanted = now.since(holder.since.max(wanted_since));
        let used = turn.max(wanted).clamp(spans.least, spans.overdue);
        let lane = holder.ticket.lane;
        let (paid, used) = (lane.cost(nanoseconds(spans.quantum)), lane.cost(nanoseconds(used)));
        let track = &mut self.lanes[lane.number()];
        track.holding -= 1;
        for share in [&mut self.share, &mut track.share] {
            *share = (*share + used).saturating_sub(paid);
        }
    }
}

impl Schedule {
    pub(super) fn new(turns: usize, spans: Spans) -> Schedule {
        Schedule {
            turns: turns.max(1),
            spans,
            holders: BTreeMap::new(),
            lines: HashMap::new(),
            level: 0,
            wanted_since: Monotonic(0),
            next: 0,
        }
    }

    /// A ticket for somebody new.
    pub(super) fn ticket(&mut self, owner: Option<TenantId>, lane: Lane) -> Ticket {
        self.next += 1;
        Ticket { number: self.next, owner, lane }
    }

    /// Asks for a turn, which [`Schedule::grant`] gives; who has one gives it back first.
    pub(super) fn ask(&mut self, ticket: &Ticket, now: Monotonic) {
        let held = self.holders.remove(&ticket.number);
        if !self.lines.values().any(Line::waits) {
            self.wanted_since = now;
        }
        let (level, wanted_since) = (self.level, self.wanted_since);
        self.next += 1;
        let stamp = self.next;
        let line = self
            .lines
            .entry(ticket.owner.clone())
            .or_insert_with(|| Line { share: level, ..Line::default() });
        if !line.waits() {
            line.stamp = stamp;
        }
        let lane_level = line.level;
        let track = &mut line.lanes[ticket.lane.number()];
        if track.waiting.is_empty() && track.holding == 0 {
            track.share = track.share.max(lane_level);
        }
        track.waiting.push_back(ticket.clone());
        if let Some(holder) = held {
            line.settle(&self.spans, &holder, wanted_since, now);
        }
    }

    /// Whether the ticket may go on: its turn is not over, or nobody wants it.
    pub(super) fn may_go_on(&mut self, ticket: &Ticket, now: Monotonic) -> bool {
        let waited_for = self.lines.values().any(Line::waits);
        let Some(holder) = self.holders.get_mut(&ticket.number) else { return false };
        if waited_for && now.since(holder.since) >= self.spans.quantum {
            return false;
        }
        if !waited_for {
            holder.since = now;
        }
        true
    }

    /// Gives a turn back, or a place in line up.
    pub(super) fn leave(&mut self, ticket: &Ticket, now: Monotonic) {
        let held = self.holders.remove(&ticket.number);
        let Some(line) = self.lines.get_mut(&ticket.owner) else { return };
        match held {
            Some(holder) => line.settle(&self.spans, &holder, self.wanted_since, now),
            None => {
                let waiting = &mut line.lanes[ticket.lane.number()].waiting;
                waiting.retain(|other| other.number != ticket.number);
            }
        }
        if line.is_empty() {
            self.lines.remove(&ticket.owner);
        }
    }

    /// Gives free turns to those who wait, overdue ones included; whom, by number.
    pub(super) fn grant(&mut self, now: Monotonic) -> Vec<u64> {
        let mut granted = Vec::new();
        if !self.lines.values().any(Line::waits) {
            return granted;
        }
        self.pass_overdue(now);
        while self.holders.len() < self.turns {
            let Some(ticket) = self.serve_next() else { break };
            granted.push(ticket.number);
            self.holders.insert(ticket.number, Holder { ticket, since: now });
        }
        granted
    }

    fn pass_overdue(&mut self, now: Monotonic) {
        let since = self.wanted_since;
        let late = |holder: &&Holder| now.since(holder.since.max(since)) >= self.spans.overdue;
        let late: Vec<Ticket> =
            self.holders.values().filter(late).map(|holder| holder.ticket.clone()).collect();
        late.iter().for_each(|ticket| self.leave(ticket, now));
    }

    fn serve_next(&mut self) -> Option<Ticket> {
        let turn = nanoseconds(self.spans.quantum);
        let candidates = self.lines.iter().filter_map(|(owner, line)| {
            let lane = line.next_lane(turn)?;
            Some(((line.share + lane.cost(turn), line.stamp), owner, lane))
        });
        let ((share, _), owner, lane) = candidates.min_by_key(|(rank, ..)| *rank)?;
        let owner = owner.clone();
        let line = self.lines.get_mut(&owner)?;
        self.next += 1;
        line.stamp = self.next;
        line.share = share;
        self.level = self.level.max(share);
        let track = &mut line.lanes[lane.number()];
        track.share += lane.cost(turn);
        track.holding += 1;
        line.level = line.level.max(track.share);
        track.waiting.pop_front()
    }

    /// How many wait, by lane.
    pub(super) fn waiting(&self) -> [usize; Lane::COUNT] {
        let mut waiting = [0; Lane::COUNT];
        for line in self.lines.values() {
            for (lane, track) in line.lanes.iter().enumerate() {
                waiting[lane] += track.waiting.len();
            }
        }
        waiting
    }
}

#[cfg(test)]
mod tests;
