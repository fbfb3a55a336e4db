//! Faults on purpose, through the public interface: each must end in a clear code, the process
//! must live, and the next query after recovery must work without a restart.

mod caps;
mod failover;
mod leaving;
mod live;
mod memory;
mod mongodb;
mod readers;
mod refusals;
mod resident;
mod shutdown;
mod signals;
mod silence;
mod source;

pub use leaving::budget_used;
