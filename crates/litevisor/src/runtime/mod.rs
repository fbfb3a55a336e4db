//! The one room for the clock, randomness and spawning (invariant 8), and for the process's
//! lifecycle: everything else is handed a [`SystemRuntime`] or one of its traits.

mod confining;
mod landlock;
mod lifecycle;
mod machine;

use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::{Clock, Error, Monotonic, Timestamp};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::config::Wanted;
use model::limits::MONOTONIC_START_SECONDS;

use confining::Confining;

pub use landlock::{Grants, Landlock};
pub use lifecycle::{Lifecycle, Looks};
pub use machine::memory_bytes;

/// The real clock, random numbers, tasks and threads.
pub struct SystemRuntime {
    start: Instant,
    seed: RandomState,
    drawn: AtomicU64,
    handle: Handle,
    tasks: TaskTracker,
    lifecycle: Lifecycle,
    confinement: OnceLock<Confining>,
    landlock: OnceLock<Landlock>,
}

impl SystemRuntime {
    /// The runtime of this process, on tokio's `handle`.
    #[expect(clippy::disallowed_methods, reason = "the one room for the clock")]
    pub fn new(handle: Handle, lifecycle: Lifecycle) -> Arc<Self> {
        Arc::new(SystemRuntime {
            start: Instant::now(),
            seed: RandomState::new(),
            drawn: AtomicU64::new(0),
            handle,
            tasks: TaskTracker::new(),
            lifecycle,
            confinement: OnceLock::new(),
            landlock: OnceLock::new(),
        })
    }

    /// The process's lifecycle.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Confines the threads that run SQL from now on; the first call counts.
    ///
    /// # Errors
    /// They must be and cannot be; says why.
    pub fn confine_queries(&self, wanted: Wanted) -> Result<(), String> {
        let confining = Confining::of(wanted)?;
        // Another hypervisor of this process: the same kernel, the same answer.
        let _ = self.confinement.set(confining);
        Ok(())
    }

    /// How the threads that run SQL are confined, in words.
    pub fn confining(&self) -> String {
        self.confinement.get().map_or_else(|| "not yet".to_owned(), ToString::to_string)
    }

    /// Notes how the process was confined before its first thread began.
    pub fn note_landlock(&self, landlock: Landlock) {
        // One process, one answer.
        let _ = self.landlock.set(landlock);
    }

    /// How the process is confined, in words.
    pub fn landlock(&self) -> String {
        self.landlock.get().map_or_else(|| "not asked".to_owned(), ToString::to_string)
    }

    /// Spawns a task that shutdown knows of. If it panics, the process drains: a part that died
    /// silently would leave a replica that looks well and is not.
    pub fn spawn_task(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let soft = self.lifecycle.clone();
        let guarded = async move {
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a task crashed; the process drains");
                soft.crash();
            }
        };
        self.tasks.spawn_on(guarded, &self.handle);
    }

    /// Waits until every task has ended.
    pub async fn tasks_ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Random bytes from the system, for secrets.
///
/// # Errors
/// The system has none.
pub fn secret_bytes<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(bytes)
}

impl Clock for SystemRuntime {
    #[expect(clippy::disallowed_methods, reason = "the one room for the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Monotonic {
        // Not from zero: what was read before this process began has its moment too.
        let since = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Monotonic(since).after(Duration::from_secs(MONOTONIC_START_SECONDS))
    }

    fn thread_time(&self) -> Duration {
        engine::thread_time()
    }
}

impl hypervisor::Runtime for SystemRuntime {
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>) {
        self.spawn_task(name, task);
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn thread(&self, name: String, body: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
        std::thread::Builder::new().name(name).spawn(body).map(drop).map_err(|error| {
            Error::new(
                model::ErrorCode::Overloaded,
                "this replica cannot start another thread; try again, on another replica if you can",
            )
            .with_internal(error.to_string())
        })
    }

    fn confine(&self) {
        if let Some(Confining::On(confinement)) = self.confinement.get()
            && let Err(error) = confinement.confine()
        {
            // It held when it was tried at the start.
            tracing::error!(%error, "a query thread could not be confined");
        }
    }

    fn sink(&self) {
        // A thread that does not sink only competes as before.
        let _ = engine::sink_thread();
    }

    /// Not for secrets: the keyed hash (SipHash, keys from the system) of a counter.
    fn random(&self) -> u64 {
        self.seed.hash_one(self.drawn.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use hypervisor::Runtime;

    use super::*;

    #[tokio::test]
    async fn a_crashed_task_drains_the_process() {
        let lifecycle = Lifecycle::new();
        let runtime = SystemRuntime::new(Handle::current(), lifecycle.clone());
        runtime.spawn_task("fine", async {});
        runtime.spawn_task("crashes", async { panic!("on purpose") });
        lifecycle.draining().await;
        runtime.tasks_ended().await;
        assert!(lifecycle.crashed() && !lifecycle.is_stopping());
    }

    #[tokio::test]
    async fn time_goes_on_and_numbers_differ() {
        let runtime = SystemRuntime::new(Handle::current(), Lifecycle::new());
        assert!(runtime.monotonic() <= runtime.monotonic());
        assert!(runtime.now().to_string().starts_with("20"));
        assert_ne!(runtime.random(), runtime.random());
    }
}
