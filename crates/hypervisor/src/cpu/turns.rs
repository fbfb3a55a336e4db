//! The turns of this replica: the schedule behind a lock, and waiting for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::limits::{CPU_TURN_LEAST_US, CPU_TURN_MS, CPU_TURN_OVERDUE_MS};
use model::{Monotonic, TenantId};

use super::lane::Lane;
use super::schedule::{Schedule, Spans, Ticket};
use crate::runtime::Runtime;

/// All turns.
pub(crate) struct Turns {
    runtime: Arc<dyn Runtime>,
    state: Mutex<State>,
    needed: bool,
    /// Somebody waits: holders look at the schedule only then.
    wanted: AtomicBool,
    /// Nanoseconds that were waited for turns, all together, by lane.
    waited_ns: [AtomicU64; Lane::COUNT],
}

struct State {
    schedule: Schedule,
    sleepers: HashMap<u64, Arc<Sleeper>>,
}

/// One who waits, on its own thread.
#[derive(Default)]
struct Sleeper {
    granted: Mutex<bool>,
    wake: Condvar,
}

impl Sleeper {
    fn granted(&self) -> MutexGuard<'_, bool> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// So many turns; with none, nobody needs one.
    pub(crate) fn new(turns: usize, runtime: &Arc<dyn Runtime>) -> Turns {
        let spans = Spans {
            quantum: Duration::from_millis(CPU_TURN_MS),
            least: Duration::from_micros(CPU_TURN_LEAST_US),
            overdue: Duration::from_millis(CPU_TURN_OVERDUE_MS),
        };
        let schedule = Schedule::new(turns, spans);
        Turns {
            runtime: Arc::clone(runtime),
            state: Mutex::new(State { schedule, sleepers: HashMap::new() }),
            needed: turns > 0,
            wanted: AtomicBool::new(false),
            waited_ns: Default::default(),
        }
    }

    /// A ticket for work that will want turns.
    pub(super) fn ticket(&self, owner: Option<&TenantId>, lane: Lane) -> Ticket {
        self.state().schedule.ticket(owner.cloned(), lane)
    }

    pub(super) fn now(&self) -> Monotonic {
        self.runtime.monotonic()
    }

    /// Whether work needs turns at all.
    pub(super) fn needed(&self) -> bool {
        self.needed
    }

    /// Whether somebody waits.
    pub(super) fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Whether the holder may go on.
    pub(super) fn may_go_on(&self, ticket: &Ticket) -> bool {
        let now = self.runtime.monotonic();
        self.state().schedule.may_go_on(ticket, now)
    }

    /// Waits for a turn, until `give_up` says so; who gives up has none. Who has one gives it back
    /// first.
    pub(super) fn wait(&self, ticket: &Ticket, give_up: impl Fn() -> bool) {
        let start = self.runtime.monotonic();
        let sleeper = Arc::<Sleeper>::default();
        {
            let mut state = self.state();
            state.schedule.ask(ticket, start);
            state.sleepers.insert(ticket.number(), Arc::clone(&sleeper));
            self.grant(state, start);
        }
        loop {
            let granted = sleeper.granted();
            if *granted {
                break;
            }
            // Also looks after holders that are overdue, since they do not tell.
            let granted = match sleeper.wake.wait_timeout_while(
                granted,
                Duration::from_millis(CPU_TURN_MS),
                |granted| !*granted,
            ) {
                Ok((granted, _)) => *granted,
                Err(poisoned) => *poisoned.into_inner().0,
            };
            if granted {
                break;
            }
            if give_up() {
                self.leave(ticket);
                break;
            }
            self.grant(self.state(), self.runtime.monotonic());
        }
        let waited = self.runtime.monotonic().since(start).as_nanos() as u64;
        self.waited_ns[ticket.lane().number()].fetch_add(waited, Ordering::Relaxed);
    }

