//! Inference: from documents never seen before to a catalog that a report author would accept; and
//! drift: what a source has that its catalog does not say.
//!
//! Nothing reaches a tenant that the documents do not tie to that tenant: collections without the
//! tenant key are left out, and stand in the text as comments. Fields whose names look secret are
//! excluded until the operator says otherwise.

mod column;
mod distinct;
mod drift;
mod naming;
mod notes;
mod observe;
mod tables;
mod tenant;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use drift::{DriftReport, Finding, FindingKind, check};
use model::limits::{
    INFER_DISTINCT_FIELDS_MAX, INFER_FIELDS_MAX, INFER_PATHS_MAX, SAMPLE_DOCUMENTS, TABLES_MAX,
};
use model::{Catalog, Error, ErrorCode, Path, TenantKeyType, TenantList};

use crate::{RawBatch, SampleSize, Source};
use notes::Comments;
use observe::{Fields, Watch};
use tables::{Draft, Drafting, Subject};
use tenant::{Chosen, keys_of_type};

/// How to infer.
#[derive(Clone, Debug)]
pub struct Options {
    /// The field that names the tenant; without it, it is guessed.
    pub tenant_key: Option<Path>,
    /// How much of each collection to look at.
    pub size: SampleSize,
}

impl Default for Options {
    fn default() -> Self {
        Options { tenant_key: None, size: SampleSize::Ends(SAMPLE_DOCUMENTS) }
    }
}

/// A catalog made from documents.
#[derive(Clone, Debug)]
pub struct InferredCatalog {
    /// The catalog.
    pub catalog: Catalog,
    /// The same as TOML, with what was seen of each field as comments.
    pub toml: String,
    /// How the tenant key was found, for the log and the terminal.
    pub tenant_key: String,
    /// What the operator should look at: collections left out, documents without the tenant key.
    pub warnings: Vec<String>,
}

/// How far an inference or a check is.
#[derive(Clone, Debug)]
pub struct Progress<'a> {
    /// The collection being read.
    pub collection: &'a str,
    /// Documents looked at, of all collections.
    pub documents_done: u64,
    /// Documents to look at, of all collections, as far as the source could tell beforehand.
    pub documents_total: u64,
}

/// Gathers what documents look like, in any order, in bounded memory.
#[derive(Debug)]
pub struct Inference {
    tenant_key: Option<Path>,
    collections: BTreeMap<String, Fields>,
    watch: Watch,
}

impl Inference {
    /// Nothing seen yet. `tenant_key` as in [`Options`].
    pub fn new(tenant_key: Option<Path>) -> Self {
        let key_name = tenant_key.as_ref().and_then(|key| key.segments().last().cloned());
        let watch =
            Watch { room: INFER_PATHS_MAX, distinct_room: INFER_DISTINCT_FIELDS_MAX, key_name };
        Inference { tenant_key, collections: BTreeMap::new(), watch }
    }

    /// Notes that there is such a collection, be it empty.
    pub fn collection(&mut self, collection: &str) {
        self.collections.entry(collection.to_owned()).or_default();
    }

    /// Looks at a batch of a collection's documents.
    ///
    /// # Errors
    /// `source_unavailable` if a document is malformed.
    pub fn observe(&mut self, collection: &str, batch: &RawBatch) -> Result<(), Error> {
        if !self.collections.contains_key(collection) {
            self.collection(collection);
        }
        let Some(fields) = self.collections.get_mut(collection) else { return Ok(()) };
        for document in batch.documents() {
            let observed = document.and_then(|d| fields.observe(d, 0, &mut self.watch));
            observed.map_err(|malformed| {
                Error::new(
                    ErrorCode::SourceUnavailable,
                    format!("a document of {collection} cannot be read: {malformed}"),
                )
            })?;
        }
        Ok(())
    }

