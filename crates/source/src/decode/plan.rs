//! A table's columns, tenant key, exclusions and unwound array as one tree of field names, so that
//! one pass over a document finds them all.

use std::collections::HashMap;

use model::{Catalog, ColumnPath, ColumnType, Path, Table};

use crate::json::Fields;

/// What a field name leads to.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// Columns that take the field's own value.
    pub(super) columns: Vec<usize>,
    /// The node for what lies below, if something below matters.
    pub(super) child: Option<usize>,
    /// Never shown.
    pub(super) excluded: bool,
    /// The array whose elements are the rows.
    pub(super) unwound: bool,
    /// The tenant's key.
    pub(super) tenant_key: bool,
    /// The tenant's key lies below.
    pub(super) above_tenant_key: bool,
    /// Another table of the collection maps it: not to be reported as unmapped.
    pub(super) elsewhere: bool,
}

impl Field {
    /// The column that it fills, if it does nothing else.
    pub(super) fn only_column(&self) -> Option<usize> {
        let plain = self.child.is_none() && !self.excluded && !self.unwound && !self.tenant_key;
        match self.columns.as_slice() {
            [column] if plain && !self.above_tenant_key => Some(*column),
            _ => None,
        }
    }
}

/// The fields of one embedded document that matter.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Numbers of fields, by name.
    pub(super) fields: HashMap<Box<[u8]>, usize>,
    /// The path of the document, with a dot behind unless empty.
    pub(super) prefix: String,
    /// Whether its unmapped fields are reported and go into the rest column.
    pub(super) reported: bool,
    /// Columns in it and below.
    pub(super) columns: Vec<usize>,
}

/// The compiled table.
#[derive(Debug)]
pub(super) struct Plan {
    /// The nodes; the first is the document's top.
    pub(super) nodes: Vec<Node>,
    pub(super) fields: Vec<Field>,
    /// The type of each column.
    pub(super) types: Vec<ColumnType>,
    /// Each column's path as text, for reports.
    pub(super) paths: Vec<String>,
    pub(super) unwind: bool,
    /// The column that holds the element's position.
    pub(super) index: Vec<usize>,
    /// Columns that take their values from the unwound element.
    pub(super) element_columns: Vec<usize>,
    pub(super) rest: Option<usize>,
    pub(super) collection: String,
}

/// The number of the node that is the document's top.
pub(super) const TOP: usize = 0;

impl Plan {
    /// Compiles table number `table`.
    pub(super) fn new(catalog: &Catalog, table: usize) -> Self {
        let own = &catalog.tables[table];
        let mut plan = Plan {
            nodes: vec![Node { reported: own.unwind.is_none(), ..Node::default() }],
            fields: Vec::new(),
            types: own.columns.iter().map(|column| column.column_type).collect(),
            paths: Vec::new(),
            unwind: own.unwind.is_some(),
            index: Vec::new(),
            element_columns: Vec::new(),
            rest: None,
            collection: own.collection.clone(),
        };
        for path in &catalog.exclude {
            if let Some(field) = plan.field(exclusion(path), own) {
                plan.fields[field].excluded = true;
            }
        }
        if !own.shared {
            plan.add_tenant_key(own);
        }
        if let Some(unwind) = &own.unwind
            && let Some(field) = plan.field(unwind.segments(), own)
        {
            plan.fields[field].unwound = true;
            // Elements are always looked into: what of them is unmapped is to be reported.
            plan.child_of(field, unwind.segments(), own);
        }
        plan.add_columns(own);
        let others = catalog.tables.iter().filter(|other| other.collection == own.collection);
        for other in others {
            plan.add_elsewhere(own, other);
        }
        plan
    }

    fn add_tenant_key(&mut self, own: &Table) {
        let segments = own.tenant_key.segments();
        for length in 1..segments.len() {
            if let Some(above) = self.field(&segments[..length], own) {
                self.fields[above].above_tenant_key = true;
            }
        }
        if let Some(field) = self.field(segments, own) {
            self.fields[field].tenant_key = true;
        }
    }

