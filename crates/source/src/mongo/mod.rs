//! A MongoDB, read with the official driver in raw batches at one point in time.

mod commands;
mod failure;
mod fate;
mod listing;
mod patience;
mod query;
mod settings;
mod shared;
mod snapshot;
mod stream;
mod weight;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bson::{Bson, Document, Timestamp as ClusterTime, doc};
use futures_util::future::{BoxFuture, try_join, try_join_all};
use model::limits::{SOURCE_BATCH_DOCUMENTS, SOURCE_ESTIMATE_MS};
use model::{Catalog, Clock, Error, TenantId, Timestamp};
use mongodb::options::{ClientOptions, ReadPreferenceOptions, SelectionCriteria};
use mongodb::{Client, Database};

pub use settings::{MongoSettings, ReadPreference, SnapshotMode};

use crate::{BatchStream, Estimate, PointInTime, SampleSize, ScanSpec, Snapshot, Source};
use failure::{failed, unavailable};
use fate::Fate;
use listing::Listing;
use patience::Patience;
use shared::Shared;
use snapshot::MongoSnapshot;
use stream::{Batches, Ends};

/// A MongoDB.
pub struct MongoSource {
    server: Arc<Server>,
}

/// What every snapshot needs.
pub(crate) struct Server {
    client: Client,
    database: Database,
    catalog: Option<Arc<Catalog>>,
    /// The collections that the catalog maps; empty without one.
    names: Vec<String>,
    listings: Shared<Listing>,
    /// Whether the server has refused to be told a collection's UUID (before MongoDB 6.0).
    without_uuids: AtomicBool,
    times: Shared<Option<ClusterTime>>,
    clock: Arc<dyn Clock>,
    max_time: Duration,
    patience: Patience,
    snapshot: SnapshotMode,
}

impl MongoSource {
    /// Prepares a client. The server is not asked anything yet: [`Source::ping`] does that, so
    /// that a program can start while its MongoDB is away. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `request_invalid` if the URI is wrong or names no database; `source_unavailable` if the
    /// servers behind a `mongodb+srv` URI cannot be looked up.
    pub async fn connect(
        settings: MongoSettings,
        catalog: Option<Arc<Catalog>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let name = settings.checked_database()?;
        let parsed = ClientOptions::parse(&settings.uri).await;
        let mut options = parsed.map_err(|e| failed("reading source.uri", &e))?;
        options.app_name.get_or_insert_with(|| "litevisor".to_owned());
        options.server_selection_timeout.get_or_insert(settings.selection_timeout);
        options.connect_timeout.get_or_insert(settings.selection_timeout);
        options.max_pool_size.get_or_insert(settings.connections_max);
        options.selection_criteria.get_or_insert_with(|| criteria(settings.read_preference));
        let patience = Patience::new(settings.max_time, &options);
        let client = Client::with_options(options).map_err(|e| failed("connecting", &e))?;
        let names = catalog.as_deref().map(names_of).unwrap_or_default();
        let server = Server {
            database: client.database(&name),
            client,
            catalog,
            names,
            listings: Shared::default(),
            without_uuids: AtomicBool::new(false),
            times: Shared::default(),
            clock,
            max_time: settings.max_time,
            patience,
            snapshot: settings.snapshot,
        };
        Ok(MongoSource { server: Arc::new(server) })
    }

    /// The same client for another catalog.
    #[must_use]
    pub fn with_catalog(self, catalog: Arc<Catalog>) -> Self {
        let old = &self.server;
        let server = Server {
            client: old.client.clone(),
            database: old.database.clone(),
            names: names_of(&catalog),
            catalog: Some(catalog),
            listings: Shared::default(),
            without_uuids: AtomicBool::new(false),
            times: Shared::default(),
            clock: Arc::clone(&old.clock),
            max_time: old.max_time,
            patience: old.patience,
            snapshot: old.snapshot,
        };
        MongoSource { server: Arc::new(server) }
    }
}

fn criteria(preference: ReadPreference) -> SelectionCriteria {
    use mongodb::options::ReadPreference as Driver;
    let options = None::<ReadPreferenceOptions>;
    SelectionCriteria::ReadPreference(match preference {
        ReadPreference::Primary => Driver::Primary,
        ReadPreference::PrimaryPreferred => Driver::PrimaryPreferred { options },
        ReadPreference::Secondary => Driver::Secondary { options },
        ReadPreference::SecondaryPreferred => Driver::SecondaryPreferred { options },
        ReadPreference::Nearest => Driver::Nearest { options },
    })
}

