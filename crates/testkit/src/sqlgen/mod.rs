//! Generated datasets and SQL statements for differential tests: the same rows in a plain
//! `:memory:` database must give the same answers. Everything is a proptest strategy, so a
//! failure shrinks to a small dataset and a short statement.

mod dataset;
mod expr;
mod statement;
mod value;

pub use dataset::{Dataset, GenColumn, GenTable, dataset};
pub use statement::{Rendered, Statement, statement};
pub use value::GenValue;