    fn add_columns(&mut self, own: &Table) {
        for (number, column) in own.columns.iter().enumerate() {
            self.paths.push(match &column.path {
                ColumnPath::Field(path) => path.to_string(),
                ColumnPath::Index => "$index".to_owned(),
                ColumnPath::Rest => "rest".to_owned(),
            });
            match &column.path {
                ColumnPath::Index => self.index.push(number),
                ColumnPath::Rest => self.rest = Some(number),
                ColumnPath::Field(path) => {
                    if own.unwind.as_ref().is_some_and(|unwind| path.is_within(unwind)) {
                        self.element_columns.push(number);
                    }
                    if let Some(field) = self.field(path.segments(), own) {
                        self.fields[field].columns.push(number);
                        self.note_below(path, number);
                    }
                }
            }
        }
    }

    /// Notes `column` in every node above it.
    fn note_below(&mut self, path: &Path, column: usize) {
        let mut node = TOP;
        for segment in path.segments() {
            self.nodes[node].columns.push(column);
            let field = self.nodes[node].fields[segment.as_bytes()];
            let Some(child) = self.fields[field].child else { break };
            node = child;
        }
    }

    /// Marks what `other` maps of the documents or elements that `own` reports on.
    fn add_elsewhere(&mut self, own: &Table, other: &Table) {
        let unwound = other.unwind.iter().filter(|_| other.unwind != own.unwind);
        let mapped = other.columns.iter().filter_map(|column| match &column.path {
            ColumnPath::Field(path) if other.unwind == own.unwind => Some(path),
            _ => None,
        });
        let in_scope =
            |path: &&Path| own.unwind.as_ref().is_none_or(|unwind| path.is_within(unwind));
        for path in unwound.chain(mapped).filter(in_scope) {
            if let Some(field) = self.field(path.segments(), own) {
                self.fields[field].elsewhere = true;
            }
        }
    }

    /// The field at `segments`, made where it is missing; `None` if it lies below an exclusion.
    fn field(&mut self, segments: &[String], own: &Table) -> Option<usize> {
        let (last, above) = segments.split_last()?;
        let mut node = TOP;
        for (depth, segment) in above.iter().enumerate() {
            let field = self.field_in(node, segment);
            if self.fields[field].excluded {
                return None;
            }
            node = self.child_of(field, &segments[..=depth], own);
        }
        Some(self.field_in(node, last))
    }

    /// The node below `field`, which stands at `path`; made where it is missing.
    fn child_of(&mut self, field: usize, path: &[String], own: &Table) -> usize {
        if let Some(child) = self.fields[field].child {
            return child;
        }
        let child = self.nodes.len();
        let unwind = own.unwind.as_ref();
        self.nodes.push(Node {
            prefix: path.join(".") + ".",
            reported: unwind.is_none_or(|unwind| path.starts_with(unwind.segments())),
            ..Node::default()
        });
        self.fields[field].child = Some(child);
        child
    }

    fn field_in(&mut self, node: usize, name: &str) -> usize {
        if let Some(field) = self.nodes[node].fields.get(name.as_bytes()) {
            return *field;
        }
        let field = self.fields.len();
        self.fields.push(Field::default());
        self.nodes[node].fields.insert(name.as_bytes().into(), field);
        field
    }
}

/// `a.*` covers the same as `a`: a server can leave out `a` only as a whole.
pub(crate) fn exclusion(path: &Path) -> &[String] {
    match path.segments() {
        [above @ .., star] if star == "*" => above,
        whole => whole,
    }
}

/// The fields that are not excluded, for writing a value as JSON.
#[derive(Clone, Copy)]
pub(super) struct Shown<'p> {
    pub(super) plan: &'p Plan,
    /// The node at which the value stands, if some field below it is in the tree.
    pub(super) node: Option<usize>,
}

impl Fields for Shown<'_> {
    fn enter(self, name: &[u8]) -> Option<Self> {
        let field = self.node.and_then(|node| self.plan.nodes[node].fields.get(name));
        match field.map(|field| &self.plan.fields[*field]) {
            None => Some(Shown { node: None, ..self }),
            Some(field) if field.excluded => None,
            Some(field) => Some(Shown { node: field.child, ..self }),
        }
    }
}
