//! One `[[tables]]` and its columns.

use super::reader::{CatalogError, Fields, Node, nearest};
use super::{COLUMN_KEYS, Frame, TABLE_KEYS, collection, filter, name, path, tenant_key, word};
use crate::limits::{COLUMNS_MAX, INDEXES_MAX};
use crate::{ColumnPath, ColumnType, Path, Table, TableColumn};

const TYPES: &[&str] = &[
    "text", "integer", "real", "datetime", "unixms", "decimal", "scaled:N", "blob", "json", "any",
];

pub(super) fn table(node: &Node<'_>, frame: &Frame) -> Result<Table, CatalogError> {
    let fields = node.fields(TABLE_KEYS)?;
    let shared = fields.get("shared").map_or(Ok(false), |node| node.boolean())?;
    let unwind = fields.get("unwind").map(|node| path(&node)).transpose()?;
    if let (Some(unwind), Some(node)) = (&unwind, fields.get("unwind")) {
        refuse_excluded(&node, unwind, &frame.exclude)?;
    }
    let mut columns = columns(&fields, unwind.is_some(), frame)?;
    if let Some(rest) = rest(&fields, &columns)? {
        columns.push(rest);
    }
    let primary_key = match fields.get("primary_key") {
        Some(node) => column_numbers(&node, &columns)?,
        None => Vec::new(),
    };
    Ok(Table {
        name: table_name(&fields)?,
        description: description(&fields)?,
        collection: collection(&fields.required("collection", "name the collection to read")?)?,
        tenant_key: key_of_table(node, &fields, shared, frame)?,
        filter: fields.get("filter").map(|node| filter::parse(&node)).transpose()?,
        unwind,
        shared,
        indexes: indexes(&fields, &columns)?,
        columns,
        primary_key,
    })
}

fn table_name(fields: &Fields<'_>) -> Result<String, CatalogError> {
    let node = fields.required("name", "name the table as SQL will call it")?;
    let name = name(&node)?;
    if name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_")) {
        return Err(node.error("SQLite keeps names that begin with sqlite_ for itself; rename it"));
    }
    Ok(name)
}

fn description(fields: &Fields<'_>) -> Result<Option<String>, CatalogError> {
    let text = fields.get("description").map(|node| node.string()).transpose()?;
    Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
}

fn key_of_table(
    node: &Node<'_>,
    fields: &Fields<'_>,
    shared: bool,
    frame: &Frame,
) -> Result<Path, CatalogError> {
    match (fields.get("tenant_key"), shared, &frame.tenant_key) {
        (Some(own), true, _) => Err(own.error(
            "a shared table belongs to no tenant; remove tenant_key, or shared if its documents \
             are the tenants'",
        )),
        (None, true, _) => Ok(Path::from_segments(Vec::new())),
        (Some(own), false, _) => tenant_key(&own, &frame.exclude),
        (None, false, Some(key)) => Ok(key.clone()),
        (None, false, None) => Err(node.error(
            "which field names the tenant? Set tenant_key at the top of the file or in this table, \
             or shared = true if the documents belong to no tenant",
        )),
    }
}

fn columns(
    fields: &Fields<'_>,
    unwound: bool,
    frame: &Frame,
) -> Result<Vec<TableColumn>, CatalogError> {
    let remedy = "list at least one column, such as { name = \"id\", path = \"_id\" }";
    let list = fields.required("columns", remedy)?;
    let nodes = list.list("columns")?;
    if nodes.is_empty() {
        return Err(list.error(remedy));
    }
    if let Some(beyond) = nodes.get(COLUMNS_MAX) {
        return Err(beyond.error(format!("a table has at most {COLUMNS_MAX} columns")));
    }
    let mut columns: Vec<TableColumn> = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let own = node.fields(COLUMN_KEYS)?;
        let column = column(&own, unwound, frame)?;
        if has(&columns, &column.name) {
            return Err(own.required("name", "")?.error(format!(
                "two columns of this table are called `{}` (SQLite ignores case); rename one",
                column.name
            )));
        }
        columns.push(column);
    }
    Ok(columns)
}

