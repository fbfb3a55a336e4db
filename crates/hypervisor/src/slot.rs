//! A slot: what the registry knows of one tenant, and the pure rules of what a newcomer finds
//! there. Always used under its shard's lock; it does nothing but decide and remember.

use std::sync::Arc;
use std::time::Duration;

use engine::Image;
use model::limits::{
    BOOT_RETRY_MS, BOOT_RETRY_MS_MAX, POINT_LOSSES_MAX, RATE_BURST_REQUESTS, RATE_REFILL_MS,
    REFAULT_MS, RETRY_SPREAD_PERCENT,
};
use model::{Account, Error, ErrorCode, Monotonic, TableSet};
use source::Snapshot;
use tokio::sync::watch;

use crate::events::LoadKind;
use crate::gate::Gate;
use crate::load_state::Load;
use crate::seen::Seen;
use crate::state::{Edge, State, next};

/// A live copy of a tenant's data. An idle one is this and its image, nothing else.
pub(crate) struct Instance {
    /// The data.
    pub(crate) image: Image,
    /// Charged with the image; one per generation.
    pub(crate) account: Arc<Account>,
    /// The point in time it shows, for the tables that are yet to come.
    pub(crate) snapshot: Arc<dyn Snapshot>,
    /// The number of this copy.
    pub(crate) generation: u64,
    /// When its reading began: its age counts from here.
    pub(crate) read_at: Monotonic,
    /// Who uses it.
    pub(crate) gate: Arc<Gate>,
    /// What the loads saw.
    pub(crate) tables: Vec<Seen>,
    /// What its loads took.
    pub(crate) cost: Duration,
    /// Whether its pages are the small ones.
    pub(crate) tiny: bool,
    /// A peer took a copy: the tenant has most likely moved there.
    pub(crate) lent: bool,
}

/// A state with what belongs to it.
pub(crate) enum Body {
    Vacant,
    Booting,
    Live(Box<Instance>),
    Closing(Box<Instance>),
    Failed,
}

/// A failure that is remembered until `retry_at`: for whoever waited, and for newcomers.
pub(crate) struct Setback {
    pub(crate) error: Error,
    pub(crate) retry_at: Monotonic,
}

/// The load under way.
pub(crate) struct Underway {
    pub(crate) load: Arc<Load>,
    /// Tables that somebody waits for.
    pub(crate) wanted: TableSet,
    /// It goes on when nobody waits: a background load, or one asked for as such.
    pub(crate) kept: bool,
}

/// What a request needs of an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// These tables.
    pub(crate) tables: TableSet,
    /// Read not before this; `None`: whatever is there will do.
    pub(crate) read_since: Option<Monotonic>,
}

/// What a newcomer finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// It can be used; the gate was entered. A refresh is due besides, if `stale`.
    Ready { stale: bool },
    /// A load must begin first.
    Begin(LoadKind),
    /// Something under way will help.
    Wait,
    /// What it needs failed a moment ago.
    Fail(Error),
}

/// One tenant's slot.
pub(crate) struct Slot {
    pub(crate) body: Body,
    pub(crate) underway: Option<Underway>,
    pub(crate) setback: Option<Box<Setback>>,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Requests waiting for a load or for the end of a close.
    pub(crate) waiting: usize,
    /// Told about every change; there only while somebody waits.
    signal: Option<watch::Sender<()>>,
    /// Of the last copy there was.
    pub(crate) generation: u64,
    /// Tables that statements of this tenant asked for.
    pub(crate) used: TableSet,
    /// Points in time lost in a row.
    pub(crate) point_losses: u8,
    pub(crate) boots: u32,
    pub(crate) evictions: u32,
    /// When its memory was last needed for others.
    pub(crate) pressed_at: Option<Monotonic>,
    rate: Rate,
}

