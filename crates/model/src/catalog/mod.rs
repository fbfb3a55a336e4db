//! The catalog: which tables a tenant has, and which documents and fields fill them (INTERFACE §1).
//! The structures as everyone uses them, already checked; `parse` makes them from TOML.

mod filter;
pub mod parse;
mod path;
mod render;
mod table_set;
mod version;

pub use filter::{Comparison, Filter, FilterValue};
pub use parse::CatalogError;
pub use path::Path;
pub use render::Notes;
pub use table_set::TableSet;

use crate::{ColumnType, TenantKeyType};

/// A checked catalog. Two replicas given the same file have the same [`Catalog::version`].
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    /// Where the list of tenants lies; without it every tenant exists.
    pub tenants: Option<TenantList>,
    /// How tenant ids are written. One for the whole catalog: the id in the URL has one form.
    pub tenant_key_type: TenantKeyType,
    /// Fields never mapped and never in a rest column. A trailing `*` segment covers all below.
    pub exclude: Vec<Path>,
    /// The tables; a table's index in this list is its number in a [`TableSet`].
    pub tables: Vec<Table>,
    /// Hash of the catalog's meaning: 16 hex digits.
    pub version: String,
}

/// The collection that lists the tenants there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantList {
    /// MongoDB's collection.
    pub collection: String,
    /// The field that holds the tenant's key.
    pub key: Path,
}

/// One table: a mapping from a collection's documents, or from the elements of one of their
/// arrays, to rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The table's name in SQLite.
    pub name: String,
    /// For report authors.
    pub description: Option<String>,
    /// MongoDB's collection.
    pub collection: String,
    /// The field that names the tenant in every document; of no meaning for shared tables.
    pub tenant_key: Path,
    /// Which documents, besides the tenant's own.
    pub filter: Option<Filter>,
    /// The array whose elements are the rows; `None`: the documents are.
    pub unwind: Option<Path>,
    /// Reference data without a tenant, visible to every tenant.
    pub shared: bool,
    /// The columns; a rest column, where wanted, is the last.
    pub columns: Vec<TableColumn>,
    /// Column numbers of the primary key; empty for none.
    pub primary_key: Vec<usize>,
    /// Column numbers of each index.
    pub indexes: Vec<Vec<usize>>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    /// The column's name in SQLite.
    pub name: String,
    /// Where its values come from.
    pub path: ColumnPath,
    /// Its logical type: `as` in the file; [`ColumnType::Any`] where the file says nothing.
    pub column_type: ColumnType,
    /// For report authors.
    pub description: Option<String>,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnPath {
    /// A field, from the document's top (also for fields below an unwound array).
    Field(Path),
    /// The element's position in the unwound array, from 0 (`$index`).
    Index,
    /// Every unmapped, unexcluded field as one JSON object.
    Rest,
}

impl Catalog {
    /// Reads and checks a `catalog.toml`.
    ///
    /// # Errors
    /// The first fault found, with its place and remedy.
    pub fn parse(toml: &str) -> Result<Catalog, CatalogError> {
        parse::parse(toml)
    }

    /// Whether the field at `path` is excluded: never mapped, never in a rest column.
    pub fn excludes(&self, path: &Path) -> bool {
        self.exclude.iter().any(|excluded| covers(excluded, path))
    }

    /// The table called `name`, as SQLite compares names: ASCII case does not matter.
    pub fn table(&self, name: &str) -> Option<(usize, &Table)> {
        self.tables.iter().enumerate().find(|(_, table)| table.name.eq_ignore_ascii_case(name))
    }

    /// The numbers of all tables that hold tenants' data.
    pub fn tenant_tables(&self) -> TableSet {
        self.select(|table| !table.shared)
    }

    /// The numbers of all shared tables.
    pub fn shared_tables(&self) -> TableSet {
        self.select(|table| table.shared)
    }

    fn select(&self, wanted: impl Fn(&Table) -> bool) -> TableSet {
        self.tables.iter().enumerate().filter(|(_, table)| wanted(table)).map(|(i, _)| i).collect()
    }
}

/// Whether an entry of `exclude` covers the field at `path`: the field and all below it. A trailing
/// `*` says the same: a source can leave out a field only as a whole.
fn covers(excluded: &Path, path: &Path) -> bool {
    let segments = match excluded.segments() {
        [above @ .., last] if last == "*" => above,
        whole => whole,
    };
    path.segments().starts_with(segments)
}
