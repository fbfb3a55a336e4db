//! Loading: from a catalog to a blank image, from rows to a populated one.

mod blank;
mod bulk;
mod check;
mod ddl;
mod handler;
mod loader;
mod table;
#[cfg(test)]
mod tests;

pub use blank::Blank;
pub use ddl::TableShape;
pub(crate) use ddl::quoted;
pub use loader::{LoadLimits, Loader};
pub use table::TableOutcome;
