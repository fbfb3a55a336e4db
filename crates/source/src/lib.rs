//! Where documents come from. A [`Source`] is read in two steps, so that an async driver never
//! waits on a synchronous loader: `next_batch` brings raw BSON, then a `Decoder` turns it into
//! rows on the boot's thread.

mod batch;
mod decimal;
mod decode;
pub mod dump;
mod filter;
pub mod infer;
mod json;
mod key;
pub mod mongo;
pub mod raw;
mod scans;

pub use batch::{Documents, RawBatch};
pub use decode::{ColumnReport, DecodeLimits, Decoder, Stray, TableReport, Unmapped};
pub use scans::plan_scans;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Error, Filter, Path, TableSet, TenantId, Timestamp};

/// A place that holds all tenants' documents.
pub trait Source: Send + Sync + 'static {
    /// Fails with `source_unavailable` if the source cannot be read now.
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// The names of its collections, sorted; MongoDB's own (`system.*`) left out.
    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;

    /// Documents of a collection regardless of tenant, for inference and drift: all of them, or
    /// the first and last `n` by `_id`.
    fn sample<'a>(
        &'a self,
        collection: &'a str,
        size: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>>;

    /// How many documents a collection holds for all tenants together, for progress bars.
    fn collection_size<'a>(&'a self, collection: &'a str) -> BoxFuture<'a, Result<u64, Error>>;

    /// Whether the catalog's list of tenants has this one; true where there is no list.
    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>>;

    /// Documents and bytes that each scan would read: the price of a boot.
    fn estimate<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        scans: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>>;

    /// The same where the source knows it already, so that it costs nothing; `None`: it must count.
    fn known_estimate(
        &self,
        tenant: Option<&TenantId>,
        scans: &[ScanSpec],
    ) -> Option<Vec<Estimate>> {
        let _ = (tenant, scans);
        None
    }

    /// Opens one point in time for all scans of a boot.
    fn open(&self) -> BoxFuture<'_, Result<Arc<dyn Snapshot>, Error>>;

    /// What the operator should do to make boots cheap: missing indexes with the command to run,
    /// large fields that no table maps.
    fn advise<'a>(&'a self, scans: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>>;
}

/// One readable point in time of a source. It holds no connection and nothing that the source
/// must keep for it, so an instance keeps it for the tables it may ask for later.
pub trait Snapshot: Send + Sync + 'static {
    /// The point itself.
    fn point(&self) -> PointInTime;

    /// The documents of one scan.
    fn scan<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        spec: &'a ScanSpec,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>>;

    /// Called after the scans: fails if a collection was renamed or rebuilt meanwhile, which at an
    /// old snapshot reads as empty without an error.
    fn verify<'a>(&'a self, specs: &'a [ScanSpec]) -> BoxFuture<'a, Result<(), Error>>;

    /// Whether a scan or a check failed since this point can no longer be read: the source no
    /// longer keeps it, or a collection was renamed or rebuilt. What was not verified is to be
    /// dropped; another point may be read at once.
    fn is_lost(&self) -> bool;

    /// Whether a later load may add tables to what was read here: all of it is then of this point.
    fn lasts(&self) -> bool;

    /// Whether the source will never have anything newer than this point: reading it again would
    /// bring the same.
    fn is_newest(&self) -> bool;
}

/// A stream of raw batches, ended by `None`.
pub trait BatchStream: Send {
    /// The next batch.
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>>;
}

/// Where in the source's time a boot reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointInTime {
    /// Shown as `as_of`.
    pub as_of: Timestamp,
    /// The source's own mark: MongoDB's cluster time (seconds << 32 | increment), a dump's ms.
    /// A generation starts from it.
    pub mark: u64,
    /// Whether all tables are read at exactly this point; else it is the time before the first read.
    pub exact: bool,
}

/// How much of a collection to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSize {
    /// Every document.
    All,
    /// The first and last so many by `_id`.
    Ends(u64),
}

/// One scan of a collection; it may feed several tables.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanSpec {
    /// MongoDB's collection.
    pub collection: String,
    /// The tables it feeds, by their number in the catalog.
    pub tables: TableSet,
    /// The field that names the tenant; `None` for shared tables.
    pub tenant_key: Option<Path>,
    /// Which documents, besides the tenant's own.
    pub filter: Option<Filter>,
}

/// What a scan will cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Documents.
    pub documents: u64,
    /// Bytes of BSON.
    pub bytes: u64,
}
