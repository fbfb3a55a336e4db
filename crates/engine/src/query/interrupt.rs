//! Ending a run from outside, and its deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use model::{Clock, Error, ErrorCode, Monotonic};

/// Why a query is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The caller is gone.
    Cancelled,
    /// The replica is shutting down.
    ShuttingDown,
}

/// Interrupts a run from any thread. Sticky: it covers a statement that starts later.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    state: Arc<AtomicU8>,
}

const CANCELLED: u8 = 1;
const SHUTTING_DOWN: u8 = 2;

impl Interrupt {
    /// One not yet triggered.
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Ends the run it was given to, now or as soon as it starts. The first reason stays.
    pub fn interrupt(&self, why: Why) {
        let value = match why {
            Why::Cancelled => CANCELLED,
            Why::ShuttingDown => SHUTTING_DOWN,
        };
        // Relaxed: the flag carries no data with it. A lost race means that a reason was there.
        let _ = self.state.compare_exchange(0, value, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Why, if it was triggered.
    pub fn reason(&self) -> Option<Why> {
        match self.state.load(Ordering::Relaxed) {
            CANCELLED => Some(Why::Cancelled),
            SHUTTING_DOWN => Some(Why::ShuttingDown),
            _ => None,
        }
    }
}

/// What the progress handler looks at.
pub(super) struct Stop<'a> {
    pub(super) interrupt: &'a Interrupt,
    pub(super) clock: &'a dyn Clock,
    pub(super) deadline: Monotonic,
}

impl Stop<'_> {
    /// The error to end with, if it is time to end.
    pub(super) fn due(&self) -> Option<Error> {
        match self.interrupt.reason() {
            Some(Why::Cancelled) => {
                Some(Error::new(ErrorCode::QueryTimeout, "the caller went away before the end"))
            }
            Some(Why::ShuttingDown) => Some(Error::new(
                ErrorCode::ShuttingDown,
                "this replica is shutting down; send the request again",
            )),
            None if self.clock.monotonic() >= self.deadline => Some(Error::new(
                ErrorCode::QueryTimeout,
                "the query ran out of its time; ask for less, or raise timeout_ms if it was lowered",
            )),
            None => None,
        }
    }
}
