//! What every callback from SQLite's C code runs in: a panic must not unwind into C. It ends the
//! request as a fault of ours, whatever SQLite makes of the code that the callback then gives.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// What `callback` gives; `None` if it panicked.
#[inline]
pub(crate) fn caught<T>(callback: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        failpoint::pass();
        callback()
    }));
    match outcome {
        Ok(value) => Some(value),
        Err(_) => {
            PANICKED.set(true);
            None
        }
    }
}

/// Whether a callback on this thread has panicked since this was asked last.
pub(crate) fn panicked() -> bool {
    PANICKED.take()
}

/// Makes the callbacks of this thread panic, one after another.
#[cfg(test)]
pub(crate) mod failpoint {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// The callback after the next `steps` panics, and no other.
    pub(crate) fn arm(steps: u64) {
        LEFT.set(Some(steps));
    }

    /// Disarms it; whether it has fired.
    pub(crate) fn fired() -> bool {
        LEFT.take().is_none()
    }

    pub(super) fn pass() {
        match LEFT.get() {
            None => {}
            // Unwinds as a panic does, but without a word on standard error.
            Some(0) => {
                LEFT.set(None);
                std::panic::resume_unwind(Box::new("a failpoint"));
            }
            Some(steps) => LEFT.set(Some(steps - 1)),
        }
    }
}