fn column(own: &Fields<'_>, unwound: bool, frame: &Frame) -> Result<TableColumn, CatalogError> {
    let node = own.required("path", "the field to read, such as \"location.city\"")?;
    let path = match node.string()? {
        "$index" if unwound => ColumnPath::Index,
        "$index" => {
            return Err(node
                .error("$index is the position in an unwound array; set unwind, or name a field"));
        }
        _ => ColumnPath::Field(path(&node)?),
    };
    if let ColumnPath::Field(path) = &path {
        refuse_excluded(&node, path, &frame.exclude)?;
    }
    let column_type = match own.get("as") {
        Some(node) => column_type(&node)?,
        None if path == ColumnPath::Index => ColumnType::Integer,
        None => ColumnType::Any,
    };
    let name = name(&own.required("name", "name the column as SQL will call it")?)?;
    Ok(TableColumn { name, path, column_type, description: description(own)? })
}

fn refuse_excluded(node: &Node<'_>, path: &Path, exclude: &[Path]) -> Result<(), CatalogError> {
    match exclude.iter().find(|excluded| super::super::covers(excluded, path)) {
        Some(excluded) => Err(node.error(format!(
            "`{path}` is excluded by `{excluded}`; remove it here, or there if tenants may see it"
        ))),
        None => Ok(()),
    }
}

fn column_type(node: &Node<'_>) -> Result<ColumnType, CatalogError> {
    match node.string()?.strip_prefix("scaled:") {
        Some(digits) => match digits.parse::<u8>() {
            // 10^18 is the largest power of ten in 64 bits; "+2" and "02" are not forms of 2.
            Ok(scale @ 0..=18) if scale.to_string() == digits => Ok(ColumnType::Scaled(scale)),
            _ => Err(node.error("scaled:N takes a whole N from 0 to 18, such as \"scaled:2\"")),
        },
        None => word(node, TYPES, ColumnType::from_catalog_word),
    }
}

fn rest(fields: &Fields<'_>, columns: &[TableColumn]) -> Result<Option<TableColumn>, CatalogError> {
    let Some(node) = fields.get("rest") else { return Ok(None) };
    if node.string()?.is_empty() {
        return Ok(None);
    }
    let name = name(&node)?;
    if has(columns, &name) {
        return Err(node.error(format!("a column is called `{name}` already; rename one")));
    }
    let (path, column_type) = (ColumnPath::Rest, ColumnType::Json);
    Ok(Some(TableColumn { name, path, column_type, description: None }))
}

fn indexes(fields: &Fields<'_>, columns: &[TableColumn]) -> Result<Vec<Vec<usize>>, CatalogError> {
    let Some(node) = fields.get("indexes") else { return Ok(Vec::new()) };
    let nodes = node.list("indexes, each a list of column names, such as [[\"serial\"]]")?;
    if let Some(beyond) = nodes.get(INDEXES_MAX) {
        return Err(beyond.error(format!("a table has at most {INDEXES_MAX} indexes")));
    }
    let mut indexes = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let index = column_numbers(node, columns)?;
        if indexes.contains(&index) {
            return Err(node.error("this index is listed twice; remove one"));
        }
        indexes.push(index);
    }
    Ok(indexes)
}

/// The numbers of the columns that a list names.
fn column_numbers(node: &Node<'_>, columns: &[TableColumn]) -> Result<Vec<usize>, CatalogError> {
    let nodes = node.list("column names, such as [\"id\"]")?;
    if nodes.is_empty() {
        return Err(node.error("name at least one column, or leave the list out"));
    }
    let mut numbers = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let name = node.string()?;
        let number = columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        match number {
            Some(number) if columns[number].path == ColumnPath::Rest => {
                return Err(node.error("the rest column cannot be part of a key or an index"));
            }
            Some(number) if numbers.contains(&number) => {
                return Err(node.error(format!("`{name}` is named twice; remove one")));
            }
            Some(number) => numbers.push(number),
            None => {
                let names = columns.iter().map(|column| column.name.as_str());
                let near = nearest(name, names).map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_else(|| "; name one of its columns".to_owned());
                return Err(node.error(format!("this table has no column `{name}`{near}")));
            }
        }
    }
    Ok(numbers)
}

fn has(columns: &[TableColumn], name: &str) -> bool {
    columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
}
