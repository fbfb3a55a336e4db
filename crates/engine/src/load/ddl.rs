//! Table and index definitions, from the catalog.

use std::fmt::Write as _;

use model::{Catalog, ColumnPath, Table};

/// How a tenant's table differs from the catalog's; the default: not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableShape {
    /// Numbers of columns declared without a type, since their values would not survive it.
    pub untyped: Vec<usize>,
    /// The primary key is a plain index, since it has duplicates or NULLs.
    pub demoted_key: bool,
}

/// Columns from which a keyed table keeps its rowid: index trees move rows of more than a quarter
/// page to overflow pages, which wide rows are.
const WIDE_COLUMNS: usize = 64;

/// A name as an SQL identifier, whatever it holds.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether the table as shaped enforces its key, and so may leave rows out.
pub(super) fn enforces_key(table: &Table, shape: &TableShape) -> bool {
    !table.primary_key.is_empty() && !shape.demoted_key
}

/// `CREATE TABLE`, without its indexes.
pub(super) fn create_table(table: &Table, shape: &TableShape) -> String {
    let keyed = enforces_key(table, shape);
    let mut sql = format!("CREATE TABLE {} (", quoted(&table.name));
    for (number, column) in table.columns.iter().enumerate() {
        let separator = if number == 0 { "" } else { ", " };
        let typed = !shape.untyped.contains(&number);
        let declared = if typed { column.column_type.declared() } else { "" };
        let space = if declared.is_empty() { "" } else { " " };
        // A NULL in a key is a conflict; with a rowid SQLite would let it pass.
        let null = if keyed && table.primary_key.contains(&number) { " NOT NULL" } else { "" };
        let name = quoted(&column.name);
        // Writing to a String cannot fail.
        let _ = write!(sql, "{separator}{name}{space}{declared}{null}");
    }
    if keyed {
        let _ = write!(sql, ", PRIMARY KEY ({})", column_list(table, &table.primary_key));
    }
    sql.push(')');
    if without_rowid(table, shape) {
        sql.push_str(" WITHOUT ROWID");
    }
    sql
}

/// Whether the table as shaped is stored by its key.
pub(super) fn without_rowid(table: &Table, shape: &TableShape) -> bool {
    enforces_key(table, shape) && !is_wide(table)
}

fn is_wide(table: &Table) -> bool {
    table.columns.len() >= WIDE_COLUMNS
        || table.columns.iter().any(|column| column.path == ColumnPath::Rest)
}

fn column_list(table: &Table, columns: &[usize]) -> String {
    let names: Vec<String> = columns.iter().map(|&c| quoted(&table.columns[c].name)).collect();
    names.join(", ")
}

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) create: String,
}

/// The indexes of a table as shaped. Names depend on the catalog alone.
pub(super) fn indexes(catalog: &Catalog, number: usize, shape: &TableShape) -> Vec<Index> {
    let table = &catalog.tables[number];
    let mut lists: Vec<&[usize]> = Vec::new();
    if shape.demoted_key && !table.primary_key.is_empty() {
        lists.push(&table.primary_key);
    }
    lists.extend(table.indexes.iter().map(Vec::as_slice));
    let mut kept: Vec<&[usize]> = Vec::new();
    for list in lists {
        if !list.is_empty() && !kept.contains(&list) {
            kept.push(list);
        }
    }
    kept.iter()
        .enumerate()
        .map(|(ordinal, columns)| {
            let name = index_name(catalog, number, ordinal);
            let (quoted_name, quoted_table) = (quoted(&name), quoted(&table.name));
            let columns = column_list(table, columns);
            let create = format!("CREATE INDEX {quoted_name} ON {quoted_table} ({columns})");
            Index { name, create }
        })
        .collect()
}

/// A name that no table and no other table's index has: `TABLE_index_N`, with underscores added
/// while a table is called so. Two tables clash only if one's name is the other's plus
/// underscores, which the table's number settles.
fn index_name(catalog: &Catalog, number: usize, ordinal: usize) -> String {
    let mut name = format!("{}_index_{number}_{ordinal}", catalog.tables[number].name);
    while catalog.table(&name).is_some() {
        name.push('_');
    }
    name
}

/// The statement that stores a row, leaving out one whose key is NULL or there already: a failing
/// statement could not be undone without a journal.
pub(super) fn insert(table: &Table) -> String {
    let marks = vec!["?"; table.columns.len()].join(",");
    format!("INSERT OR IGNORE INTO {} VALUES ({marks})", quoted(&table.name))
}
