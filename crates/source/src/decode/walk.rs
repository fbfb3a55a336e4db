//! One pass over a document (or an unwound element): fills the row's cells, notes what it sees.

use model::Cell;

use super::cells::{self, Note, Pending};
use super::plan::{Plan, Shown};
use super::report::TableReport;
use super::sequence::{Known, Sequence};
use crate::json;
use crate::key::{Owner, TenantKey};
use crate::raw::{Elements, Kind, Malformed, Value, find, malformed};

/// What is kept from document to document.
pub(super) struct Memory {
    /// One per node of the plan.
    pub(super) sequences: Vec<Sequence>,
    /// Formatted texts of the row being decoded.
    pub(super) arena: String,
    /// The rest column's JSON, being written.
    pub(super) rest: String,
    pub(super) report: TableReport,
    /// Number of the pass, to notice fields that repeat.
    pub(super) pass: u64,
    pub(super) key: Option<TenantKey>,
}

/// One pass over one document or element.
pub(super) struct Walk<'w, 'a> {
    pub(super) plan: &'w Plan,
    pub(super) memory: &'w mut Memory,
    pub(super) row: &'w mut [Pending<'a>],
    /// The whole document, for examples.
    pub(super) document: &'a [u8],
    /// The tenant key's verdict, once the key has been met.
    pub(super) owner: Option<Owner>,
    /// The unwound field, once it has been met.
    pub(super) unwound: Option<Value<'a>>,
}

