//! From statistics to tables: a collection's own, and one for each array of documents in it.

use std::collections::{BTreeMap, BTreeSet};

use model::limits::{COLUMNS_MAX, INFER_INDEXES_MAX};
use model::{ColumnPath, ColumnType, Path, Table, TableColumn};

use super::column::{Shape, column_type, mappable, shape};
use super::naming::{Names, is_reference, looks_secret, singular};
use super::notes;
use super::observe::{Field, Fields};
use crate::raw::Kind;

/// A table with what is to be said of it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) table: Table,
    /// Lines above the table.
    pub(super) remarks: Vec<String>,
    /// One per column.
    pub(super) notes: Vec<String>,
}

/// What the drafting of all collections shares.
#[derive(Debug, Default)]
pub(super) struct Drafting {
    /// Names of tables.
    pub(super) names: Names,
    /// Fields that look secret, with a note.
    pub(super) secrets: BTreeMap<Path, String>,
    /// The types of `_id` of all collections.
    pub(super) id_kinds: BTreeSet<Kind>,
}

/// A collection to draft.
pub(super) struct Subject<'a> {
    pub(super) collection: &'a str,
    pub(super) fields: &'a Fields,
    /// `None` for a shared table.
    pub(super) tenant_key: Option<&'a Path>,
}

/// The columns of a table being drafted.
#[derive(Default)]
struct Columns {
    names: Names,
    /// How many names of a path lead to the rows: those of the array, for a child table.
    top: usize,
    columns: Vec<TableColumn>,
    notes: Vec<String>,
    references: Vec<usize>,
    beyond: usize,
    unmappable: Vec<String>,
}

/// An array that becomes a child table.
struct Child<'a> {
    path: Vec<String>,
    field: &'a Field,
    fields: &'a Fields,
}

/// Embedded documents of more names than are looked at.
pub(super) fn wide_paths(fields: &Fields, prefix: &[String]) -> Vec<String> {
    if fields.wide {
        return vec![prefix.join(".")];
    }
    let below = fields.in_order().into_iter().flat_map(|(name, field)| {
        let path = [prefix, &[name.to_owned()]].concat();
        field.below().into_iter().flat_map(move |inner| wide_paths(inner, &path))
    });
    below.collect()
}

impl Drafting {
    /// Collects the fields below `prefix` that look secret; `spare` never does.
    pub(super) fn note_secrets(&mut self, fields: &Fields, prefix: &[String], spare: &Path) {
        for (name, field) in fields.in_order() {
            if !mappable(name) || (prefix.is_empty() && (name.starts_with('$') || name == "_id")) {
                continue;
            }
            let path = [prefix, &[name.to_owned()]].concat();
            if looks_secret(name) && !spare.segments().starts_with(&path) {
                // No example: the note must not tell the secret.
                let note = notes::types(field);
                self.secrets.entry(Path::from_segments(path)).or_insert(note);
                continue;
            }
            field.below().into_iter().for_each(|f| self.note_secrets(f, &path, spare));
        }
    }

    /// The tables of a collection: its own, then its arrays'.
    pub(super) fn draft(&mut self, subject: &Subject<'_>) -> Vec<Draft> {
        let own_name = self.names.take(&[subject.collection]);
        let mut columns = Columns::default();
        let mut children = Vec::new();
        let ids = self.id_columns(subject, &mut columns);
        self.walk(subject.fields, &[], subject, &mut columns, &mut children);
        let mut drafts = vec![columns.finish(&own_name, subject, None, ids)];
        for child in children {
            let parent = singular(&own_name);
            let mut words = vec![parent.as_str()];
            words.extend(child.path.iter().map(String::as_str));
            let name = self.names.take(&words);
            drafts.push(self.draft_child(&name, &parent, subject, &child));
        }
        drafts
    }

    /// The `_id` column first, so that it gets the name `id`.
    fn id_columns(&mut self, subject: &Subject<'_>, columns: &mut Columns) -> Vec<usize> {
        let Some(id) = subject.fields.get("_id") else { return Vec::new() };
        let name = columns.names.take(&["id"]);
        columns.push(
            name,
            vec!["_id".to_owned()],
            column_type(id),
            notes::column(id, subject.fields.documents),
        );
        vec![0]
    }

