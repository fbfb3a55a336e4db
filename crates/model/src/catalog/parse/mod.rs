//! From `catalog.toml` to a checked [`Catalog`]. Unknown keys are refused, and every complaint
//! names line, column, key and remedy.

mod filter;
mod operand;
mod reader;
mod table;
#[cfg(test)]
mod tests;

pub use reader::CatalogError;

use crate::limits::{COLUMN_NAME_BYTES_MAX, TABLES_MAX};
use crate::{Catalog, Path, TenantKeyType, TenantList};
use reader::{Fields, Node};

/// Keys of the file's top level.
pub const CATALOG_KEYS: &[&str] =
    &["tenant_key", "tenant_key_type", "tenants", "exclude", "tables"];
/// Keys of `tenants`.
pub const TENANTS_KEYS: &[&str] = &["collection", "key"];
/// Keys of a `[[tables]]`.
pub const TABLE_KEYS: &[&str] = &[
    "name",
    "description",
    "collection",
    "tenant_key",
    "shared",
    "filter",
    "unwind",
    "rest",
    "columns",
    "primary_key",
    "indexes",
];
/// Keys of a column.
pub const COLUMN_KEYS: &[&str] = &["name", "path", "as", "description"];

const KEY_TYPES: &[&str] = &["string", "objectid", "int", "uuid"];

/// What holds for the whole file and is needed to check its tables.
struct Frame {
    tenant_key: Option<Path>,
    exclude: Vec<Path>,
}

pub(super) fn parse(text: &str) -> Result<Catalog, CatalogError> {
    let parsed = reader::parse_toml(text)?;
    let top = reader::top(text, &parsed, CATALOG_KEYS)?;
    let exclude = exclude(&top)?;
    let tenant_key = match top.get("tenant_key") {
        Some(node) => Some(tenant_key(&node, &exclude)?),
        None => None,
    };
    let tenant_key_type = match top.get("tenant_key_type") {
        Some(node) => word(&node, KEY_TYPES, TenantKeyType::from_name)?,
        None => TenantKeyType::String,
    };
    let tenants = top.get("tenants").map(|node| tenants(&node)).transpose()?;
    let nodes = top.required("tables", "add at least one [[tables]]")?;
    let nodes = nodes.list("tables; write each as [[tables]]")?;
    if nodes.is_empty() {
        return Err(top.required("tables", "")?.error("add at least one [[tables]]"));
    }
    if let Some(beyond) = nodes.get(TABLES_MAX) {
        return Err(beyond.error(format!("a catalog has at most {TABLES_MAX} tables")));
    }
    let frame = Frame { tenant_key, exclude };
    let mut tables: Vec<crate::Table> = Vec::with_capacity(nodes.len());
    for node in &nodes {
        let table = table::table(node, &frame)?;
        if tables.iter().any(|other| other.name.eq_ignore_ascii_case(&table.name)) {
            let name = node.fields(TABLE_KEYS)?.required("name", "")?;
            return Err(name.error(format!(
                "two tables are called `{}` (SQLite ignores case, and shared tables stand beside \
                 the tenant's own); rename one",
                table.name
            )));
        }
        tables.push(table);
    }
    let exclude = frame.exclude;
    let version = String::new();
    let mut catalog = Catalog { tenants, tenant_key_type, exclude, tables, version };
    catalog.version = catalog.compute_version();
    Ok(catalog)
}

fn tenants(node: &Node<'_>) -> Result<TenantList, CatalogError> {
    let fields = node.fields(TENANTS_KEYS)?;
    let remedy = "write tenants = { collection = \"customers\", key = \"_id\" }";
    let collection = collection(&fields.required("collection", remedy)?)?;
    let key = path(&fields.required("key", remedy)?)?;
    Ok(TenantList { collection, key })
}

fn exclude(top: &Fields<'_>) -> Result<Vec<Path>, CatalogError> {
    let Some(node) = top.get("exclude") else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for node in node.list("paths in quotes")? {
        let text = node.string()?;
        let parsed = Path::parse(text).filter(|path| {
            // A `*` may stand for everything below a field, never for a field.
            let segments = path.segments();
            let stars = segments.iter().filter(|segment| segment.as_str() == "*").count();
            stars == 0 || (stars == 1 && segments.len() > 1 && text.ends_with(".*"))
        });
        match parsed {
            Some(path) if !paths.contains(&path) => paths.push(path),
            Some(_) => return Err(node.error("this path is excluded twice; remove one")),
            None => {
                return Err(node.error(
                    "a path is field names with dots between them, such as \"internal.notes\", or \
                     \"internal.*\" for everything below a field",
                ));
            }
        }
    }
    Ok(paths)
}

/// A path to the field that names the tenant.
fn tenant_key(node: &Node<'_>, exclude: &[Path]) -> Result<Path, CatalogError> {
    let path = path(node)?;
    match exclude.iter().find(|excluded| super::covers(excluded, &path)) {
        Some(excluded) => Err(node.error(format!(
            "`{path}` is excluded by `{excluded}`, but every document's tenant key must be read to \
             be checked; remove it from exclude"
        ))),
        None => Ok(path),
    }
}

/// A path of field names.
fn path(node: &Node<'_>) -> Result<Path, CatalogError> {
    let text = node.string()?;
    let path = Path::parse(text).ok_or_else(|| {
        node.error("a path is field names with dots between them, such as \"location.city\"")
    })?;
    if path.segments()[0].starts_with('$') {
        return Err(node.error(
            "no path begins with a dollar sign but \"$index\", the element's position, as a column \
             of a table with unwind",
        ));
    }
    if path.segments().iter().any(|segment| segment == "*") {
        return Err(node.error("`*` has a meaning in exclude only; name the field"));
    }
    Ok(path)
}

/// The name of a collection.
fn collection(node: &Node<'_>) -> Result<String, CatalogError> {
    let text = node.string()?;
    if text.is_empty() || text.contains(['\0', '$']) {
        return Err(node.error("name a collection: not empty, without dollar signs"));
    }
    Ok(text.to_owned())
}

/// A name that SQLite takes for a table or a column.
fn name(node: &Node<'_>) -> Result<String, CatalogError> {
    let text = node.string()?;
    if text.trim().is_empty() {
        return Err(node.error("a name must not be empty"));
    }
    if text.len() > COLUMN_NAME_BYTES_MAX {
        return Err(node.error(format!("a name has at most {COLUMN_NAME_BYTES_MAX} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(node.error("a name has no control characters"));
    }
    Ok(text.to_owned())
}

/// One of a list of words.
fn word<T>(
    node: &Node<'_>,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, CatalogError> {
    let text = node.string()?;
    parse(text).ok_or_else(|| {
        let near = reader::nearest(text, words.iter().copied());
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        node.error(format!("\"{text}\" is none of {}{near}", words.join(", ")))
    })
}