fn names_of(catalog: &Catalog) -> Vec<String> {
    let tables = catalog.tables.iter().map(|table| table.collection.clone());
    let mut names: Vec<String> = tables.collect();
    names.sort();
    names.dedup();
    names
}

impl Server {
    /// The collections as they were last listed; listed now if they never were.
    async fn listed(&self) -> Result<Listing, Error> {
        match self.listings.last() {
            Some(listing) => Ok(listing),
            None => self.listing().await,
        }
    }

    /// The collections as they are after this call.
    async fn listing(&self) -> Result<Listing, Error> {
        self.listings.fresh(listing::list(self, self.listings.last())).await
    }

    /// Asks the server for its time. `None` where it has none: not a replica set, not sharded.
    async fn cluster_time(&self) -> Result<Option<ClusterTime>, Error> {
        let hello = self.ask(doc! {"hello": 1}, false).await;
        let hello = hello.map_err(|e| failed("asking for the server's time", &e))?;
        let snapshots = hello.contains_key("setName")
            || hello.get_str("msg").is_ok_and(|message| message == "isdbgrid");
        Ok(hello.get_timestamp("operationTime").ok().filter(|_| snapshots))
    }

    async fn open(self: &Arc<Self>) -> Result<MongoSnapshot, Error> {
        let before = self.clock.now();
        let listed = self.listed();
        let (noted, time) = match self.snapshot {
            SnapshotMode::Off => (listed.await?, None),
            _ => try_join(listed, self.times.fresh(self.cluster_time())).await?,
        };
        // Never before the collections were noted: a secondary's time may lie behind the primary's
        // listing, and what was made in between would read as empty.
        let time = time.map(|time| noted.at.map_or(time, |at| time.max(at)));
        let pinned = noted.is_pinned();
        if self.snapshot == SnapshotMode::Required && (time.is_none() || !pinned) {
            return Err(unavailable(
                "source.snapshot = \"required\", but this server is no replica set or a mapped collection is capped, a view or a time series",
            ));
        }
        let point = match time {
            Some(time) => PointInTime {
                as_of: Timestamp(i64::from(time.time) * 1000),
                mark: u64::from(time.time) << 32 | u64::from(time.increment),
                exact: pinned,
            },
            None => PointInTime { as_of: before, mark: mark_of(before), exact: false },
        };
        let fate = Fate::of(self);
        Ok(MongoSnapshot { server: Arc::clone(self), point, time, noted, fate })
    }

    async fn estimate(
        &self,
        tenant: Option<&TenantId>,
        spec: &ScanSpec,
    ) -> Result<Estimate, Error> {
        let catalog = self.catalog.as_deref();
        let key =
            tenant.zip(catalog).and_then(|(tenant, catalog)| query::tenant_key(catalog, tenant));
        if spec.tenant_key.is_some() && key.is_none() {
            return Err(Error::internal("a tenant's tables were priced without a tenant"));
        }
        let count = doc! {
            "count": &spec.collection,
            "query": query::selection(spec, key.as_ref(), self.clock.now()),
            "maxTimeMS": SOURCE_ESTIMATE_MS,
        };
        let size = doc! {"collStats": &spec.collection, "maxTimeMS": SOURCE_ESTIMATE_MS};
        let doing = |e| failed(&format!("counting {}", spec.collection), &e);
        let ask = |command| async move {
            let answer = self.database.run_command(command);
            self.patience.work(answer).await.map_err(doing)
        };
        let count = ask(count).await?;
        // Views have no size.
        let size = ask(size).await.ok();
        let documents = number(count.get("n"));
        let average = number(size.as_ref().and_then(|size| size.get("avgObjSize")));
        Ok(Estimate { documents, bytes: documents.saturating_mul(average) })
    }

    async fn has_tenant(&self, tenant: &TenantId) -> Result<bool, Error> {
        let Some(catalog) = &self.catalog else { return Ok(true) };
        let Some(list) = &catalog.tenants else { return Ok(true) };
        let Some(key) = query::tenant_key(catalog, tenant) else { return Ok(false) };
        let tenants = self.database.collection::<Document>(&list.collection);
        let found = tenants
            .find_one(doc! {list.key.to_string(): {"$eq": query::key_value(&key)}})
            .projection(doc! {"_id": 1})
            .max_time(self.max_time);
        let found = self.patience.work(found).await;
        found.map(|one| one.is_some()).map_err(|e| failed("looking up the tenant", &e))
    }

