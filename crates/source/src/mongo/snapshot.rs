//! One point in time of a MongoDB: every scan has a cursor of its own, all at the same time.

use std::sync::Arc;

use bson::{Document, Timestamp as ClusterTime, doc};
use futures_util::future::BoxFuture;
use model::limits::{SOURCE_BATCH_DOCUMENTS, SOURCE_FIRST_BATCH_DOCUMENTS};
use model::{Error, TenantId};

use super::Server;
use super::failure::{failed, is_snapshot_gone, unavailable};
use super::listing::Listing;
use super::query;
use super::stream::Batches;
use crate::{BatchStream, PointInTime, ScanSpec, Snapshot};

pub(super) struct MongoSnapshot {
    pub(super) server: Arc<Server>,
    pub(super) point: PointInTime,
    /// The time that scans read at; `None` where the server cannot or must not.
    pub(super) time: Option<ClusterTime>,
    /// The collections as they were before the first read.
    pub(super) noted: Listing,
}

impl MongoSnapshot {
    /// Whether the point in time can still be read.
    pub(super) async fn is_readable(&self) -> Result<bool, Error> {
        let Some(time) = self.time else { return Ok(true) };
        let uncapped = self.noted.iter().find(|(_, known)| !known.capped && !known.view);
        let Some((name, _)) = uncapped else { return Ok(true) };
        let find = doc! {"find": name, "projection": {"_id": 1}, "limit": 1, "singleBatch": true};
        match self.server.find_at(time, find).await {
            Ok(_) => Ok(true),
            Err(e) if is_snapshot_gone(&e) => Ok(false),
            Err(e) => Err(failed(&format!("reading {name} at an earlier time"), &e)),
        }
    }

    async fn scan(&self, tenant: Option<&TenantId>, spec: &ScanSpec) -> Result<Batches, Error> {
        let Some(catalog) = &self.server.catalog else {
            return Err(Error::internal("a scan without a catalog"));
        };
        let key = tenant.and_then(|tenant| query::tenant_key(catalog, tenant));
        if spec.tenant_key.is_some() && key.is_none() {
            return Err(Error::internal("a tenant's tables were scanned without a tenant"));
        }
        let selection = query::selection(spec, key.as_ref(), self.point.as_of);
        let projection = query::projection(catalog, spec.tenant_key.as_ref());
        let name = &spec.collection;
        let capped = self.noted.get(name).is_some_and(|known| known.capped);
        let cursor = match self.time.filter(|_| !capped) {
            None => {
                let collection = self.server.database.collection::<Document>(name);
                let find = collection
                    .find(selection)
                    .batch_size(SOURCE_BATCH_DOCUMENTS)
                    .max_time(self.server.max_time)
                    .comment("litevisor");
                match projection {
                    Some(projection) => find.projection(projection).batch().await,
                    None => find.batch().await,
                }
            }
            Some(time) => {
                let max_time = i64::try_from(self.server.max_time.as_millis()).unwrap_or(i64::MAX);
                let mut find = doc! {
                    "find": name,
                    "filter": selection,
                    "batchSize": SOURCE_FIRST_BATCH_DOCUMENTS,
                    "maxTimeMS": max_time,
                    "comment": "litevisor",
                };
                if let Some(projection) = projection {
                    find.insert("projection", projection);
                }
                self.server.find_at(time, find).await
            }
        };
        let cursor = cursor.map_err(|e| failed(&format!("reading {name}"), &e))?;
        Ok(Batches { cursor, collection: name.clone() })
    }

    async fn check(&self, specs: &[ScanSpec]) -> Result<(), Error> {
        let now = self.server.listing().await?;
        for spec in specs {
            let uuid =
                |listing: &Listing| listing.get(&spec.collection).map(|known| known.uuid.clone());
            if uuid(&self.noted) != uuid(&now) {
                return Err(unavailable(format!(
                    "collection {} was renamed, dropped or made anew while it was read: what was read is dropped",
                    spec.collection
                )));
            }
        }
        Ok(())
    }
}

impl Snapshot for MongoSnapshot {
    fn point(&self) -> PointInTime {
        self.point
    }

    fn scan<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        spec: &'a ScanSpec,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async move {
            let stream: Box<dyn BatchStream> = Box::new(self.scan(tenant, spec).await?);
            Ok(stream)
        })
    }

    fn verify<'a>(&'a self, specs: &'a [ScanSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.check(specs))
    }
}
