//! Queries: a script against an image, its rows into a sink.

use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use model::{Account, Clock, Error, Monotonic, RowSink, Summary, TableSet, Timestamp};

use crate::image::Image;

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A 64-bit signed integer.
    Integer(i64),
    /// An IEEE double.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The parameters of a script; they apply to each of its statements. One that is missing or used
/// nowhere is `request_invalid`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Params {
    /// None.
    #[default]
    None,
    /// For `?` and `?NNN`.
    Positional(Vec<Value>),
    /// For `:NAME`, `@NAME` and `$NAME`, here without the prefix.
    Named(Vec<(String, Value)>),
}

/// What a request asks for: one or more statements; the result is the last one's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The statements, separated by semicolons.
    pub sql: String,
    /// Their parameters.
    pub params: Params,
}

/// Bounds of one request. Scratch and temp bytes are bounded by the run's account.
#[derive(Clone, Debug)]
pub struct QueryLimits {
    /// Rows wanted at most; more are a wanted cut, not an error.
    pub max_rows: Option<u64>,
    /// Bytes of any one row or value.
    pub row_bytes_max: u64,
    /// Bytes of the SQL text.
    pub sql_bytes_max: u64,
}

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
    _state: Arc<AtomicU8>,
}

impl Interrupt {
    /// One not yet triggered.
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Ends the run it was given to, now or as soon as it starts. The first reason stays.
    pub fn interrupt(&self, _why: Why) {}
}

/// What a script runs against and within.
pub struct Run<'a> {
    /// The tenant's image.
    pub image: &'a Image,
    /// The image of the shared tables, attached read-only as `shared`.
    pub shared: Option<&'a Image>,
    /// Charged with scratch pages and temp files.
    pub account: &'a Arc<Account>,
    /// Bounds.
    pub limits: &'a QueryLimits,
    /// Ends it from outside.
    pub interrupt: &'a Interrupt,
    /// Asked for the time every few thousand VM steps.
    pub clock: &'a dyn Clock,
    /// When it ends with `query_timeout`.
    pub deadline: Monotonic,
    /// Handed through to the [`Summary`].
    pub as_of: Option<Timestamp>,
}

/// A bounded LRU of kept readers, over all tenants: an open connection with prepared statements on
/// one immutable image, on which only plain SELECTs ran.
#[derive(Debug)]
pub struct Readers {
    _capacity: usize,
}

impl Readers {
    /// Keeps at most `capacity` readers; 0 keeps none.
    pub fn new(capacity: usize) -> Readers {
        Readers { _capacity: capacity }
    }
}

/// Why a run did not finish.
#[derive(Debug)]
pub enum Failure {
    /// It touches tables that are not loaded. Nothing was sent to the sink: load them, start over.
    NeedTables(TableSet),
    /// An error.
    Error {
        /// Which.
        error: Error,
        /// The sink's `begin` was called, and `fail` too.
        begun: bool,
    },
}

/// Runs a script and sends the rows of its last statement to `sink`.
pub fn run(
    _script: &Script,
    _run: &Run<'_>,
    _readers: &Readers,
    _sink: &mut dyn RowSink,
) -> Result<Summary, Failure> {
    Err(Failure::Error { error: Error::internal("not written yet"), begun: false })
}

/// The tables a script is going to touch, tenant and shared ones, by preparing what can be
/// prepared against images without rows. Best effort: [`run`] finds the rest.
pub fn tables_needed(_blank: &Image, _shared_blank: Option<&Image>, _script: &Script) -> TableSet {
    TableSet::EMPTY
}
