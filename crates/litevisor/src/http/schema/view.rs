//! The schema report as JSON: for report authors, and for schema browsers.

use std::collections::BTreeMap;

use hypervisor::{LoadedTable, SchemaReport};
use model::{Table, TableColumn, TenantId};
use serde::Serialize;
use source::ColumnReport;
use utoipa::ToSchema;

/// A tenant's tables.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SchemaView {
    /// The tenant's id.
    tenant: String,
    /// The hash of the catalog's meaning.
    catalog_version: String,
    /// The point in time of the data, if live.
    as_of: Option<String>,
    /// The populated copy's number, if live.
    generation: Option<u64>,
    /// In the catalog's order.
    tables: Vec<TableView>,
}

/// One table. What is null is not known: the table is not loaded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TableView {
    name: String,
    description: Option<String>,
    /// Reference data, alike for every tenant.
    shared: bool,
    columns: Vec<ColumnView>,
    /// Names of the primary key's columns.
    primary_key: Vec<String>,
    /// The key has duplicates or NULLs and is a plain index here.
    primary_key_demoted: Option<bool>,
    /// Names of each index's columns.
    indexes: Vec<Vec<String>>,
    rows: Option<u64>,
    drift: Option<DriftView>,
}

/// One column.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnView {
    name: String,
    description: Option<String>,
    /// The catalog's type.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    column_type: &'static str,
    /// As SQLite was told; empty for none.
    declared: &'static str,
    /// Values by MongoDB's type.
    seen: Option<BTreeMap<&'static str, u64>>,
    /// NULLs: null, undefined or missing.
    nulls: Option<u64>,
    /// Values of another type, stored with their own meaning.
    strays: Option<Vec<StrayView>>,
    /// Decimals stored as exact text.
    long_decimals: Option<u64>,
    /// Texts that were not UTF-8.
    replaced_texts: Option<u64>,
}

/// Values of a type that the column did not expect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StrayView {
    /// MongoDB's type.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    bson_type: &'static str,
    count: u64,
    /// Where one of them is.
    example: String,
}

/// How the documents differ from the catalog.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DriftView {
    /// Fields without a column, with how many documents have them.
    unmapped: Vec<UnmappedView>,
    /// Occurrences of further unmapped fields, beyond those listed.
    unmapped_beyond: u64,
    /// Values stored as NULL since their row was too long.
    oversized_values: u64,
    /// Fields that repeat within a document.
    duplicate_fields: u64,
    /// Documents whose unwound field is no array.
    unwound_scalars: u64,
    /// Documents whose tenant key is of another type; left out.
    other_key_types: u64,
}

/// A field without a column.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnmappedView {
    path: String,
    count: u64,
}

/// The report of a tenant.
pub(super) fn view(tenant: &TenantId, report: &SchemaReport) -> SchemaView {
    let loaded = report.tables.iter().map(|table| table.loaded.as_ref());
    let tables = report.catalog.tables.iter().zip(loaded.chain(std::iter::repeat(None)));
    SchemaView {
        tenant: tenant.to_string(),
        catalog_version: report.catalog.version.clone(),
        as_of: report.as_of.map(|as_of| as_of.to_string()),
        generation: report.generation,
        tables: tables.map(|(table, loaded)| table_view(table, loaded)).collect(),
    }
}

fn table_view(table: &Table, loaded: Option<&LoadedTable>) -> TableView {
    let names = |numbers: &[usize]| {
        let columns = numbers.iter().filter_map(|number| table.columns.get(*number));
        columns.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let columns = table.columns.iter().enumerate().map(|(number, column)| {
        let untyped = loaded.is_some_and(|loaded| loaded.untyped.contains(&number));
        let seen = loaded.and_then(|loaded| loaded.report.columns.get(number));
        column_view(column, untyped, seen)
    });
    TableView {
        name: table.name.clone(),
        description: table.description.clone(),
        shared: table.shared,
        columns: columns.collect(),
        primary_key: names(&table.primary_key),
        primary_key_demoted: loaded.map(|loaded| loaded.demoted_key),
        indexes: table.indexes.iter().map(|index| names(index)).collect(),
        rows: loaded.map(|loaded| loaded.rows),
        drift: loaded.map(drift_view),
    }
}

fn column_view(column: &TableColumn, untyped: bool, seen: Option<&ColumnReport>) -> ColumnView {
    let strays = |seen: &ColumnReport| {
        let views = seen.strays.iter().map(|stray| StrayView {
            bson_type: stray.bson_type,
            count: stray.count,
            example: stray.example.clone(),
        });
        views.collect()
    };
    ColumnView {
        name: column.name.clone(),
        description: column.description.clone(),
        column_type: column.column_type.name(),
        declared: if untyped { "" } else { column.column_type.declared() },
        seen: seen.map(|seen| seen.types().collect()),
        nulls: seen.map(ColumnReport::nulls),
        strays: seen.map(strays),
        long_decimals: seen.map(|seen| seen.long_decimals),
        replaced_texts: seen.map(|seen| seen.replaced_texts),
    }
}

fn drift_view(loaded: &LoadedTable) -> DriftView {
    let report = &loaded.report;
    let unmapped = report.unmapped.iter();
    DriftView {
        unmapped: unmapped
            .map(|field| UnmappedView { path: field.path.clone(), count: field.count })
            .collect(),
        unmapped_beyond: report.unmapped_beyond,
        oversized_values: loaded.oversized_values + report.oversized,
        duplicate_fields: report.duplicate_fields,
        unwound_scalars: report.unwound_scalars,
        other_key_types: report.other_key_types,
    }
}
