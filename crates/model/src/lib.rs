//! Pure values that every other crate shares: ids, the catalog, cells and the row sink, limits,
//! error codes, timestamps, memory accounts and the clock's trait. No tokio, no I/O, no clock.

pub mod account;
pub mod catalog;
pub mod cell;
pub mod clock;
pub mod error;
pub mod ids;
pub mod limits;
pub mod shortage;
pub mod timestamp;

pub use account::{Account, Cap, Charge};
pub use catalog::{
    Catalog, CatalogError, ColumnPath, Comparison, Filter, FilterValue, Path, Table, TableColumn,
    TableSet, TenantList,
};
pub use cell::{Cell, Column, ColumnType, CutReason, Flow, Origin, RowSink, Summary};
pub use clock::{Clock, Monotonic};
pub use error::{Error, ErrorCode};
pub use ids::{TenantId, TenantKeyType};
pub use shortage::{Hit, Price};
pub use timestamp::{AsOf, Timestamp};