    /// Gives a turn back, or a place in line up.
    pub(super) fn leave(&self, ticket: &Ticket) {
        let now = self.runtime.monotonic();
        let mut state = self.state();
        state.sleepers.remove(&ticket.number());
        state.schedule.leave(ticket, now);
        self.grant(state, now);
    }

    /// What waits for a turn, and the time that was waited so far, by lane.
    pub(crate) fn load(&self) -> ([usize; Lane::COUNT], [Duration; Lane::COUNT]) {
        let waited = |ns: &AtomicU64| Duration::from_nanos(ns.load(Ordering::Relaxed));
        (self.state().schedule.waiting(), self.waited_ns.each_ref().map(waited))
    }

    fn grant(&self, mut state: MutexGuard<'_, State>, now: Monotonic) {
        let granted = state.schedule.grant(now);
        let woken: Vec<Arc<Sleeper>> =
            granted.iter().filter_map(|ticket| state.sleepers.remove(ticket)).collect();
        self.wanted.store(state.schedule.waiting().iter().any(|lane| *lane > 0), Ordering::Relaxed);
        drop(state);
        for sleeper in woken {
            *sleeper.granted() = true;
            sleeper.wake.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use model::{Clock, Error, Timestamp};

    use super::*;

    /// Time stands still unless it is moved.
    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn monotonic(&self) -> Monotonic {
            Monotonic(self.0.load(Ordering::SeqCst))
        }
    }

    impl Runtime for Hand {
        fn spawn(&self, _: &'static str, _: BoxFuture<'static, ()>) {}
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
        fn thread(&self, _: String, _: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
            Err(Error::internal("no threads here"))
        }
        fn confine(&self) {}

        fn sink(&self) {}
        fn random(&self) -> u64 {
            0
        }
    }

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id, model::TenantKeyType::String).expect("an id")
    }

    fn until(what: impl Fn() -> bool) {
        while !what() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn who_waits_is_woken_by_who_leaves() {
        let hand = Arc::<Hand>::default();
        let runtime = Arc::clone(&hand) as Arc<dyn Runtime>;
        let turns = Turns::new(1, &runtime);
        let first = turns.ticket(Some(&tenant("a")), Lane::Interactive);
        let second = turns.ticket(Some(&tenant("b")), Lane::Report);
        turns.wait(&first, || false);
        assert!(!turns.wanted() && turns.may_go_on(&first));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                turns.wait(&second, || false);
                turns.leave(&second);
            });
            until(|| turns.wanted());
            assert!(turns.may_go_on(&first), "its turn is not over");
            hand.0.store(CPU_TURN_MS * 1_000_000, Ordering::SeqCst);
            assert!(!turns.may_go_on(&first));
            turns.leave(&first);
        });
        let waited = [Duration::ZERO, Duration::from_millis(CPU_TURN_MS), Duration::ZERO];
        assert_eq!(turns.load(), ([0; 3], waited));
        assert!(!turns.wanted());
    }

    #[test]
    fn who_gives_up_leaves_no_trace_and_a_silent_holder_is_passed() {
        let hand = Arc::<Hand>::default();
        let runtime = Arc::clone(&hand) as Arc<dyn Runtime>;
        let turns = Turns::new(1, &runtime);
        let ticket = |id: &str| turns.ticket(Some(&tenant(id)), Lane::Interactive);
        let (silent, quitter, third) = (ticket("a"), ticket("b"), ticket("b"));
        turns.wait(&silent, || false);
        turns.wait(&quitter, || true);
        assert_eq!(turns.load().0, [0; 3]);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| turns.wait(&third, || false));
            until(|| turns.wanted());
            hand.0.store(CPU_TURN_OVERDUE_MS * 1_000_000, Ordering::SeqCst);
            assert!(waiter.join().is_ok(), "the waiters themselves look after the overdue");
        });
        assert!(turns.may_go_on(&third));
        turns.leave(&silent);
        assert!(turns.may_go_on(&third));
    }
}
