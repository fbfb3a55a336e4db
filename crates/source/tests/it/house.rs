//! What these tests share: catalogs, a clock, reading a whole scan.

use std::sync::Arc;

use bson::Document;
use model::{
    Catalog, Clock, ColumnPath, ColumnType, Error, Filter, Monotonic, Path, Table, TableColumn,
    TableSet, TenantId, TenantKeyType, Timestamp,
};
use source::mongo::{MongoSettings, MongoSource};
use source::{ScanSpec, Snapshot, Source, plan_scans};

/// A clock that stands still.
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_123)
    }
    fn monotonic(&self) -> Monotonic {
        Monotonic(0)
    }
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

/// One table `things` with the columns `_id` and `v`, by the tenant key `customer.id`.
pub(crate) fn catalog(filter: Option<Filter>, exclude: &[&str]) -> Arc<Catalog> {
    let column = |name: &str| TableColumn {
        name: name.into(),
        path: ColumnPath::Field(path(name)),
        column_type: ColumnType::Any,
        description: None,
    };
    let table = Table {
        name: "things".into(),
        description: None,
        collection: "things".into(),
        tenant_key: path("customer.id"),
        filter,
        unwind: None,
        shared: false,
        columns: vec![column("_id"), column("v")],
        primary_key: vec![0],
        indexes: vec![],
    };
    Arc::new(Catalog {
        tenants: None,
        tenant_key_type: TenantKeyType::String,
        exclude: exclude.iter().map(|text| path(text)).collect(),
        tables: vec![table],
        version: "test".into(),
    })
}

pub(crate) fn tenant(text: &str) -> TenantId {
    TenantId::parse(text, TenantKeyType::String).unwrap()
}

pub(crate) fn scans(catalog: &Catalog) -> Vec<ScanSpec> {
    plan_scans(catalog, TableSet::from_iter([0]))
}

pub(crate) fn settings(uri: &str, database: &str) -> MongoSettings {
    MongoSettings { database: Some(database.to_owned()), ..MongoSettings::new(uri) }
}

pub(crate) async fn connect(settings: MongoSettings, catalog: &Arc<Catalog>) -> MongoSource {
    MongoSource::connect(settings, Some(Arc::clone(catalog)), Arc::new(Still)).await.unwrap()
}

pub(crate) async fn open(source: &dyn Source) -> Arc<dyn Snapshot> {
    source.open().await.unwrap()
}

/// Every document of a scan.
pub(crate) async fn read(
    snapshot: &dyn Snapshot,
    tenant: &TenantId,
    scan: &ScanSpec,
) -> Result<Vec<Document>, Error> {
    let mut stream = snapshot.scan(Some(tenant), scan).await?;
    let mut found = Vec::new();
    while let Some(batch) = stream.next_batch().await? {
        found.extend(batch.documents().map(|d| Document::from_reader(d.unwrap()).unwrap()));
    }
    Ok(found)
}
