//! One point in time of a MongoDB: every scan has a cursor of its own, all at the same time. It
//! holds the collections' UUIDs from before its time, and no connection: an instance keeps it.

use std::sync::Arc;

use bson::{Timestamp as ClusterTime, doc};
use futures_util::future::BoxFuture;
use model::limits::SOURCE_FIRST_BATCH_DOCUMENTS;
use model::{Error, TenantId};

use super::Server;
use super::failure::{failed, unavailable};
use super::fate::Fate;
use super::listing::{Known, Listing};
use super::query;
use super::stream::Batches;
use crate::{BatchStream, PointInTime, ScanSpec, Snapshot};

pub(super) struct MongoSnapshot {
    pub(super) server: Arc<Server>,
    pub(super) point: PointInTime,
    /// The time that scans read at; `None` where the server cannot or must not.
    pub(super) time: Option<ClusterTime>,
    /// The collections as they were at or before that time.
    pub(super) noted: Listing,
    pub(super) fate: Fate,
}

impl MongoSnapshot {
    async fn scan(&self, tenant: Option<&TenantId>, spec: &ScanSpec) -> Result<Batches, Error> {
        let Some(catalog) = &self.server.catalog else {
            return Err(Error::internal("a scan without a catalog"));
        };
        let key = tenant.and_then(|tenant| query::tenant_key(catalog, tenant));
        if spec.tenant_key.is_some() && key.is_none() {
            return Err(Error::internal("a tenant's tables were scanned without a tenant"));
        }
        let name = &spec.collection;
        let max_time = i64::try_from(self.server.max_time.as_millis()).unwrap_or(i64::MAX);
        let mut find = doc! {
            "find": name,
            "filter": query::selection(spec, key.as_ref(), self.point.as_of),
            "batchSize": SOURCE_FIRST_BATCH_DOCUMENTS,
            "maxTimeMS": max_time,
            "comment": "litevisor",
        };
        if let Some(projection) = query::projection(catalog, spec.tenant_key.as_ref()) {
            find.insert("projection", projection);
        }
        let pinned = self.noted.get(name).is_none_or(Known::is_pinned);
        if let Some(time) = self.time.filter(|_| pinned) {
            find.insert("readConcern", doc! {"level": "snapshot", "atClusterTime": time});
        }
        let cursor = self.server.find(find, self.noted.uuid(name).cloned()).await;
        let cursor = cursor.map_err(|e| {
            self.fate.note(&e);
            failed(&format!("reading {name}"), &e)
        })?;
        let (patience, fate) = (self.server.patience, Some(self.fate.clone()));
        Ok(Batches { cursor, patience, collection: name.clone(), fate })
    }

    async fn check(&self, specs: &[ScanSpec]) -> Result<(), Error> {
        let now = self.server.listing().await?;
        let Some(spec) = specs.iter().find(|spec| {
            let noted = self.noted.get(&spec.collection);
            noted.map(|known| &known.uuid) != now.get(&spec.collection).map(|known| &known.uuid)
        }) else {
            return Ok(());
        };
        self.fate.lose();
        Err(unavailable(format!(
            "collection {} was renamed, dropped or made anew while it was read: what was read is dropped",
            spec.collection
        )))
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

    fn is_lost(&self) -> bool {
        self.fate.is_lost()
    }

    fn lasts(&self) -> bool {
        self.point.exact
    }

    fn is_newest(&self) -> bool {
        false
    }
}
