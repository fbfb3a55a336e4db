//! mongodump folders: `<collection>.bson[.gz]`, in the folder given or in its one database folder.
//! The collections that the catalog maps are indexed once (tenant to byte ranges); a boot then
//! reads only the tenant's own ranges. A compressed file has no random access, so the mapped
//! collections among those are kept decompressed in memory, up to a bound.
//!
//! The dump's time (`as_of`) is when the first of its `.bson` files was completed, by its
//! modification time: mongodump notes no other, and no document in it can be newer than the last
//! write to its file. `now-400d` in a filter counts from it.

mod folder;
mod index;
mod scan;
pub mod write;

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::limits::DUMP_INFLATED_BYTES;
use model::{Catalog, Error, TenantId, Timestamp};

use crate::key::TenantKey;
use crate::{BatchStream, Estimate, PointInTime, SampleSize, ScanSpec, Snapshot, Source};
use folder::{CollectionFile, Documents, unreadable};
use scan::{Bytes, Collection, Runs, Sample, Scan};

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
    files: Vec<CollectionFile>,
    contents: Arc<Contents>,
}

/// What was indexed, shared with every snapshot.
struct Contents {
    catalog: Option<Arc<Catalog>>,
    collections: HashMap<String, Arc<Collection>>,
    point: PointInTime,
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
        let files = folder::collections(path)?;
        let written = files.iter().map(|file| file.written).min().unwrap_or(0);
        let point = PointInTime {
            as_of: Timestamp(written),
            mark: u64::try_from(written).unwrap_or(0),
            exact: false,
        };
        let contents = Contents { catalog: None, collections: HashMap::new(), point };
        let source = DumpSource { files, contents: Arc::new(contents) };
        match catalog {
            Some(catalog) => source.with_catalog(catalog, progress),
            None => Ok(source),
        }
    }

    /// Whether there is a dump in the folder at `path`: a quick look, which reads none of its files.
    ///
    /// # Errors
    /// As [`DumpSource::open`].
    pub fn look(path: &Path) -> Result<(), Error> {
        folder::collections(path).map(drop)
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
        let wanted = index::keys_wanted(&catalog);
        let mapped: Vec<_> = self
            .files
            .iter()
            .filter_map(|file| Some((file, wanted.get(&file.collection)?)))
            .collect();
        let bytes_total = mapped.iter().map(|(file, _)| file.size).sum();
        let (mut before, mut inflated) = (0, 0);
        let mut collections = HashMap::new();
        for (file, keys) in mapped {
            let mut tell = |read: u64| {
                let bytes_done = (before + read).min(bytes_total);
                progress(Progress { collection: &file.collection, bytes_done, bytes_total });
            };
            let mut memory = Vec::new();
            let mut keep = |document: &[u8]| {
                if file.compressed {
                    inflated += u64::try_from(document.len()).unwrap_or(u64::MAX);
                    if inflated > DUMP_INFLATED_BYTES {
                        return Err(too_much_to_inflate(&file.path));
                    }
                    memory.extend_from_slice(document);
                }
                Ok(())
            };
            let index = index::build(file, keys, catalog.tenant_key_type, &mut keep, &mut tell)?;
            tell(file.size);
            before += file.size;
            let bytes = if file.compressed {
                memory.shrink_to_fit();
                Bytes::Memory(memory)
            } else {
                Bytes::File(File::open(&file.path).map_err(|e| unreadable(&file.path, e))?)
            };
            let path = file.path.clone();
            collections
                .insert(file.collection.clone(), Arc::new(Collection { path, bytes, index }));
        }
        let point = self.contents.point;
        self.contents = Arc::new(Contents { catalog: Some(catalog), collections, point });
        Ok(self)
    }

    fn file(&self, collection: &str) -> Result<&CollectionFile, Error> {
        self.files.iter().find(|file| file.collection == collection).ok_or_else(|| {
            Error::internal(format!("the dump has no collection called {collection}"))
        })
    }

    fn size_of(&self, collection: &str) -> Result<u64, Error> {
        if let Some(indexed) = self.contents.collections.get(collection) {
            return Ok(indexed.index.documents);
        }
        let mut documents = Documents::open(self.file(collection)?)?;
        let mut count = 0;
        while documents.next()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    fn advice(&self, scans: &[ScanSpec]) -> Vec<String> {
        let mut advice = Vec::new();
        let list = self.contents.catalog.as_ref().and_then(|catalog| catalog.tenants.as_ref());
        if let Some(list) = list.map(|list| &list.collection)
            && !self.contents.collections.contains_key(list)
        {
            advice.push(format!(
                "the dump has no collection {list}, where the catalog's `tenants` are listed: every tenant is tenant_not_found"
            ));
        }
        for scan in scans {
            let collection = &scan.collection;
            let Some(found) = self.contents.collections.get(collection) else {
                advice
                    .push(format!("the dump has no collection {collection}: its tables are empty"));
                continue;
            };
            let other = scan
                .tenant_key
                .as_ref()
                .and_then(|key| Some((key, found.index.keys.get(key)?.other)));
            if let Some((key, other)) = other.filter(|(_, other)| *other > 0) {
                advice.push(format!(
                    "{other} of {} documents of {collection} belong to no tenant: their {key} is missing or of another type than tenant_key_type",
                    found.index.documents
                ));
            }
        }
        advice.dedup();
        advice
    }
}