    /// The catalog for what was seen.
    ///
    /// # Errors
    /// `request_invalid` with a remedy if no field can be taken for the tenant key.
    pub fn finish(self) -> Result<InferredCatalog, Error> {
        let chosen = tenant::choose(&self.collections, self.tenant_key.as_ref())?;
        let mut drafting = Drafting::default();
        for fields in self.collections.values() {
            drafting.note_secrets(fields, &[], &chosen.key);
            let kinds = fields.get("_id").into_iter().flat_map(|id| id.types());
            drafting.id_kinds.extend(kinds.map(|(kind, _)| kind));
        }
        let mut report =
            Report { chosen, drafts: Vec::new(), tail: Vec::new(), warnings: Vec::new() };
        if self.watch.room == 0 {
            report.warnings.push(format!(
                "there are more than {INFER_PATHS_MAX} field paths; those beyond were not looked at, \
                 and what looks secret among them is not excluded"
            ));
        }
        for (collection, fields) in &self.collections {
            for path in tables::wide_paths(fields, &[]) {
                report.warnings.push(format!(
                    "{collection}: {path} has over {INFER_FIELDS_MAX} names, which were not looked at: what looks secret among them is not excluded"
                ));
            }
        }
        let mut left_out = Vec::new();
        for (collection, fields) in &self.collections {
            match report.place(collection, fields) {
                Place::Tenants(key) => {
                    let subject = Subject { collection, fields, tenant_key: Some(&key) };
                    report.drafts.extend(drafting.draft(&subject));
                }
                Place::LeftOut => left_out.push((collection, fields)),
                Place::Empty => {
                    report.tail.push(format!("{collection}: no documents seen, so no table"));
                    report.tail.push(String::new());
                }
            }
        }
        // Last, so that their names give way to those of tables that are there.
        for (collection, fields) in left_out {
            report.leave_out(collection, fields, &mut drafting);
        }
        report.assemble(&self.collections, drafting)
    }
}

/// Where a collection belongs.
enum Place {
    Tenants(Path),
    LeftOut,
    Empty,
}

/// The catalog as it grows.
struct Report {
    chosen: Chosen,
    drafts: Vec<Draft>,
    tail: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn place(&mut self, collection: &str, fields: &Fields) -> Place {
        if fields.documents == 0 {
            return Place::Empty;
        }
        let key_type = self.chosen.key_type;
        let keys = |path: &Path| {
            fields.at(path.segments()).map_or(0, |field| keys_of_type(field, key_type))
        };
        let count = keys(&self.chosen.key);
        if count * 2 >= fields.documents {
            if count < fields.documents {
                self.warnings.push(format!(
                    "{} of {} documents of {collection} have no {} of type {} and reach no tenant",
                    fields.documents - count,
                    fields.documents,
                    self.chosen.key,
                    key_type.name()
                ));
            }
            return Place::Tenants(self.chosen.key.clone());
        }
        if self.chosen.list.as_deref() == Some(collection) {
            return Place::Tenants(Path::from_segments(vec!["_id".to_owned()]));
        }
        Place::LeftOut
    }

    /// Writes a collection without the tenant key as comments.
    fn leave_out(&mut self, collection: &str, fields: &Fields, drafting: &mut Drafting) {
        let disguised = self.chosen.disguised(fields);
        let tenant_key = disguised.as_ref().map(|(path, _)| path);
        let drafts = drafting.draft(&Subject { collection, fields, tenant_key });
        let key = &self.chosen.key;
        self.warnings.push(format!("{collection} has no {key} and was left out of the catalog"));
        self.tail.push(match &disguised {
            Some((path, percent)) => format!(
                "{collection} was left out: no {key}. But {percent} % of the values of {path} are \
                 tenants' keys: if it names whose document it is, uncomment"
            ),
            None => format!(
                "{collection} was left out: no {key}. If its documents belong to no tenant and every \
                 tenant may read all of them, uncomment"
            ),
        });
        let (tables, comments) = split(drafts);
        let catalog = Catalog {
            tenants: None,
            tenant_key_type: TenantKeyType::String,
            exclude: Vec::new(),
            tables,
            version: String::new(),
        };
        let override_line = tenant_key.map(|path| format!("tenant_key = {:?}", path.to_string()));
        for line in notes::table_lines(&catalog, &comments) {
            let is_collection = line.starts_with("collection = ");
            self.tail.push(line);
            if is_collection {
                self.tail.extend(override_line.clone());
            }
        }
        self.tail.push(String::new());
    }

