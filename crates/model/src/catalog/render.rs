//! From a [`Catalog`] to `catalog.toml`: the one canonical text, which parses back to the same
//! catalog, with notes as comments for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Catalog, ColumnPath, Filter, FilterValue, Path, Table};
use crate::{ColumnType, Timestamp};

/// Comments to write beside a catalog. A line may be anything; it is made fit for TOML.
pub trait Notes {
    /// Lines at the top of the file.
    fn head(&self) -> Vec<String> {
        Vec::new()
    }
    /// A note beside an entry of `exclude`.
    fn excluded(&self, _entry: usize) -> Option<String> {
        None
    }
    /// Lines above a table.
    fn table(&self, _table: usize) -> Vec<String> {
        Vec::new()
    }
    /// A note beside a column.
    fn column(&self, _table: usize, _column: usize) -> Option<String> {
        None
    }
    /// Lines at the end of the file.
    fn tail(&self) -> Vec<String> {
        Vec::new()
    }
}

struct NoNotes;

impl Notes for NoNotes {}

impl Catalog {
    /// The catalog as TOML, without comments. Parsing it gives this catalog again.
    pub fn to_toml(&self) -> String {
        self.to_toml_with(&NoNotes)
    }

    /// The catalog as TOML with comments.
    pub fn to_toml_with(&self, notes: &dyn Notes) -> String {
        let mut out = String::new();
        comment_lines(&mut out, notes.head());
        let tenant_key = self.common_tenant_key();
        if let Some(key) = &tenant_key {
            assign(&mut out, "tenant_key", &quote(&key.to_string()));
        }
        assign(&mut out, "tenant_key_type", &quote(self.tenant_key_type.name()));
        if let Some(tenants) = &self.tenants {
            let (collection, key) = (quote(&tenants.collection), quote(&tenants.key.to_string()));
            assign(&mut out, "tenants", &format!("{{ collection = {collection}, key = {key} }}"));
        }
        if !self.exclude.is_empty() {
            out.push_str("exclude = [\n");
            for (entry, path) in self.exclude.iter().enumerate() {
                let note = notes.excluded(entry).map(|note| format!("  # {}", fit(&note)));
                line(
                    &mut out,
                    &format!("  {},{}", quote(&path.to_string()), note.unwrap_or_default()),
                );
            }
            out.push_str("]\n");
        }
        for number in 0..self.tables.len() {
            self.table_toml(&mut out, number, tenant_key.as_ref(), notes);
        }
        let tail = notes.tail();
        if !tail.is_empty() {
            out.push('\n');
            comment_lines(&mut out, tail);
        }
        out
    }

    /// The tenant key that most tables have; of equals, the first.
    fn common_tenant_key(&self) -> Option<Path> {
        let keys: Vec<&Path> = self
            .tables
            .iter()
            .filter(|table| !table.shared)
            .map(|table| &table.tenant_key)
            .collect();
        let count = |key: &Path| keys.iter().filter(|other| **other == key).count();
        let most = keys.iter().map(|key| count(key)).max()?;
        keys.iter().find(|key| count(key) == most).map(|key| (*key).clone())
    }

    fn table_toml(
        &self,
        out: &mut String,
        number: usize,
        common: Option<&Path>,
        notes: &dyn Notes,
    ) {
        let table = &self.tables[number];
        out.push('\n');
        comment_lines(out, notes.table(number));
        out.push_str("[[tables]]\n");
        assign(out, "name", &quote(&table.name));
        if let Some(description) = &table.description {
            assign(out, "description", &quote(description));
        }
        assign(out, "collection", &quote(&table.collection));
        if table.shared {
            assign(out, "shared", "true");
        } else if Some(&table.tenant_key) != common {
            assign(out, "tenant_key", &quote(&table.tenant_key.to_string()));
        }
        if let Some(filter) = &table.filter {
            assign(out, "filter", &quote_literally(&filter.to_json().to_string()));
        }
        if let Some(unwind) = &table.unwind {
            assign(out, "unwind", &quote(&unwind.to_string()));
        }
        if let Some(rest) = table.columns.iter().find(|column| column.path == ColumnPath::Rest) {
            assign(out, "rest", &quote(&rest.name));
        }
        columns_toml(out, table, |column| notes.column(number, column));
        if !table.primary_key.is_empty() {
            assign(out, "primary_key", &table.names_toml(&table.primary_key));
        }
        if !table.indexes.is_empty() {
            let indexes: Vec<String> =
                table.indexes.iter().map(|index| table.names_toml(index)).collect();
            assign(out, "indexes", &format!("[{}]", indexes.join(", ")));
        }
    }
}

