//! Named, bounded threads for work that blocks: queries and loads. Started when first needed. One
//! idle thread may spin for some 200 us before it parks: the next job then starts within a few
//! microseconds instead of the 50-90 that waking a parked thread takes (DESIGN §3).

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::limits::{SHED_RETRY_MS, SPIN_LOOKS_MAX, SPIN_MICROSECONDS};
use model::{Error, ErrorCode, Hit};

use crate::events::{Event, Events};
use crate::runtime::Runtime;

thread_local! {
    /// The pool that this thread works for, until it sinks.
    static POOL: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// Lets the calling thread of a pool give way to all others until its present job ends; then it
/// ends, too. The pool does not count on it any more.
pub(crate) fn sink(runtime: &dyn Runtime) {
    if let Some(pool) = POOL.take() {
        pool.without_one();
        runtime.sink();
    }
}

/// Work for one thread.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A pool of threads; they end when it is stopped or dropped.
pub(crate) struct Threads {
    shared: Arc<Shared>,
}

/// What a pool is made with.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// The threads' name.
    pub(crate) name: &'static str,
    /// How many at most.
    pub(crate) threads_max: usize,
    /// Jobs that may wait for a thread.
    pub(crate) queued_max: usize,
    /// Whether an idle thread spins before it parks.
    pub(crate) spins: bool,
    /// Whether they run SQL, and so have only what that needs of the system.
    pub(crate) confined: bool,
}

struct Shared {
    plan: Plan,
    runtime: Arc<dyn Runtime>,
    events: Arc<dyn Events>,
    queue: Mutex<Queue>,
    wake: Condvar,
    /// Mirrors the queue's length, for the one that spins.
    waiting: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    started: usize,
    idle: usize,
    spinning: bool,
    stopped: bool,
}

impl Threads {
    pub(crate) fn new(plan: Plan, runtime: &Arc<dyn Runtime>, events: &Arc<dyn Events>) -> Threads {
        Threads {
            shared: Arc::new(Shared {
                plan,
                runtime: Arc::clone(runtime),
                events: Arc::clone(events),
                queue: Mutex::default(),
                wake: Condvar::new(),
                waiting: AtomicUsize::new(0),
            }),
        }
    }

    /// Runs `job` on the next free thread.
    ///
    /// # Errors
    /// `overloaded` if too many wait or no thread can be started, `shutting_down` once stopped.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Error> {
        let shared = &self.shared;
        let mut queue = shared.queue();
        if queue.stopped {
            return Err(Error::new(
                ErrorCode::ShuttingDown,
                "this replica is shutting down; send the request again",
            ));
        }
        if queue.jobs.len() >= shared.plan.queued_max {
            let (waiting, limit) = (queue.jobs.len() as u64, shared.plan.queued_max as u64);
            let by = vec![("threads", queue.started as u64)];
            let busy = "this replica has too much under way; try again later";
            return Err(Error::new(ErrorCode::Overloaded, busy)
                .with_hit(Hit { budget: "jobs", used: waiting, limit, by })
                .retry_after(Duration::from_millis(SHED_RETRY_MS)));
        }
        queue.jobs.push_back(job);
        let waiting = queue.jobs.len();
        shared.waiting.store(waiting, Ordering::Release);
        if waiting > queue.idle && queue.started < shared.plan.threads_max {
            queue.started += 1;
            let number = queue.started;
            drop(queue);
            return shared.start(number);
        }
        // The one that spins takes the first job without being woken.
        if waiting > usize::from(queue.spinning) {
            shared.wake.notify_one();
        }
        Ok(())
    }

    /// Lets the threads end after their present job; jobs that wait are dropped.
    pub(crate) fn stop(&self) {
        let jobs = {
            let mut queue = self.shared.queue();
            queue.stopped = true;
            self.shared.waiting.store(usize::MAX, Ordering::Release);
            std::mem::take(&mut queue.jobs)
        };
        self.shared.wake.notify_all();
        drop(jobs);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(self: &Arc<Self>) {
        if self.plan.confined {
            self.runtime.confine();
        }
        POOL.set(Some(Arc::clone(self)));
        while let Some(job) = self.next() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                let message = panic_message(&*panic);
                self.events.emit(&Event::Panicked { doing: self.plan.name, message });
            }
            if POOL.with_borrow(Option::is_none) {
                return;
            }
        }
        self.queue().started -= 1;
    }

    /// Counts on one thread fewer; if jobs wait for which there is no other, one takes its place.
    fn without_one(self: &Arc<Self>) {
        let number = {
            let mut queue = self.queue();
            queue.started -= 1;
            if queue.stopped || queue.jobs.len() <= queue.idle {
                return;
            }
            queue.started += 1;
            queue.started
        };
        let shared = Arc::clone(self);
        // Not from here: a confined thread starts no other, and one that sinks none that is awake.
        let starting = Box::pin(async move {
            // Should the system refuse, the others come to the jobs, or the next submit starts one.
            let _ = shared.start(number);
        });
        self.runtime.spawn("thread_start", starting);
    }

    fn start(self: &Arc<Self>, number: usize) -> Result<(), Error> {
        let shared = Arc::clone(self);
        let name = format!("{}-{number}", shared.plan.name);
        let started = self.runtime.thread(name, Box::new(move || shared.work()));
        let Err(error) = started else { return Ok(()) };
        let mut queue = self.queue();
        queue.started -= 1;
        // Others will come to the job, if there are any.
        if queue.started > 0 {
            self.wake.notify_one();
            return Ok(());
        }
        queue.jobs.pop_back();
        self.waiting.store(queue.jobs.len(), Ordering::Release);
        // It is not memory that was short, which is what else would be said.
        let (waiting, limit) = (queue.jobs.len() as u64, self.plan.threads_max as u64);
        let hit = Hit { budget: "threads", used: 0, limit, by: vec![("waiting", waiting)] };
        Err(error.with_hit(hit).retry_after(Duration::from_millis(SHED_RETRY_MS)))
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        let mut may_spin = self.plan.spins;
        loop {
            if queue.stopped {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                self.waiting.store(queue.jobs.len(), Ordering::Release);
                return Some(job);
            }
            queue.idle += 1;
            if may_spin && !queue.spinning {
                may_spin = false;
                queue.spinning = true;
                drop(queue);
                self.spin();
                queue = self.queue();
                queue.spinning = false;
            } else {
                queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            queue.idle -= 1;
        }
    }

    fn spin(&self) {
        let start = self.runtime.monotonic();
        let patience = Duration::from_micros(SPIN_MICROSECONDS);
        for look in 0..SPIN_LOOKS_MAX {
            if self.waiting.load(Ordering::Acquire) > 0 {
                return;
            }
            std::hint::spin_loop();
            if look % 16 == 15 {
                if self.runtime.monotonic().since(start) > patience {
                    return;
                }
                // On few cores the one to be waited for may need this very core.
                std::thread::yield_now();
            }
        }
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
