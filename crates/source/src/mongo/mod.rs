//! A MongoDB, read with the official driver in raw batches at one point in time.

mod settings;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::{Catalog, Clock, Error, TenantId};

pub use settings::{MongoSettings, ReadPreference, SnapshotMode};

use crate::{BatchStream, Estimate, PointInTime, SampleSize, ScanSpec, Snapshot, Source};

/// A MongoDB.
pub struct MongoSource {
    catalog: Option<Arc<Catalog>>,
}

impl MongoSource {
    /// Prepares a client. The server is not asked anything yet: [`Source::ping`] does that, so
    /// that a program can start while its MongoDB is away. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `source_unavailable` if the URI is wrong.
    pub async fn connect(
        settings: MongoSettings,
        catalog: Option<Arc<Catalog>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let _ = (settings, clock);
        Ok(MongoSource { catalog })
    }

    /// The same client for another catalog.
    #[must_use]
    pub fn with_catalog(mut self, catalog: Arc<Catalog>) -> Self {
        self.catalog = Some(catalog);
        self
    }
}

fn unfinished<T>() -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(async { Err(Error::internal("the MongoDB source is being written")) })
}

impl Source for MongoSource {
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