impl Table {
    fn names_toml(&self, columns: &[usize]) -> String {
        let names: Vec<String> = columns.iter().map(|i| quote(&self.columns[*i].name)).collect();
        format!("[{}]", names.join(", "))
    }
}

/// The columns, one a line, in aligned parts.
fn columns_toml(out: &mut String, table: &Table, note: impl Fn(usize) -> Option<String>) {
    let mut rows: Vec<(usize, [String; 3])> = Vec::new();
    for (number, column) in table.columns.iter().enumerate() {
        let (path, default) = match &column.path {
            ColumnPath::Field(path) => (path.to_string(), ColumnType::Any),
            ColumnPath::Index => ("$index".to_owned(), ColumnType::Integer),
            ColumnPath::Rest => continue,
        };
        let mut rest = Vec::new();
        if column.column_type != default {
            rest.push(format!("as = {}", quote(&column.column_type.catalog_word())));
        }
        if let Some(description) = &column.description {
            rest.push(format!("description = {}", quote(description)));
        }
        let comma = if rest.is_empty() { "" } else { "," };
        let path = format!("{}{comma}", quote(&path));
        rows.push((number, [quote(&column.name) + ",", path, rest.join(", ")]));
    }
    let width = |part: usize| rows.iter().map(|row| row.1[part].chars().count()).max().unwrap_or(0);
    let (names, paths, rests) = (width(0), width(1), width(2));
    out.push_str("columns = [\n");
    for (number, [name, path, rest]) in &rows {
        let text = format!("  {{ name = {name:names$} path = {path:paths$} {rest:rests$} }},");
        let note = note(*number).map(|note| format!("  # {}", fit(&note))).unwrap_or_default();
        line(out, &(text + &note));
    }
    out.push_str("]\n");
}

fn assign(out: &mut String, key: &str, value: &str) {
    line(out, &format!("{key} = {value}"));
}

fn comment_lines(out: &mut String, lines: Vec<String>) {
    for text in lines {
        line(out, format!("# {}", fit(&text)).trim_end());
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A comment may hold neither line ends nor control characters.
fn fit(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A TOML basic string.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A TOML literal string where the text allows it: JSON is unreadable with every quote escaped.
fn quote_literally(text: &str) -> String {
    if text.contains(|c: char| c == '\'' || c.is_control()) {
        quote(text)
    } else {
        format!("'{text}'")
    }
}

impl Filter {
    /// The filter as MongoDB's JSON, which a catalog's `filter` takes as a string. A relative date
    /// stays relative.
    pub fn to_json(&self) -> Value {
        let all = |filters: &[Filter]| Value::Array(filters.iter().map(Filter::to_json).collect());
        let one = |path: &Path, operator: &str, value: Value| json!({ path.to_string(): { operator: value } });
        match self {
            Filter::And(filters) => json!({ "$and": all(filters) }),
            Filter::Or(filters) => json!({ "$or": all(filters) }),
            Filter::Not(filter) => json!({ "$not": filter.to_json() }),
            Filter::Compare(path, comparison, value) => {
                one(path, comparison.operator(), value.to_json())
            }
            Filter::In(path, values) => {
                one(path, "$in", Value::Array(values.iter().map(FilterValue::to_json).collect()))
            }
            Filter::Exists(path, exists) => one(path, "$exists", json!(exists)),
        }
    }
}

impl FilterValue {
    fn to_json(&self) -> Value {
        match self {
            FilterValue::Null => Value::Null,
            FilterValue::Bool(boolean) => json!(boolean),
            FilterValue::Integer(integer) => json!(integer),
            FilterValue::Real(real) => json!(real),
            FilterValue::Text(text) => json!(text),
            FilterValue::ObjectId(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                json!({ "$oid": hex })
            }
            FilterValue::Date(ms) => {
                let text = Timestamp(*ms).to_string();
                // Outside the years 0-9999 there is no text form.
                match Timestamp::parse(&text) {
                    Some(_) => json!({ "$date": text }),
                    None => json!({ "$date": ms }),
                }
            }
            FilterValue::DateFromNow(ms) => json!({ "$date": format!("now{}", shift(*ms)) }),
        }
    }
}

/// A shift in the largest unit that says it exactly; the file knows none below the second.
fn shift(ms: i64) -> String {
    let units = [(86_400_000, 'd'), (3_600_000, 'h'), (60_000, 'm'), (1_000, 's')];
    match units.into_iter().find(|(unit_ms, _)| ms % unit_ms == 0) {
        Some((unit_ms, unit)) => format!("{:+}{unit}", ms / unit_ms),
        None => format!("{:+}s", ms / 1000),
    }
}
