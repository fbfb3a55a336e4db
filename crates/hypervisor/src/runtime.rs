//! What the hypervisor needs of the process: time, tasks, threads, random numbers. Only
//! `litevisor/runtime` and tests implement it, so that lifecycle logic can be tested without
//! waiting.

use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Clock, Error};

/// The process as the hypervisor sees it.
pub trait Runtime: Clock + Send + Sync + 'static {
    /// Starts a task that shutdown knows of. It must not panic.
    fn spawn(&self, name: &'static str, task: BoxFuture<'static, ()>);

    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Starts a named thread.
    ///
    /// # Errors
    /// `overloaded` if the system refuses.
    fn thread(&self, name: String, body: Box<dyn FnOnce() + Send>) -> Result<(), Error>;

    /// Lets the calling thread give way to all others from now on; it cannot rise again.
    fn sink(&self);

    /// Takes from the calling thread, which runs SQL from now on, what SQL does not need of the
    /// system; it cannot get it back, nor start threads.
    fn confine(&self);

    /// A random number; not for secrets.
    fn random(&self) -> u64;
}
