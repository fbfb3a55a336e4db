//! The loader's progress handler: whoever is to be asked is asked between VM steps, too.

use std::ffi::{c_int, c_void};
use std::ptr;

use rusqlite::ffi;

use crate::callback::caught;
use crate::conn::Connection;
use crate::pace::{self, Verdict};

/// Puts the handler on `connection`.
pub(super) fn attach(connection: &Connection) {
    // SAFETY: the handle is open; the handler takes no pointer.
    unsafe {
        let handle = connection.handle();
        ffi::sqlite3_progress_handler(handle, pace::steps(), Some(progress), ptr::null_mut());
    }
}

unsafe extern "C" fn progress(_: *mut c_void) -> c_int {
    c_int::from(caught(pace::ask) != Some(Verdict::GoOn))
}
