//! Ends a run once its time is over, at an allocation, in a long loop of one of our own functions, or
//! in one of SQLite's that has a look in it (`engine/sqlite/litevisor.h`).
//! The progress handler is asked between jumps of SQLite's virtual machine only: neither the planner
//! nor one long step nor a thousand functions in a row come to it, but they allocate.

use std::cell::Cell;

use model::limits::{DEADLINE_LOOK_ALLOCATIONS, DEADLINE_LOOK_BYTES};

use crate::callback::caught;

type Over = *const (dyn Fn() -> bool + 'static);

thread_local! {
    /// Who says whether it is over on this thread: borrowed from whoever set it, see [`watched`].
    static OVER: Cell<Option<Over>> = const { Cell::new(None) };
    /// Allocations that are left until the next look.
    static LEFT: Cell<u64> = const { Cell::new(0) };
    /// It was over at the last look of the run that is watched.
    static ENDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `body`; its allocations fail once `over` says so.
pub(crate) fn watched<R>(over: &dyn Fn() -> bool, body: impl FnOnce() -> R) -> R {
    struct Back(Option<Over>);
    impl Drop for Back {
        fn drop(&mut self) {
            OVER.set(self.0);
            ENDED.set(false);
        }
    }
    // SAFETY: only the lifetime is forgotten, and the guard takes the pointer back before `over`
    // can go, also when `body` panics.
    let over = unsafe { std::mem::transmute::<*const (dyn Fn() -> bool + '_), Over>(over) };
    let _back = Back(OVER.replace(Some(over)));
    LEFT.set(DEADLINE_LOOK_ALLOCATIONS);
    ENDED.set(false);
    body()
}

/// Whether a look has ended the run on this thread. What it has computed since is worth nothing: a
/// loop of SQLite's may have been cut short, or a comparison not been made.
#[inline]
pub(crate) fn ended() -> bool {
    ENDED.get()
}

/// The run must end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// The same for a step of a long loop in one of our own functions.
#[inline]
pub(crate) fn step() -> Result<(), Ended> {
    if steps(1) { Err(Ended) } else { Ok(()) }
}

/// Whether an allocation of `bytes` must fail, since the time is over.
#[inline]
pub(crate) fn ends(bytes: u64) -> bool {
    steps(1 + bytes / DEADLINE_LOOK_BYTES)
}

/// Whether a loop must end that has gone on by so many steps, each as long as an allocation.
#[inline]
pub(crate) fn steps(steps: u64) -> bool {
    let left = LEFT.get();
    if left > steps {
        LEFT.set(left - steps);
        return false;
    }
    look()
}

#[cold]
fn look() -> bool {
    if ENDED.get() {
        return true;
    }
    // Not within itself: what it calls may allocate, too.
    let Some(over) = OVER.take() else {
        LEFT.set(u64::MAX);
        return false;
    };
    // SAFETY: whoever set it keeps it alive and takes it back on this thread.
    let ends = caught(|| unsafe { (*over)() }).unwrap_or(true);
    OVER.set(Some(over));
    // Once over, every further one fails.
    ENDED.set(ends);
    LEFT.set(if ends { 0 } else { DEADLINE_LOOK_ALLOCATIONS });
    ends
}
