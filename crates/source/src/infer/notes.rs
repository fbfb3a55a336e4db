//! What an inferred catalog says in its comments.

use model::{Catalog, catalog::Notes};

use super::observe::Field;

/// The comments of an inferred catalog.
#[derive(Debug, Default)]
pub(super) struct Comments {
    pub(super) head: Vec<String>,
    pub(super) excluded: Vec<String>,
    pub(super) tables: Vec<Vec<String>>,
    pub(super) columns: Vec<Vec<String>>,
    pub(super) tail: Vec<String>,
}

impl Notes for Comments {
    fn head(&self) -> Vec<String> {
        self.head.clone()
    }
    fn excluded(&self, entry: usize) -> Option<String> {
        self.excluded.get(entry).cloned()
    }
    fn table(&self, table: usize) -> Vec<String> {
        self.tables.get(table).cloned().unwrap_or_default()
    }
    fn column(&self, table: usize, column: usize) -> Option<String> {
        self.columns.get(table)?.get(column).cloned()
    }
    fn tail(&self) -> Vec<String> {
        self.tail.clone()
    }
}

/// The lines of a catalog's tables, without what stands above the first of them.
pub(super) fn table_lines(catalog: &Catalog, notes: &Comments) -> Vec<String> {
    let toml = catalog.to_toml_with(notes);
    let lines = toml.lines().skip_while(|line| !line.starts_with("[[tables]]"));
    lines.map(str::to_owned).collect()
}

/// `980 string, 3 null`.
pub(super) fn types(field: &Field) -> String {
    let mut types: Vec<(&str, u64)> = field
        .types()
        .map(|(kind, count)| (if field.uuids == count { "uuid" } else { kind.name() }, count))
        .collect();
    types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    types.iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
}

/// `980 string, 3 null; in 98.3 %; e.g. "SN-0001"`.
pub(super) fn column(field: &Field, documents: u64) -> String {
    let mut note = types(field);
    if field.present < documents {
        note.push_str(&format!("; in {}", share(field.present, documents)));
    }
    let examples = field.examples();
    if !examples.is_empty() {
        note.push_str(&format!("; e.g. {}", examples.join(", ")));
    }
    note
}

/// `part` of `whole` for people: never "100 %" unless it is all, nor "0 %" unless it is none.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part >= whole {
        return "all of the documents".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    match (part, tenths) {
        (0, _) => "none of the documents".to_owned(),
        (_, 0) => "less than 0.1 % of the documents".to_owned(),
        _ => format!("{}.{} % of the documents", tenths / 10, tenths % 10),
    }
}
