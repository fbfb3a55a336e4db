//! Drift: what a sample of the source shows that the catalog does not say.

use std::collections::BTreeSet;
use std::fmt;

use model::{Catalog, ColumnPath, Error, Path, Table};

use super::column::{mappable, unexpected};
use super::observe::{Field, Fields};
use super::tenant::keys_of_type;
use super::{Options, Progress, look};
use crate::raw::Kind;
use crate::{SampleSize, Source};

/// What differs between a catalog and a source. The findings are sorted and each is named once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriftReport {
    /// What differs.
    pub findings: Vec<Finding>,
    /// Documents looked at.
    pub documents: u64,
    /// Collections of the source that no table reads: no drift, since leaving one out is a choice.
    pub unread_collections: Vec<String>,
    /// Fields that no path can name, so that a catalog can neither map nor exclude them; they are
    /// never shown but within a JSON column.
    pub unmappable_fields: BTreeSet<String>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// MongoDB's collection.
    pub collection: String,
    /// What kind of difference it is.
    pub kind: FindingKind,
    /// The field; empty where the whole collection is meant.
    pub path: String,
    /// In how many documents (or elements of an array).
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// For people: what was seen, and what was expected.
    pub detail: String,
}

/// The kinds of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// The catalog reads a collection that the source does not have.
    MissingCollection,
    /// Documents without the tenant key: they reach no tenant.
    NoTenantKey,
    /// Documents whose tenant key is of another type: they reach no tenant.
    OtherKeyType,
    /// Values of a type that the column does not expect.
    ChangedType,
    /// A field that the catalog neither maps nor excludes.
    NewField,
    /// A field that the catalog maps and that no document has: renamed, or rare.
    NeverSeen,
}

impl FindingKind {
    /// The words used in the report.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::MissingCollection => "missing collection",
            FindingKind::NoTenantKey => "no tenant key",
            FindingKind::OtherKeyType => "other key type",
            FindingKind::ChangedType => "changed type",
            FindingKind::NewField => "new field",
            FindingKind::NeverSeen => "field never seen",
        }
    }
}