    fn draft_child(
        &mut self,
        name: &str,
        parent: &str,
        subject: &Subject<'_>,
        child: &Child<'_>,
    ) -> Draft {
        let mut columns = Columns { top: child.path.len(), ..Columns::default() };
        let mut keys = Vec::new();
        if let Some(id) = subject.fields.get("_id") {
            let name = columns.names.take(&[parent, "id"]);
            let note = format!("the {parent}'s id");
            columns.push(name, vec!["_id".to_owned()], column_type(id), note);
            keys.push(0);
        }
        let ordinal = columns.names.take(&["ordinal"]);
        keys.push(columns.columns.len());
        columns.notes.push("position in the array, from 0".to_owned());
        columns.columns.push(TableColumn {
            name: ordinal,
            path: ColumnPath::Index,
            column_type: ColumnType::Integer,
            description: None,
        });
        self.walk(child.fields, &child.path, subject, &mut columns, &mut Vec::new());
        if keys.len() < 2 {
            keys.clear();
        }
        let mut draft = columns.finish(name, subject, Some(&child.path), keys);
        let documents = child.field.count(Kind::Array);
        draft
            .remarks
            .insert(0, format!("{} elements in {documents} arrays", child.fields.documents));
        draft
    }

    /// Columns for the fields of `fields`, which lie at `prefix`; arrays of documents to `children`.
    fn walk<'a>(
        &self,
        fields: &'a Fields,
        prefix: &[String],
        subject: &Subject<'_>,
        columns: &mut Columns,
        children: &mut Vec<Child<'a>>,
    ) {
        let top = columns.top;
        for (name, field) in fields.in_order() {
            let path = [prefix, &[name.to_owned()]].concat();
            if !mappable(name) || (prefix.is_empty() && name.starts_with('$')) {
                columns.unmappable.push(path.join("."));
                continue;
            }
            let place = Path::from_segments(path.clone());
            let is_key = subject.tenant_key == Some(&place);
            if self.secrets.contains_key(&place) || (is_key && name != "_id") {
                continue;
            }
            let depth = path.len() - top;
            match shape(field, depth, top > 0) {
                Shape::Flat(fields) => self.walk(fields, &path, subject, columns, children),
                Shape::Child(fields) => children.push(Child { path, field, fields }),
                Shape::Column(_) if prefix.is_empty() && name == "_id" => {}
                Shape::Column(column_type) => {
                    let words: Vec<&str> = path[top..].iter().map(String::as_str).collect();
                    let column = columns.names.take(&words);
                    if self.refers(name, field) {
                        columns.references.push(columns.columns.len());
                    }
                    columns.push(column, path, column_type, notes::column(field, fields.documents));
                }
            }
        }
    }

    /// Whether the field refers to another document: by its name, and by having the type of ids.
    fn refers(&self, name: &str, field: &Field) -> bool {
        let scalars =
            field.types().filter(|(kind, _)| !matches!(kind, Kind::Null | Kind::Undefined));
        let mut kinds = scalars.map(|(kind, _)| kind).peekable();
        is_reference(name)
            && kinds.peek().is_some()
            && kinds.all(|kind| self.id_kinds.contains(&kind))
    }
}

impl Columns {
    fn push(&mut self, name: String, path: Vec<String>, column_type: ColumnType, note: String) {
        if self.columns.len() >= COLUMNS_MAX {
            self.beyond += 1;
            return;
        }
        let path = ColumnPath::Field(Path::from_segments(path));
        self.columns.push(TableColumn { name, path, column_type, description: None });
        self.notes.push(note);
    }

    fn finish(
        self,
        name: &str,
        subject: &Subject<'_>,
        unwind: Option<&[String]>,
        primary_key: Vec<usize>,
    ) -> Draft {
        let mut remarks = Vec::new();
        if unwind.is_none() {
            remarks.push(format!("{} documents seen", subject.fields.documents));
            if subject.fields.beyond > 0 {
                remarks.push(format!(
                    "{} fields beyond the bound of names were not looked at",
                    subject.fields.beyond
                ));
            }
        }
        if self.beyond > 0 {
            remarks
                .push(format!("{} more columns than a table may have were left out", self.beyond));
        }
        for path in self.unmappable.iter().take(5) {
            remarks.push(format!("the field {path:?} cannot be mapped: no path can name it"));
        }
        let references = self.references.into_iter().filter(|column| *column < COLUMNS_MAX);
        let indexes = references.take(INFER_INDEXES_MAX).map(|column| vec![column]).collect();
        let table = Table {
            name: name.to_owned(),
            description: None,
            collection: subject.collection.to_owned(),
            tenant_key: subject.tenant_key.cloned().unwrap_or(Path::from_segments(Vec::new())),
            filter: None,
            unwind: unwind.map(|path| Path::from_segments(path.to_vec())),
            shared: subject.tenant_key.is_none(),
            columns: self.columns,
            primary_key,
            indexes,
        };
        Draft { table, remarks, notes: self.notes }
    }
}