    /// Missing indexes on tenant keys, large fields that nobody maps.
    async fn advise(&self, scans: &[ScanSpec]) -> Result<Vec<String>, Error> {
        let mut keys: Vec<(String, String)> = scans
            .iter()
            .filter_map(|scan| {
                Some((scan.collection.clone(), scan.tenant_key.as_ref()?.to_string()))
            })
            .collect();
        if let Some(list) = self.catalog.as_ref().and_then(|catalog| catalog.tenants.as_ref()) {
            keys.push((list.collection.clone(), list.key.to_string()));
        }
        keys.sort();
        keys.dedup();
        let listing = self.listing().await?;
        let mut advice = Vec::new();
        for (collection, key) in keys.iter().filter(|(_, key)| key != "_id") {
            let known = listing.get(collection);
            if known.is_some_and(|known| known.view)
                || listing::has_index(self, collection, key).await?
            {
                continue;
            }
            advice.push(format!(
                "{collection} has no index that begins with {key}, so every boot reads all of it; create one: db.getCollection({collection:?}).createIndex({{ {key:?}: 1 }})"
            ));
        }
        for name in self.names.iter().filter(|name| listing.get(name).is_some_and(|own| !own.view))
        {
            advice.extend(self.weigh(name).await?);
        }
        Ok(advice)
    }

    async fn sample(&self, name: &str, size: SampleSize) -> Result<Box<dyn BatchStream>, Error> {
        let collection = self.database.collection::<Document>(name);
        let find = collection.find(doc! {}).comment("litevisor");
        let find = match size {
            SampleSize::All => find.batch_size(SOURCE_BATCH_DOCUMENTS),
            SampleSize::Ends(n) => {
                find.sort(doc! {"_id": 1}).limit(i64::try_from(n.max(1)).unwrap_or(i64::MAX))
            }
        };
        let cursor = self
            .patience
            .work(find.batch())
            .await
            .map_err(|e| failed(&format!("sampling {name}"), &e))?;
        let patience = self.patience;
        let batches = Batches { cursor, patience, collection: name.to_owned(), fate: None };
        Ok(match size {
            SampleSize::All => Box::new(batches),
            SampleSize::Ends(n) => Box::new(Ends {
                collection: collection.clone(),
                patience,
                ends: i64::try_from(n.max(1)).unwrap_or(i64::MAX),
                first: Some(batches),
                last: None,
                greatest: None,
                count: 0,
            }),
        })
    }
}

fn number(value: Option<&Bson>) -> u64 {
    match value {
        Some(Bson::Int32(n)) => u64::try_from(*n).unwrap_or(0),
        Some(Bson::Int64(n)) => u64::try_from(*n).unwrap_or(0),
        // Sizes are far below 2^53; a negative or broken one saturates to 0.
        Some(Bson::Double(n)) => *n as u64,
        _ => 0,
    }
}

/// A wall-clock time in the shape of a cluster time, so that marks compare.
fn mark_of(time: Timestamp) -> u64 {
    let ms = u64::try_from(time.0).unwrap_or(0);
    (ms / 1000) << 32 | (ms % 1000)
}

impl Source for MongoSource {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            let ping = self.server.ask(doc! {"ping": 1}, false).await;
            ping.map(|_| ()).map_err(|e| failed("asking whether MongoDB is there", &e))
        })
    }

    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async {
            let names = self.server.database.list_collection_names();
            let names = self.server.patience.question(names).await;
            let mut names = names.map_err(|e| failed("listing collections", &e))?;
            names.retain(|name| !name.starts_with("system."));
            names.sort();
            Ok(names)
        })
    }

    fn sample<'a>(
        &'a self,
        collection: &'a str,
        size: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(self.server.sample(collection, size))
    }

    fn collection_size<'a>(&'a self, collection: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async move {
            let all = self.server.database.collection::<Document>(collection);
            let size = all.estimated_document_count().max_time(self.server.max_time);
            let size = self.server.patience.work(size).await;
            size.map_err(|e| failed(&format!("counting {collection}"), &e))
        })
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(self.server.has_tenant(tenant))
    }

    fn estimate<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        scans: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>> {
        Box::pin(try_join_all(scans.iter().map(|scan| self.server.estimate(tenant, scan))))
    }

    fn open(&self) -> BoxFuture<'_, Result<Arc<dyn Snapshot>, Error>> {
        Box::pin(async {
            let snapshot: Arc<dyn Snapshot> = Arc::new(self.server.open().await?);
            Ok(snapshot)
        })
    }

    fn advise<'a>(&'a self, scans: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(self.server.advise(scans))
    }
}