impl DriftReport {
    /// Whether catalog and source agree as far as was looked.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Compares a sample of `source` with `catalog`.
///
/// # Errors
/// The source's own.
pub async fn check(
    source: &dyn Source,
    catalog: &Catalog,
    size: SampleSize,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<DriftReport, Error> {
    let present: BTreeSet<String> = source.collections().await?.into_iter().collect();
    let mut mapped: BTreeSet<String> =
        catalog.tables.iter().map(|table| table.collection.clone()).collect();
    let unread_collections = present.difference(&mapped).cloned().collect();
    mapped.extend(catalog.tenants.iter().map(|tenants| tenants.collection.clone()));
    let names: Vec<String> = mapped.intersection(&present).cloned().collect();
    let options = Options { tenant_key: None, size };
    let seen = look(source, &names, &options, progress).await?;
    let mut report = DriftReport { unread_collections, ..DriftReport::default() };
    for collection in mapped.difference(&present) {
        let detail = "the source has no collection of that name".to_owned();
        report.find(collection, FindingKind::MissingCollection, "", (0, 0), detail);
    }
    for (collection, fields) in &seen.collections {
        report.documents += fields.documents;
        compare(&mut report, catalog, collection, fields);
    }
    report.findings.sort();
    report.findings.dedup();
    Ok(report)
}

fn compare(report: &mut DriftReport, catalog: &Catalog, collection: &str, fields: &Fields) {
    let tables: Vec<&Table> =
        catalog.tables.iter().filter(|table| table.collection == collection).collect();
    let mut keys: BTreeSet<&Path> =
        tables.iter().filter(|table| !table.shared).map(|table| &table.tenant_key).collect();
    keys.extend(catalog.tenants.iter().filter(|t| t.collection == collection).map(|t| &t.key));
    for key in &keys {
        compare_key(report, catalog, collection, fields, key);
    }
    for table in &tables {
        compare_columns(report, table, fields);
    }
    let whole = |path: &Path| {
        tables.iter().any(|table| {
            table.columns.iter().any(|column| match &column.path {
                ColumnPath::Field(own) => path.is_within(own),
                ColumnPath::Rest => true,
                ColumnPath::Index => false,
            })
        })
    };
    let unwound = |path: &Path| tables.iter().any(|table| table.unwind.as_ref() == Some(path));
    let known =
        |path: &Path| whole(path) || keys.contains(path) || catalog.excludes(path) || unwound(path);
    if !tables.is_empty() {
        new_fields(report, collection, fields, &[], &(known, unwound));
    }
}

fn compare_key(
    report: &mut DriftReport,
    catalog: &Catalog,
    collection: &str,
    fields: &Fields,
    key: &Path,
) {
    let (text, of) = (key.to_string(), fields.documents);
    let field = fields.at(key.segments());
    let some = field.map_or(0, Field::values);
    if some < of {
        let detail = "these documents reach no tenant".to_owned();
        report.find(collection, FindingKind::NoTenantKey, &text, (of - some, of), detail);
    }
    let right = field.map_or(0, |field| keys_of_type(field, catalog.tenant_key_type));
    if let Some(field) = field.filter(|_| right < some) {
        let expected = catalog.tenant_key_type.name();
        let detail =
            format!("{} instead of {expected}: they reach no tenant", types(field.types()));
        report.find(collection, FindingKind::OtherKeyType, &text, (some - right, of), detail);
    }
}

fn compare_columns(report: &mut DriftReport, table: &Table, fields: &Fields) {
    for column in &table.columns {
        let ColumnPath::Field(path) = &column.path else { continue };
        let Some(field) = fields.at(path.segments()) else {
            if fields.documents > 0 && fields.surely_lacks(path.segments()) {
                let detail = format!("{}.{} is NULL in every row", table.name, column.name);
                let (kind, count) = (FindingKind::NeverSeen, (0, fields.documents));
                report.find(&table.collection, kind, &path.to_string(), count, detail);
            }
            continue;
        };
        // An unwound array's elements are the values.
        let unwound = table.unwind.as_ref() == Some(path);
        let field = if unwound { field.elements.as_deref().unwrap_or(field) } else { field };
        let strays = unexpected(field, column.column_type);
        let count = strays.iter().map(|(_, count)| count).sum();
        if count > 0 {
            let word = column.column_type.catalog_word();
            let detail = format!(
                "{} in {}.{}, which is {word}",
                types(strays.into_iter()),
                table.name,
                column.name
            );
            let (kind, path) = (FindingKind::ChangedType, path.to_string());
            report.find(&table.collection, kind, &path, (count, field.values()), detail);
        }
    }
}

/// Fields that are not `known`; of a new embedded document the document only, unless some field
/// below it is known. Of an `unwound` array all that is in it.
fn new_fields(
    report: &mut DriftReport,
    collection: &str,
    fields: &Fields,
    prefix: &[String],
    catalog: &(impl Fn(&Path) -> bool, impl Fn(&Path) -> bool),
) {
    let (known, unwound) = catalog;
    for (name, field) in fields.in_order() {
        let place = [prefix, &[name.to_owned()]].concat();
        let path = Path::from_segments(place.clone());
        if !mappable(name) || (prefix.is_empty() && name.starts_with('$')) {
            report.unmappable_fields.insert(format!("{collection}: {:?}", place.join(".")));
            continue;
        }
        let below = [field.fields.as_deref(), field.element_fields()];
        let below: Vec<&Fields> = below.into_iter().flatten().collect();
        let reaches = |fields: &&Fields| leads_to_known(fields, &place, known);
        let opened = below.iter().any(reaches) || (!below.is_empty() && unwound(&path));
        if opened && !covered(&path, known, &below) {
            below.iter().for_each(|fields| new_fields(report, collection, fields, &place, catalog));
            let plain = field.values() - field.count(Kind::Document) - field.count(Kind::Array);
            if plain > 0 && !known(&path) {
                let detail = format!("{}: only fields below it have columns", types(field.types()));
                let (kind, count) = (FindingKind::ChangedType, (plain, field.values()));
                report.find(collection, kind, &path.to_string(), count, detail);
            }
        } else if !known(&path) {
            let detail = types(field.types());
            let count = (field.present, fields.documents);
            report.find(collection, FindingKind::NewField, &path.to_string(), count, detail);
        }
    }
}

/// Whether everything below `path` is known, since a column takes the whole of it.
fn covered(path: &Path, known: &impl Fn(&Path) -> bool, below: &[&Fields]) -> bool {
    known(path)
        && below.iter().all(|fields| {
            fields.in_order().iter().all(|(name, _)| {
                let inner = [path.segments(), &[(*name).to_owned()]].concat();
                known(&Path::from_segments(inner))
            })
        })
}

fn leads_to_known(fields: &Fields, prefix: &[String], known: &impl Fn(&Path) -> bool) -> bool {
    fields.in_order().iter().any(|(name, field)| {
        let place = [prefix, &[(*name).to_owned()]].concat();
        let below = [field.fields.as_deref(), field.element_fields()];
        known(&Path::from_segments(place.clone()))
            || below.into_iter().flatten().any(|fields| leads_to_known(fields, &place, known))
    })
}

fn types(types: impl Iterator<Item = (Kind, u64)>) -> String {
    types.map(|(kind, n)| format!("{n} {}", kind.name())).collect::<Vec<_>>().join(", ")
}

impl DriftReport {
    fn find(
        &mut self,
        collection: &str,
        kind: FindingKind,
        path: &str,
        (count, of): (u64, u64),
        detail: String,
    ) {
        let (collection, path) = (collection.to_owned(), path.to_owned());
        self.findings.push(Finding { collection, kind, path, count, of, detail });
    }
}

impl fmt::Display for DriftReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["collection", "finding", "path", "count", "detail"].map(str::to_owned);
        let mut rows = vec![head];
        rows.extend(self.findings.iter().map(|finding| {
            let count = match finding.kind {
                FindingKind::MissingCollection => String::new(),
                _ => format!("{} of {}", finding.count, finding.of),
            };
            let (collection, path) = (finding.collection.clone(), finding.path.clone());
            [collection, finding.kind.name().to_owned(), path, count, finding.detail.clone()]
        }));
        if !self.findings.is_empty() {
            let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
            let widths: Vec<usize> = (0..4).map(width).collect();
            for row in &rows {
                for (cell, width) in row.iter().zip(&widths) {
                    write!(f, "{cell:width$}  ")?;
                }
                writeln!(f, "{}", row[4])?;
            }
            writeln!(f)?;
        }
        match self.findings.len() {
            0 => writeln!(f, "no drift in {} documents", self.documents)?,
            1 => writeln!(f, "1 finding in {} documents", self.documents)?,
            n => writeln!(f, "{n} findings in {} documents", self.documents)?,
        }
        if !self.unread_collections.is_empty() {
            writeln!(f, "no table reads: {}", self.unread_collections.join(", "))?;
        }
        if !self.unmappable_fields.is_empty() {
            let shown: Vec<&str> =
                self.unmappable_fields.iter().take(10).map(String::as_str).collect();
            writeln!(f, "no path can name: {}", shown.join(", "))?;
        }
        Ok(())
    }
}