    fn assemble(
        mut self,
        collections: &BTreeMap<String, Fields>,
        drafting: Drafting,
    ) -> Result<InferredCatalog, Error> {
        if let Some(beyond) = self.drafts.get(TABLES_MAX) {
            self.warnings.push(format!(
                "only the first {TABLES_MAX} tables were kept; {} and what follows were left out",
                beyond.table.name
            ));
            self.drafts.truncate(TABLES_MAX);
        }
        let documents: u64 = collections.values().map(|fields| fields.documents).sum();
        let (tables, mut comments) = split(self.drafts);
        comments.head = vec![
            format!("Inferred from {documents} documents of {} collections.", collections.len()),
            format!("Tenant key: {}.", self.chosen.how),
            "It is the same in all rows of a tenant, so it is no column.".to_owned(),
            "Beside each column: the types seen, how many documents have the field, an example."
                .to_owned(),
        ];
        if !drafting.secrets.is_empty() {
            comments.head.push(
                "Fields whose names look secret are excluded; take out of exclude what tenants may see."
                    .to_owned(),
            );
        }
        comments
            .head
            .extend(self.warnings.iter().map(|warning| format!("Look at this: {warning}.")));
        comments.head.push(String::new());
        while self.tail.last().is_some_and(String::is_empty) {
            self.tail.pop();
        }
        comments.tail = self.tail;
        let tenants = self.chosen.list.clone().map(|collection| TenantList {
            collection,
            key: Path::from_segments(vec!["_id".to_owned()]),
        });
        let (exclude, excluded) = drafting.secrets.into_iter().unzip();
        comments.excluded = excluded;
        let catalog = Catalog {
            tenants,
            tenant_key_type: self.chosen.key_type,
            exclude,
            tables,
            version: String::new(),
        }
        .with_version();
        let toml = catalog.to_toml_with(&comments);
        match Catalog::parse(&toml) {
            Ok(parsed) if parsed == catalog => Ok(InferredCatalog {
                catalog,
                toml,
                tenant_key: self.chosen.how,
                warnings: self.warnings,
            }),
            Ok(_) => Err(Error::internal("an inferred catalog reads as another one")),
            Err(error) => Err(Error::internal(format!("an inferred catalog is refused: {error}"))),
        }
    }
}

/// Tables and what is said of them.
fn split(drafts: Vec<Draft>) -> (Vec<model::Table>, Comments) {
    let mut comments = Comments::default();
    let tables = drafts
        .into_iter()
        .map(|draft| {
            comments.tables.push(draft.remarks);
            comments.columns.push(draft.notes);
            draft.table
        })
        .collect();
    (tables, comments)
}

/// Looks at a sample of every collection of `source` and infers a catalog.
///
/// # Errors
/// The source's own; `request_invalid` with a remedy if no tenant key can be found.
pub async fn infer(
    source: &dyn Source,
    options: &Options,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<InferredCatalog, Error> {
    let names = source.collections().await?;
    look(source, &names, options, progress).await?.finish()
}

/// Statistics of a sample of the collections called `names`.
async fn look(
    source: &dyn Source,
    names: &[String],
    options: &Options,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Inference, Error> {
    let mut documents_total = 0;
    for collection in names {
        let size = source.collection_size(collection).await?;
        documents_total += match options.size {
            SampleSize::All => size,
            SampleSize::Ends(n) => size.min(n.saturating_mul(2)),
        };
    }
    let mut inference = Inference::new(options.tenant_key.clone());
    let mut documents_done = 0;
    for collection in names {
        inference.collection(collection);
        progress(Progress { collection, documents_done, documents_total });
        let mut stream = source.sample(collection, options.size).await?;
        while let Some(batch) = stream.next_batch().await? {
            inference.observe(collection, &batch)?;
            documents_done += batch.len() as u64;
            progress(Progress { collection, documents_done, documents_total });
        }
    }
    Ok(inference)
}