impl Slot {
    pub(crate) fn vacant(now: Monotonic) -> Slot {
        Slot {
            body: Body::Vacant,
            underway: None,
            setback: None,
            failures: 0,
            waiting: 0,
            signal: None,
            generation: 0,
            used: TableSet::EMPTY,
            point_losses: 0,
            boots: 0,
            evictions: 0,
            pressed_at: None,
            rate: Rate::full(now),
        }
    }

    pub(crate) fn state(&self) -> State {
        match self.body {
            Body::Vacant => State::Vacant,
            Body::Booting => State::Booting,
            Body::Live(_) => State::Live,
            Body::Closing(_) => State::Closing,
            Body::Failed => State::Failed,
        }
    }

    /// Takes an edge of the diagram, returns what was there; `None` and nothing done if there is
    /// no such edge here.
    pub(crate) fn take(&mut self, edge: Edge, body: Body) -> Option<Body> {
        let to = next(self.state(), edge)?;
        let before = std::mem::replace(&mut self.body, body);
        debug_assert_eq!(self.state(), to, "the body is not that of the edge");
        self.ring();
        Some(before)
    }

    /// From live to closing; `false` if it is not live.
    pub(crate) fn begin_close(&mut self) -> bool {
        if next(self.state(), Edge::BeginClose).is_none() {
            return false;
        }
        if let Body::Live(instance) = std::mem::replace(&mut self.body, Body::Vacant) {
            self.body = Body::Closing(instance);
        }
        self.ring();
        true
    }

    /// Lets go of an instance that closes: its leases keep the image for as long as they need it,
    /// and nobody has to wait for them. `None` if none is closing.
    pub(crate) fn let_go(&mut self) -> Option<Box<Instance>> {
        match self.take(Edge::FinishClose, Body::Vacant)? {
            Body::Closing(instance) => Some(instance),
            _ => None,
        }
    }

    /// Tells those who wait to look again.
    pub(crate) fn ring(&self) {
        if let Some(signal) = &self.signal {
            signal.send_replace(());
        }
    }

    /// Joins those who wait.
    pub(crate) fn join(&mut self) -> watch::Receiver<()> {
        self.waiting += 1;
        self.signal.get_or_insert_with(|| watch::channel(()).0).subscribe()
    }

    /// Leaves them. The last one stops a load that is for nobody else; `going_on`: it shall go on
    /// all the same.
    pub(crate) fn part(&mut self, going_on: bool) {
        self.waiting -= 1;
        if let Some(underway) = &mut self.underway {
            underway.kept |= going_on;
            if self.waiting == 0 && !underway.kept {
                underway.load.stop.cancel();
            }
        }
        if self.waiting == 0 {
            self.signal = None;
        }
    }

    pub(crate) fn live(&self) -> Option<&Instance> {
        match &self.body {
            Body::Live(instance) => Some(instance),
            _ => None,
        }
    }

    pub(crate) fn live_mut(&mut self) -> Option<&mut Instance> {
        match &mut self.body {
            Body::Live(instance) => Some(instance),
            _ => None,
        }
    }

    /// The image, live or closing.
    pub(crate) fn instance(&self) -> Option<&Instance> {
        match &self.body {
            Body::Live(instance) | Body::Closing(instance) => Some(instance),
            _ => None,
        }
    }

    /// What a request with this need finds now. Enters the gate for [`Found::Ready`]; notes the
    /// tables for whatever load is under way.
    pub(crate) fn seek(&mut self, need: &Need, max_age: Duration, now: Monotonic) -> Found {
        self.used = self.used.union(&need.tables);
        if matches!(self.body, Body::Closing(_)) {
            return Found::Wait;
        }
        let mut kind = LoadKind::Boot;
        if let Body::Live(instance) = &self.body {
            // Where there is nothing newer to read, no age is too old.
            let newest = instance.snapshot.is_newest();
            let young = newest || need.read_since.is_none_or(|since| instance.read_at >= since);
            let whole = instance.image.loaded().covers(&need.tables);
            if young && whole {
                if !instance.gate.enter() {
                    return Found::Wait;
                }
                let stale = !newest
                    && now.since(instance.read_at) > max_age
                    && self.underway.is_none()
                    && self.setback.as_ref().is_none_or(|setback| setback.retry_at <= now);
                return Found::Ready { stale };
            }
            kind = if young { LoadKind::Grow } else { LoadKind::Refresh };
        }
        if let Some(underway) = &mut self.underway {
            underway.wanted = underway.wanted.union(&need.tables);
            underway.load.hurry.cancel();
            // One told to stop does not help, but its end does: look again then.
            return Found::Wait;
        }
        match &self.setback {
            Some(setback) if now < setback.retry_at => {
                let wait = setback.retry_at.since(now);
                Found::Fail(setback.error.clone().retry_after(wait))
            }
            _ => Found::Begin(kind),
        }
    }

