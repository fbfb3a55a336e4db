//! Whether the statement that runs on this thread must end: asked by our own functions in their long
//! loops, where SQLite asks its progress handler only between VM steps.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

use model::limits::FUNCTION_STEPS;

/// As SQLite's progress handler has it: not zero ends the statement.
pub(crate) type Handler = unsafe extern "C" fn(*mut c_void) -> c_int;

#[derive(Clone, Copy)]
struct Installed {
    handler: Handler,
    pointer: *mut c_void,
}

thread_local! {
    static NOW: Cell<Option<Installed>> = const { Cell::new(None) };
}

/// The statement must end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due;

/// Makes `handler` the one asked on this thread until the guard goes.
///
/// # Safety
/// `handler` may be called with `pointer` as long as the guard lives.
pub(crate) unsafe fn install(handler: Handler, pointer: *mut c_void) -> Guard {
    Guard { before: NOW.replace(Some(Installed { handler, pointer })) }
}

/// Brings back the handler that was there before.
pub(crate) struct Guard {
    before: Option<Installed>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        NOW.set(self.before.take());
    }
}

/// Counts a loop's steps and asks now and then.
pub(crate) struct Steps {
    left: u32,
}

impl Steps {
    pub(crate) fn new() -> Steps {
        Steps { left: FUNCTION_STEPS }
    }

    /// `count` steps were gone.
    #[inline]
    pub(crate) fn gone(&mut self, count: u32) -> Result<(), Due> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => self.ask(),
        }
    }

    #[cold]
    fn ask(&mut self) -> Result<(), Due> {
        self.left = FUNCTION_STEPS;
        let installed = NOW.get().unwrap_or(Installed { handler: never, pointer: ptr::null_mut() });
        // SAFETY: `install`'s caller promised that it may be called while it is installed.
        if unsafe { (installed.handler)(installed.pointer) } == 0 { Ok(()) } else { Err(Due) }
    }
}

unsafe extern "C" fn never(_: *mut c_void) -> c_int {
    0
}
