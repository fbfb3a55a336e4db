//! Who is asked while SQLite works on this thread: between VM steps, and as bytes move to and from
//! files, since the long phases of a sort or of building an index do nothing else in one VM step.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use model::limits::{PROGRESS_STEPS, VFS_CALL_BYTES, VFS_LOOK_BYTES};

/// When work may go on: asked every few tens of microseconds, on the work's own thread, which it
/// may make wait.
pub trait Pace {
    /// Returns once the work may go on.
    fn look(&self);
}

/// What to do after asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    GoOn,
    End,
}

type Ask = dyn Fn() -> Verdict;

thread_local! {
    static ASKED: Cell<Option<NonNull<Ask>>> = const { Cell::new(None) };
    /// Bytes moved since it was asked last.
    static MOVED: Cell<usize> = const { Cell::new(0) };
}

/// Puts back who was asked before.
struct Asking {
    before: Option<NonNull<Ask>>,
    not_send: PhantomData<*const ()>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKED.set(self.before);
    }
}

/// Runs `body`, during which `ask` is asked on this thread. Nests.
pub(crate) fn asking<R>(ask: &dyn Fn() -> Verdict, body: impl FnOnce() -> R) -> R {
    // SAFETY: only the lifetime changes. The guard takes the pointer back before `ask` can go, also
    // when `body` panics, and the thread-local is read on this thread only.
    let asked = unsafe {
        std::mem::transmute::<NonNull<dyn Fn() -> Verdict + '_>, NonNull<Ask>>(ask.into())
    };
    let _asking = Asking { before: ASKED.replace(Some(asked)), not_send: PhantomData };
    MOVED.set(0);
    body()
}

/// Runs `body`, during which `pace` is asked while SQLite works on this thread.
pub fn paced<R>(pace: &dyn Pace, body: impl FnOnce() -> R) -> R {
    let ask = || {
        pace.look();
        Verdict::GoOn
    };
    asking(&ask, body)
}

/// Asks whoever is to be asked.
pub(crate) fn ask() -> Verdict {
    MOVED.set(0);
    match ASKED.get() {
        // SAFETY: `asking` keeps the pointer valid while it is set; it is only ever borrowed shared.
        Some(asked) => unsafe { asked.as_ref()() },
        None => Verdict::GoOn,
    }
}

/// VM steps from one look to the next.
pub(crate) fn steps() -> i32 {
    #[cfg(test)]
    if every_step::is_on() {
        return 1;
    }
    PROGRESS_STEPS
}

/// A file's bytes moved: asks after every [`VFS_LOOK_BYTES`] of them.
#[inline]
pub(crate) fn moved(bytes: usize) -> Verdict {
    let total = MOVED.get() + bytes.max(VFS_CALL_BYTES);
    if total < VFS_LOOK_BYTES {
        MOVED.set(total);
        return Verdict::GoOn;
    }
    ask()
}

/// For tests: looks after every VM step on this thread.
#[cfg(test)]
pub(crate) mod every_step {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn turn_on() {
        ON.set(true);
    }

    pub(super) fn is_on() -> bool {
        ON.get()
    }
}
