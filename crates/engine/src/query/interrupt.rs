//! Ending a run from outside, and its deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use model::{Clock, Error, ErrorCode, Monotonic};

use super::Run;

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
    interrupt: &'a Interrupt,
    clock: &'a dyn Clock,
    deadline: Monotonic,
    /// CPU time, if it is bounded.
    cpu: Option<Cpu>,
}

/// The CPU time of a run: how much there may be, and when and with how much it began.
struct Cpu {
    max: Duration,
    began: Monotonic,
    before: Duration,
}

impl<'a> Stop<'a> {
    /// For a run that begins now, on this thread.
    pub(super) fn of(run: &'a Run<'_>) -> Stop<'a> {
        let (clock, deadline) = (run.clock, run.deadline);
        let cpu = run.limits.cpu_time_max.map(|max| Cpu {
            max,
            began: clock.monotonic(),
            before: clock.thread_time(),
        });
        Stop { interrupt: run.interrupt, clock, deadline, cpu }
    }

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
            None => self.out_of_time(self.clock.monotonic()),
        }
    }

    fn out_of_time(&self, now: Monotonic) -> Option<Error> {
        if now >= self.deadline {
            return Some(Error::new(
                ErrorCode::QueryTimeout,
                "the query ran out of its time (query.timeout); ask for less, or raise timeout_ms \
                 if it was lowered",
            ));
        }
        let cpu = self.cpu.as_ref()?;
        // No thread has had more CPU time than time has passed; to ask for it is a system call.
        if now.since(cpu.began) < cpu.max {
            return None;
        }
        (self.clock.thread_time().saturating_sub(cpu.before) >= cpu.max).then(|| {
            Error::new(
                ErrorCode::QueryTimeout,
                "the query used up its CPU time (query.cpu_time_max); ask for less",
            )
        })
    }
}
