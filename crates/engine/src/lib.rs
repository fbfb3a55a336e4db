//! SQLite: images, VFS, loading, querying. The only crate with unsafe. Synchronous: it runs on
//! the threads it is called on and starts none.

mod callback;
mod confine;
mod conn;
#[cfg(test)]
mod fixture;
mod functions;
mod gate;
mod heap;
mod image;
mod init;
mod ledger;
mod load;
mod overdue;
mod pace;
mod query;
pub mod sandbox;
mod sink;
mod utf8;
mod vfs;

pub use confine::Confinement;
pub use image::{Arriving, IMAGE_FORMAT, Image, PageSize, Part, Parts, hand_back};
pub use init::{init, init_uncharged};
pub use load::{Blank, LoadLimits, Loader, TableOutcome, TableShape};
pub use pace::{Pace, paced};
pub use query::{
    Failure, Interrupt, Params, QueryLimits, Readers, Run, Script, Value, Why, run, run_brief,
    tables_needed,
};
pub use sink::{sink_thread, thread_time};
