//! mongodump folders: `<collection>.bson[.gz]` with `<collection>.metadata.json[.gz]` beside it,
//! in the folder given or in one folder per database below it.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Catalog, Error, TenantId};

use crate::{BatchStream, Estimate, PointInTime, SampleSize, ScanSpec, Snapshot, Source};

/// How far the indexing of a dump is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// The collection being read.
    pub collection: &'a str,
    /// Bytes read of all files to be indexed.
    pub bytes_done: u64,
    /// Bytes of all files to be indexed.
    pub bytes_total: u64,
}

/// A mongodump folder, indexed by tenant.
pub struct DumpSource {
    catalog: Option<Arc<Catalog>>,
}

impl DumpSource {
    /// Opens the folder at `path`; with a catalog, indexes the collections that it maps.
    ///
    /// # Errors
    /// `source_unavailable`, naming file and offset, if a file cannot be read or is corrupt.
    pub fn open(
        path: &Path,
        catalog: Option<Arc<Catalog>>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, Error> {
        let _ = (path, progress);
        Ok(DumpSource { catalog })
    }

    /// The same folder, indexed for another catalog.
    ///
    /// # Errors
    /// As [`DumpSource::open`].
    pub fn with_catalog(
        mut self,
        catalog: Arc<Catalog>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, Error> {
        let _ = progress;
        self.catalog = Some(catalog);
        Ok(self)
    }
}

fn unfinished<T>() -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(async { Err(Error::internal("the dump source is being written")) })
}

impl Source for DumpSource {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        unfinished()
    }
    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        unfinished()
    }
    fn sample<'a>(
        &'a self,
        _: &'a str,
        _: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        unfinished()
    }
    fn collection_size<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        unfinished()
    }
    fn has_tenant<'a>(&'a self, _: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>> {
        unfinished()
    }
    fn estimate<'a>(
        &'a self,
        _: Option<&'a TenantId>,
        _: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>> {
        unfinished()
    }
    fn open<'a>(
        &'a self,
        _: Option<PointInTime>,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn Snapshot>>, Error>> {
        unfinished()
    }
    fn advise<'a>(&'a self, _: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        unfinished()
    }
}
