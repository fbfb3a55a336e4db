//! The progress handler: looks at the interrupt and the deadline between VM steps.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr;

use model::Error;
use rusqlite::ffi;

use crate::callback::caught;
use crate::conn::Connection;
use crate::pace::{self, Verdict};

/// Asked every so many VM steps; an error ends the statement.
pub(super) struct Look<'a> {
    ask: &'a dyn Fn() -> Option<Error>,
    /// What it ended with.
    ended: RefCell<Option<Error>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(ask: &'a dyn Fn() -> Option<Error>) -> Look<'a> {
        Look { ask, ended: RefCell::new(None) }
    }

    /// The error that ended a statement.
    pub(super) fn take(&self) -> Option<Error> {
        self.ended.take()
    }

    /// Asks now, between two statements.
    pub(super) fn due(&self) -> Option<Error> {
        (self.ask)()
    }

    /// Takes note of `due`, which ends a statement at an allocation; whether it is an error.
    pub(super) fn ends_with(&self, due: Option<Error>) -> bool {
        let ends = due.is_some();
        if ends {
            self.ended.replace(due);
        }
        ends
    }

    /// Runs `body` with this as `connection`'s handler, asked every [`pace::steps`] and as bytes
    /// move to and from files.
    pub(super) fn during<R>(&self, connection: &Connection, body: impl FnOnce() -> R) -> R {
        let ask = || match self.ends_with((self.ask)()) {
            true => Verdict::End,
            false => Verdict::GoOn,
        };
        pace::asking(&ask, || self.during_every(pace::steps(), connection, body))
    }

    /// Asked every so many VM steps, and not for bytes.
    pub(super) fn during_every<R>(
        &self,
        steps: c_int,
        connection: &Connection,
        body: impl FnOnce() -> R,
    ) -> R {
        let _installed = Installed(connection.clone());
        let pointer = ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the handle is open; the guard takes the pointer back before `self` can go, also
        // when `body` panics.
        unsafe {
            let handle = connection.handle();
            ffi::sqlite3_progress_handler(handle, steps, Some(progress), pointer);
        }
        body()
    }
}

struct Installed(Connection);

impl Drop for Installed {
    fn drop(&mut self) {
        // SAFETY: the handle is open; no handler takes no pointer.
        unsafe { ffi::sqlite3_progress_handler(self.0.handle(), 0, None, ptr::null_mut()) };
    }
}

unsafe extern "C" fn progress(look: *mut c_void) -> c_int {
    let outcome = caught(|| {
        // SAFETY: `during` keeps the pointer valid; it is only ever borrowed shared.
        let look = unsafe { &*look.cast::<Look<'_>>() };
        look.ends_with((look.ask)())
    });
    c_int::from(outcome.unwrap_or(true))
}