    /// Notes that a load begins.
    pub(crate) fn begin(&mut self, load: &Arc<Load>, wanted: TableSet, kept: bool) {
        if load.kind == LoadKind::Boot {
            let _ = self.take(Edge::BeginBoot, Body::Booting);
            self.boots = self.boots.saturating_add(1);
        }
        self.setback = None;
        self.underway = Some(Underway { load: Arc::clone(load), wanted, kept });
    }

    /// Whether its instance went for want of memory so lately that it was not to be spared. Once.
    pub(crate) fn refaults(&mut self, now: Monotonic) -> bool {
        let lately = Duration::from_millis(REFAULT_MS);
        self.pressed_at.take().is_some_and(|at| now.since(at) <= lately)
    }

    /// Remembers a failure: twice as long as the last time, up to a bound; one for want of memory
    /// or of a turn, which tells nothing about the next time, only until its waiters know. `draw`
    /// is random and takes up to [`RETRY_SPREAD_PERCENT`] of the time away: a source fails for
    /// many tenants at once, and is better not asked by all of them at once again.
    pub(crate) fn set_back(&mut self, error: Error, now: Monotonic, draw: u64) {
        if error.code == ErrorCode::Overloaded {
            self.failures = 0;
        }
        let wait = BOOT_RETRY_MS.saturating_mul(1 << self.failures.min(16)).min(BOOT_RETRY_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        let spread = wait * RETRY_SPREAD_PERCENT / 100;
        let retry_at = now.after(Duration::from_millis(wait - draw % (spread + 1)));
        self.setback = Some(Box::new(Setback { error, retry_at }));
    }

    /// The number of a copy read at `mark`: raised where it would not exceed the last.
    pub(crate) fn next_generation(&self, mark: u64) -> u64 {
        mark.max(self.generation.saturating_add(1))
    }

    /// Whether points in time were lost so often that all tables should be read at once.
    pub(crate) fn loses_points(&self) -> bool {
        self.point_losses >= POINT_LOSSES_MAX
    }

    /// Asks for one more boot or close.
    ///
    /// # Errors
    /// After how long one more may be asked for.
    pub(crate) fn spend(&mut self, now: Monotonic) -> Result<(), Duration> {
        self.rate.spend(now)
    }

    /// Whether forgetting the slot loses nothing that matters.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.body, Body::Vacant | Body::Failed)
            && self.waiting == 0
            && self.underway.is_none()
    }
}

/// A token bucket.
struct Rate {
    tokens: u32,
    filled_at: Monotonic,
}

impl Rate {
    fn full(now: Monotonic) -> Rate {
        Rate { tokens: RATE_BURST_REQUESTS, filled_at: now }
    }

    fn spend(&mut self, now: Monotonic) -> Result<(), Duration> {
        let refill = Duration::from_millis(RATE_REFILL_MS);
        let fresh = now.since(self.filled_at).as_nanos() / refill.as_nanos();
        if fresh > 0 {
            let fresh = u32::try_from(fresh).unwrap_or(u32::MAX);
            self.tokens = self.tokens.saturating_add(fresh).min(RATE_BURST_REQUESTS);
            self.filled_at = now;
        }
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err(refill.saturating_sub(now.since(self.filled_at))),
        }
    }
}