fn too_much_to_inflate(path: &Path) -> Error {
    unreadable(
        path,
        format!(
            "the compressed collections need over {DUMP_INFLATED_BYTES} bytes of memory: decompress the folder (gunzip *.bson.gz), plain files are read where they lie"
        ),
    )
}

impl Contents {
    fn tenant_key(&self, tenant: &TenantId) -> Option<TenantKey> {
        TenantKey::of_tenant(tenant, self.catalog.as_ref()?.tenant_key_type)
    }

    fn estimate(&self, tenant: Option<&TenantId>, scan: &ScanSpec) -> Estimate {
        let Some(collection) = self.collections.get(&scan.collection) else {
            return Estimate::default();
        };
        let Some(key) = &scan.tenant_key else {
            return Estimate {
                documents: collection.index.documents,
                bytes: collection.index.bytes,
            };
        };
        let tenant = tenant.and_then(|tenant| self.tenant_key(tenant));
        let found = collection.index.keys.get(key).zip(tenant);
        let postings = found.and_then(|(index, tenant)| index.tenants.get(&tenant));
        postings.map_or_else(Estimate::default, |postings| Estimate {
            documents: postings.documents,
            bytes: postings.bytes,
        })
    }

    fn has_tenant(&self, tenant: &TenantId) -> bool {
        let Some(list) = self.catalog.as_ref().and_then(|catalog| catalog.tenants.as_ref()) else {
            return true;
        };
        let index = self.collections.get(&list.collection);
        let index = index.and_then(|collection| collection.index.keys.get(&list.key));
        index
            .zip(self.tenant_key(tenant))
            .is_some_and(|(index, key)| index.tenants.contains_key(&key))
    }

    fn scan(
        &self,
        tenant: Option<&TenantId>,
        spec: &ScanSpec,
    ) -> Result<Box<dyn BatchStream>, Error> {
        let Some(collection) = self.collections.get(&spec.collection) else {
            return Ok(Box::new(Nothing));
        };
        let runs = match &spec.tenant_key {
            None => Runs::All(0),
            Some(key) => {
                let Some(tenant) = tenant.and_then(|tenant| self.tenant_key(tenant)) else {
                    return Err(Error::internal("a tenant's tables were scanned without a tenant"));
                };
                Runs::Tenant { key: key.clone(), tenant, place: Default::default(), left: None }
            }
        };
        let filter = spec.filter.clone().map(|filter| (filter, self.point.as_of));
        Ok(Box::new(Scan::new(Arc::clone(collection), runs, filter)))
    }
}

/// A collection that the dump does not have reads as empty, as MongoDB has it.
struct Nothing;

impl BatchStream for Nothing {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<crate::RawBatch>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

impl Source for DumpSource {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(self.files.iter().map(|file| file.collection.clone()).collect()) })
    }

    fn sample<'a>(
        &'a self,
        collection: &'a str,
        size: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async move {
            let ends = match size {
                SampleSize::All => None,
                SampleSize::Ends(n) => Some(usize::try_from(n).unwrap_or(usize::MAX)),
            };
            let sample: Box<dyn BatchStream> =
                Box::new(Sample::open(self.file(collection)?, ends)?);
            Ok(sample)
        })
    }

    fn collection_size<'a>(&'a self, collection: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async move { self.size_of(collection) })
    }

    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move { Ok(self.contents.has_tenant(tenant)) })
    }

    fn estimate<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        scans: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>> {
        Box::pin(async move {
            Ok(scans.iter().map(|scan| self.contents.estimate(tenant, scan)).collect())
        })
    }

    fn known_estimate(
        &self,
        tenant: Option<&TenantId>,
        scans: &[ScanSpec],
    ) -> Option<Vec<Estimate>> {
        Some(scans.iter().map(|scan| self.contents.estimate(tenant, scan)).collect())
    }

    fn open(&self) -> BoxFuture<'_, Result<Arc<dyn Snapshot>, Error>> {
        Box::pin(async {
            let snapshot: Arc<dyn Snapshot> = Arc::new(DumpSnapshot(Arc::clone(&self.contents)));
            Ok(snapshot)
        })
    }

    fn advise<'a>(&'a self, scans: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async move { Ok(self.advice(scans)) })
    }
}

/// A dump does not change: every snapshot is the same.
struct DumpSnapshot(Arc<Contents>);

impl Snapshot for DumpSnapshot {
    fn point(&self) -> PointInTime {
        self.0.point
    }

    fn scan<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        spec: &'a ScanSpec,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async move { self.0.scan(tenant, spec) })
    }

    fn verify<'a>(&'a self, _: &'a [ScanSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn is_lost(&self) -> bool {
        false
    }

    fn lasts(&self) -> bool {
        true
    }

    fn is_newest(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