impl<'a> Walk<'_, 'a> {
    /// Walks `document`, which stands at `node`.
    pub(super) fn document(&mut self, node: usize, document: &'a [u8]) -> Result<(), Malformed> {
        let mut elements = Elements::new(document)?;
        let mut cursor = 0;
        let mut value = Value::Null;
        while !elements.is_at_end() {
            let guess = self.memory.sequences[node].guess(cursor, elements.name_onwards());
            let name;
            let place = match guess {
                Some(place) => {
                    let bytes = self.memory.sequences[node].name_bytes(place);
                    name = elements.take_named(bytes, &mut value)?;
                    Some(place)
                }
                None => {
                    name = elements.take_next(&mut value)?;
                    self.look_up(node, cursor, name)
                }
            };
            let Some(place) = place else {
                // Too many or too long to be remembered: repetitions go unnoticed.
                let known = self.known(node, name);
                self.element(node, known, name, &value)?;
                continue;
            };
            cursor = place + 1;
            let known = &mut self.memory.sequences[node].known[place];
            if std::mem::replace(&mut known.seen, self.memory.pass) == self.memory.pass {
                self.memory.report.duplicate_fields += 1;
                continue;
            }
            let known = *known;
            match known.only_column {
                Some(column) => self.set(column, &value, None)?,
                None => self.element(node, known, name, &value)?,
            }
        }
        Ok(())
    }

    /// The place of a name that was not where it was expected; a new name is put there.
    fn look_up(&mut self, node: usize, cursor: usize, name: &[u8]) -> Option<usize> {
        if let Some(place) = self.memory.sequences[node].find(name) {
            return Some(place);
        }
        let known = self.known(node, name);
        self.memory.sequences[node].insert(cursor, name, known)
    }

    fn known(&mut self, node: usize, name: &[u8]) -> Known {
        let here = &self.plan.nodes[node];
        let field = here.fields.get(name).copied();
        let unmapped = match field {
            None if here.reported => self.memory.report.unmapped_entry(&here.prefix, name),
            _ => None,
        };
        let only_column = field.and_then(|field| self.plan.fields[field].only_column());
        Known { field, only_column, unmapped, seen: 0 }
    }

    #[inline]
    fn element(
        &mut self,
        node: usize,
        known: Known,
        name: &[u8],
        value: &Value<'a>,
    ) -> Result<(), Malformed> {
        let Some(number) = known.field else {
            return self.unmapped(node, known, name, value);
        };
        let plan = self.plan;
        let field = &plan.fields[number];
        if field.tenant_key
            && let Some(key) = &self.memory.key
            && self.owner.is_none()
        {
            self.owner = Some(key.owner(value));
        }
        if field.excluded {
            return self.excluded(number, value);
        }
        if field.unwound {
            self.unwound = Some(*value);
            return Ok(());
        }
        for column in &field.columns {
            self.set(*column, value, field.child)?;
        }
        if field.child.is_some() {
            return self.below(node, number, name, value);
        }
        if field.columns.is_empty() && !field.tenant_key {
            self.add_rest(node, name, value, None)?;
        }
        Ok(())
    }

    /// An excluded field is not looked into, unless the tenant key is there.
    fn excluded(&mut self, number: usize, value: &Value<'a>) -> Result<(), Malformed> {
        match (self.plan.fields[number].child, value) {
            (Some(child), Value::Document(document)) => self.key_only(child, document),
            _ => Ok(()),
        }
    }

    fn key_only(&mut self, node: usize, document: &'a [u8]) -> Result<(), Malformed> {
        for element in Elements::new(document)? {
            let element = element?;
            let Some(number) = self.plan.nodes[node].fields.get(element.name) else { continue };
            let field = &self.plan.fields[*number];
            match (&self.memory.key, field.child, element.value) {
                (Some(key), _, value) if field.tenant_key && self.owner.is_none() => {
                    self.owner = Some(key.owner(&value));
                }
                (_, Some(child), Value::Document(below)) => self.key_only(child, below)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// A field with something below it in the plan.
    fn below(
        &mut self,
        node: usize,
        number: usize,
        name: &[u8],
        value: &Value<'a>,
    ) -> Result<(), Malformed> {
        let plan = self.plan;
        let field = &plan.fields[number];
        let Some(child) = field.child else { return Ok(()) };
        if let Value::Document(document) = *value {
            let wants_rest = self.plan.rest.is_some()
                && field.columns.is_empty()
                && self.plan.nodes[child].reported;
            let before = self.memory.rest.len();
            let inside = wants_rest.then(|| self.begin_rest(name));
            self.document(child, document)?;
            if inside == Some(self.memory.rest.len()) && !document_is_empty(document) {
                self.memory.rest.truncate(before);
            } else if inside.is_some() {
                self.memory.rest.push('}');
            }
            return Ok(());
        }
        if field.above_tenant_key && self.owner.is_none() {
            // The path to the tenant's key leads through an array or a scalar: nobody's.
            self.owner = Some(Owner::OtherType);
        }
        self.in_the_way(child, *value);
        if field.columns.is_empty() {
            self.add_rest(node, name, value, Some(child))?;
        }
        Ok(())
    }

    /// An unwound element that is no document although columns lie below it.
    fn in_the_way(&mut self, child: usize, value: Value<'a>) {
        let plan = self.plan;
        if !matches!(value, Value::Null | Value::Undefined) {
            for column in &plan.nodes[child].columns {
                self.stray(*column, value.kind());
            }
        }
    }

    /// An unwound element, whose path is that of the field `number`.
    pub(super) fn unwound_element(
        &mut self,
        number: usize,
        value: Value<'a>,
    ) -> Result<(), Malformed> {
        let plan = self.plan;
        let field = &plan.fields[number];
        for column in &field.columns {
            self.set(*column, &value, field.child)?;
        }
        match (field.child, value) {
            (_, Value::Null | Value::Undefined) | (None, _) => Ok(()),
            (Some(child), Value::Document(document)) if field.columns.is_empty() => {
                self.document(child, document)
            }
            // With a column for the whole element nothing of it is unmapped.
            (Some(child), Value::Document(document)) if !plan.nodes[child].columns.is_empty() => {
                self.document(child, document)
            }
            (Some(_), Value::Document(_)) => Ok(()),
            (Some(child), value) => {
                self.in_the_way(child, value);
                if field.columns.is_empty() {
                    let path = plan.nodes[child].prefix.trim_end_matches('.');
                    let entry = self.memory.report.unmapped_entry("", path.as_bytes());
                    self.count_unmapped(entry);
                }
                Ok(())
            }
        }
    }

    fn count_unmapped(&mut self, entry: Option<usize>) {
        let report = &mut self.memory.report;
        match entry.and_then(|entry| report.unmapped.get_mut(entry)) {
            Some(entry) => entry.count += 1,
            None => report.unmapped_beyond += 1,
        }
    }

    /// Opens the rest column's JSON for an embedded document, and tells where its inside starts.
    fn begin_rest(&mut self, name: &[u8]) -> usize {
        let rest = &mut self.memory.rest;
        separate(rest);
        json::write_name(rest, name);
        rest.push('{');
        rest.len()
    }

    fn add_rest(
        &mut self,
        node: usize,
        name: &[u8],
        value: &Value<'a>,
        child: Option<usize>,
    ) -> Result<(), Malformed> {
        if self.plan.rest.is_none() || !self.plan.nodes[node].reported {
            return Ok(());
        }
        let rest = &mut self.memory.rest;
        separate(rest);
        json::write_name(rest, name);
        json::write(rest, value, Shown { plan: self.plan, node: child })
    }

    fn unmapped(
        &mut self,
        node: usize,
        known: Known,
        name: &[u8],
        value: &Value<'a>,
    ) -> Result<(), Malformed> {
        if self.plan.nodes[node].reported {
            self.count_unmapped(known.unmapped);
        }
        self.add_rest(node, name, value, None)
    }

    /// Gives `column` its value.
    #[inline]
    fn set(
        &mut self,
        column: usize,
        value: &Value<'a>,
        child: Option<usize>,
    ) -> Result<(), Malformed> {
        let shown = Shown { plan: self.plan, node: child };
        let column_type = self.plan.types[column];
        let out = &mut self.row[column];
        let note = cells::decode(column_type, value, &mut self.memory.arena, shown, out)?;
        let kind = value.kind();
        self.memory.report.columns[column].kinds[kind as usize] += 1;
        if note != Note::Plain {
            self.note(column, kind, note);
        }
        Ok(())
    }

    #[cold]
    fn note(&mut self, column: usize, kind: Kind, note: Note) {
        let report = &mut self.memory.report.columns[column];
        report.long_decimals +=
            u64::from(matches!(note, Note::LongDecimal | Note::StrayLongDecimal));
        report.replaced_texts += u64::from(matches!(note, Note::Replaced | Note::StrayReplaced));
        if note.is_stray() {
            let cell = match self.row[column] {
                Pending::Missing => Cell::Null,
                Pending::Cell(cell) => cell,
                Pending::Arena(start, end) => {
                    Cell::Text(self.memory.arena.get(start..end).unwrap_or_default())
                }
            };
            report.needs_untyped |= !self.plan.types[column].keeps(&cell);
            self.stray(column, kind);
        }
    }

    fn stray(&mut self, column: usize, kind: Kind) {
        let (document, path) = (self.document, &self.plan.paths[column]);
        self.memory.report.columns[column]
            .add_stray(kind, || format!("{path} of _id {}", id_of(document)));
    }
}

fn document_is_empty(document: &[u8]) -> bool {
    document.len() == 5
}

fn separate(rest: &mut String) {
    if !rest.is_empty() && !rest.ends_with('{') {
        rest.push(',');
    }
}

/// A document's `_id` as relaxed extended JSON, for people.
pub(crate) fn id_of(document: &[u8]) -> String {
    let id = find(document, |element| (element.name == b"_id").then_some(element.value));
    let mut text = String::new();
    match id {
        Ok(Some(id)) if json::write(&mut text, &id, json::AllFields).is_ok() => text,
        _ => "(none)".to_owned(),
    }
}

/// The elements of an unwound field: those of an array; any other value is a single element, as
/// MongoDB's `$unwind` has it; none of a missing field, of null or of an empty array.
pub(super) fn unwind<'a>(
    value: Option<Value<'a>>,
    mut each: impl FnMut(i64, Value<'a>) -> Result<(), Malformed>,
) -> Result<bool, Malformed> {
    match value {
        None | Some(Value::Null | Value::Undefined) => Ok(false),
        Some(Value::Array(array)) => {
            for (index, element) in Elements::new(array)?.enumerate() {
                let Ok(index) = i64::try_from(index) else {
                    return malformed("an array without end", 0);
                };
                each(index, element?.value)?;
            }
            Ok(false)
        }
        Some(single) => each(0, single).map(|()| true),
    }
}
