//! The turns of this replica: the schedule behind a lock, and waiting for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::limits::{CPU_TURN_MS, CPU_TURN_OVERDUE_MS};
use model::{Monotonic, TenantId};

use super::schedule::{Schedule, Ticket};
use crate::runtime::Runtime;

/// All turns.
pub(crate) struct Turns {
    runtime: Arc<dyn Runtime>,
    state: Mutex<State>,
    /// Somebody waits: holders look at the schedule only then.
    wanted: AtomicBool,
    /// Nanoseconds that queries have waited for turns, all together.
    waited_ns: AtomicU64,
}

struct State {
    schedule: Schedule,
    sleepers: HashMap<Ticket, Arc<Sleeper>>,
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
    /// As many turns as `cores`.
    pub(crate) fn new(cores: usize, runtime: &Arc<dyn Runtime>) -> Turns {
        let (quantum, overdue) =
            (Duration::from_millis(CPU_TURN_MS), Duration::from_millis(CPU_TURN_OVERDUE_MS));
        let schedule = Schedule::new(cores, quantum, overdue);
        Turns {
            runtime: Arc::clone(runtime),
            state: Mutex::new(State { schedule, sleepers: HashMap::new() }),
            wanted: AtomicBool::new(false),
            waited_ns: AtomicU64::new(0),
        }
    }

    /// A number for a query that will want turns.
    pub(super) fn ticket(&self) -> Ticket {
        self.state().schedule.ticket()
    }

    /// Whether somebody waits.
    pub(super) fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Whether the holder may go on.
    pub(super) fn may_go_on(&self, ticket: Ticket) -> bool {
        let now = self.runtime.monotonic();
        self.state().schedule.may_go_on(ticket, now)
    }

    /// Waits for a turn, until `give_up` says so; who gives up has none.
    pub(super) fn wait(&self, ticket: Ticket, tenant: &TenantId, give_up: impl Fn() -> bool) {
        let start = self.runtime.monotonic();
        let sleeper = {
            let mut state = self.state();
            if state.schedule.ask(ticket, tenant, start) {
                return;
            }
            let sleeper = Arc::<Sleeper>::default();
            state.sleepers.insert(ticket, Arc::clone(&sleeper));
            self.grant(state, start);
            sleeper
        };
        loop {
            let granted = sleeper.granted();
            // Also looks after holders that are overdue, since they do not tell.
            let granted = match sleeper.wake.wait_timeout_while(
                granted,
                Duration::from_millis(CPU_TURN_MS),
                |granted| !*granted,
            ) {
                Ok((granted, _)) => *granted,
                Err(poisoned) => *poisoned.into_inner().0,
            };
            let now = self.runtime.monotonic();
            if granted || give_up() {
                if !granted {
                    self.leave(ticket, tenant);
                }
                self.waited_ns.fetch_add(now.since(start).as_nanos() as u64, Ordering::Relaxed);
                return;
            }
            self.grant(self.state(), now);
        }
    }

    /// Gives a turn back, or a place in line up.
    pub(super) fn leave(&self, ticket: Ticket, tenant: &TenantId) {
        let now = self.runtime.monotonic();
        let mut state = self.state();
        state.sleepers.remove(&ticket);
        state.schedule.leave(ticket, tenant);
        self.grant(state, now);
    }

    /// Queries waiting for a turn, and the time that queries have waited so far.
    pub(crate) fn load(&self) -> (usize, Duration) {
        let waited = Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed));
        (self.state().schedule.waiting(), waited)
    }

    fn grant(&self, mut state: MutexGuard<'_, State>, now: Monotonic) {
        let granted = state.schedule.grant(now);
        let woken: Vec<Arc<Sleeper>> =
            granted.iter().filter_map(|ticket| state.sleepers.remove(ticket)).collect();
        self.wanted.store(state.schedule.waiting() > 0, Ordering::Relaxed);
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
        let (a, b) = (tenant("a"), tenant("b"));
        let (first, second) = (turns.ticket(), turns.ticket());
        turns.wait(first, &a, || false);
        assert!(!turns.wanted() && turns.may_go_on(first));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                turns.wait(second, &b, || false);
                turns.leave(second, &b);
            });
            until(|| turns.wanted());
            assert!(turns.may_go_on(first), "its turn is not over");
            hand.0.store(CPU_TURN_MS * 1_000_000, Ordering::SeqCst);
            assert!(!turns.may_go_on(first));
            turns.leave(first, &a);
        });
        assert_eq!(turns.load(), (0, Duration::from_millis(CPU_TURN_MS)));
        assert!(!turns.wanted());
    }

    #[test]
    fn who_gives_up_leaves_no_trace_and_a_silent_holder_is_passed() {
        let hand = Arc::<Hand>::default();
        let runtime = Arc::clone(&hand) as Arc<dyn Runtime>;
        let turns = Turns::new(1, &runtime);
        let (a, b) = (tenant("a"), tenant("b"));
        let (silent, quitter, third) = (turns.ticket(), turns.ticket(), turns.ticket());
        turns.wait(silent, &a, || false);
        turns.wait(quitter, &b, || true);
        assert_eq!(turns.load().0, 0);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| turns.wait(third, &b, || false));
            until(|| turns.wanted());
            hand.0.store(CPU_TURN_OVERDUE_MS * 1_000_000, Ordering::SeqCst);
            assert!(waiter.join().is_ok(), "the waiters themselves look after the overdue");
        });
        assert!(turns.may_go_on(third));
        turns.leave(silent, &a);
        assert!(turns.may_go_on(third));
    }
}
