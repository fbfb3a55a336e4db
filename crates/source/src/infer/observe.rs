//! Statistics of the documents seen: a tree of field names with counts per type. Sums, minima and
//! sets only, so that the order of the documents does not matter.

use std::collections::BTreeMap;

use model::limits::{COLUMNS_MAX, INFER_DEPTH_MAX, INFER_EXAMPLE_BYTES, INFER_FIELDS_MAX};

use super::distinct::Distinct;
use crate::raw::{Elements, Kind, Malformed, Value};

/// What observing may still take, and what it should look for.
#[derive(Debug)]
pub(super) struct Watch {
    /// How many more paths may be tracked.
    pub(super) room: usize,
    /// Of how many more fields the distinct values may be kept.
    pub(super) distinct_room: usize,
    /// The last name of the tenant key, if the operator has named one.
    pub(super) key_name: Option<String>,
}

/// The fields of documents at one path.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Documents seen at this path.
    pub(super) documents: u64,
    named: BTreeMap<String, Field>,
    /// More names than may be tracked: a map rather than a document.
    pub(super) wide: bool,
    /// Fields not looked at: no room, or a name that is not UTF-8.
    pub(super) beyond: u64,
}

/// One field, or the elements of an array.
#[derive(Debug, Default)]
pub(super) struct Field {
    /// Documents that have it (or elements of the array).
    pub(super) present: u64,
    /// Values by type, in the order of [`Kind::ALL`].
    pub(super) kinds: [u64; Kind::COUNT],
    /// Binary values that are UUIDs.
    pub(super) uuids: u64,
    /// Whole numbers that a double cannot hold.
    pub(super) big: u64,
    /// Embedded documents.
    pub(super) fields: Option<Box<Fields>>,
    /// Elements of arrays.
    pub(super) elements: Option<Box<Field>>,
    /// Distinct values, of fields within the bound of such sets.
    pub(super) distinct: Option<Box<Distinct>>,
    examples: Vec<(Kind, Box<[u8]>)>,
    position_sum: u64,
    seen_in: u64,
}

impl Fields {
    /// Notes one document at this path.
    pub(super) fn observe(
        &mut self,
        document: &[u8],
        depth: usize,
        watch: &mut Watch,
    ) -> Result<(), Malformed> {
        self.documents += 1;
        let serial = self.documents;
        for (position, element) in Elements::new(document)?.enumerate() {
            let element = element?;
            let Some(field) = self.field(element.name, depth, watch) else { continue };
            // Of fields that repeat within a document the first counts.
            if field.seen_in != serial {
                field.seen_in = serial;
                field.position_sum += position as u64;
                field.observe(&element.value, depth, watch)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, name: &[u8], depth: usize, watch: &mut Watch) -> Option<&mut Field> {
        let name = std::str::from_utf8(name).ok().filter(|_| !self.wide);
        let Some(name) = name else {
            self.beyond += 1;
            return None;
        };
        if !self.named.contains_key(name) {
            let names_max = if depth == 0 { COLUMNS_MAX } else { INFER_FIELDS_MAX };
            if depth > 0 && self.named.len() >= names_max {
                // Forgetting all of them keeps the outcome independent of the order.
                self.wide = true;
                self.named.clear();
            }
            if self.wide || watch.room == 0 || self.named.len() >= names_max {
                self.beyond += 1;
                return None;
            }
            watch.room -= 1;
            let wanted = watch.key_name.as_deref() == Some(name);
            // Any field may turn out to hold tenants' keys, whatever its name.
            let keep = wanted || (depth <= 1 && watch.distinct_room > 0);
            watch.distinct_room = watch.distinct_room.saturating_sub(usize::from(keep));
            let distinct = keep.then(Box::default);
            self.named.insert(name.to_owned(), Field { distinct, ..Field::default() });
        }
        self.named.get_mut(name)
    }

    /// The field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Field> {
        self.named.get(name)
    }

    /// The field at a path of embedded documents and arrays of documents.
    pub(super) fn at(&self, path: &[String]) -> Option<&Field> {
        let (first, rest) = path.split_first()?;
        let field = self.get(first)?;
        if rest.is_empty() {
            return Some(field);
        }
        let inside = field.fields.as_deref().and_then(|fields| fields.at(rest));
        inside.or_else(|| field.element_fields().and_then(|fields| fields.at(rest)))
    }

    /// Whether no document had the field at this path: not so where names were not tracked.
    pub(super) fn surely_lacks(&self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        let Some(field) = self.get(first) else { return !self.wide && self.beyond == 0 };
        if rest.is_empty() {
            return false;
        }
        // Too deep to have been looked into, or arrays in arrays, which no path leads through.
        let nested = field.elements.as_deref().is_some_and(|inner| inner.count(Kind::Array) > 0);
        let hidden = (field.count(Kind::Document) > 0 && field.fields.is_none())
            || (field.count(Kind::Array) > 0 && field.elements.is_none());
        // Where there is neither a document nor an array of them, nothing is below the field.
        let below = [field.fields.as_deref(), field.element_fields()];
        !nested && !hidden && below.into_iter().flatten().all(|fields| fields.surely_lacks(rest))
    }

    /// The fields in the order in which documents mostly have them: by mean position, then name.
    pub(super) fn in_order(&self) -> Vec<(&str, &Field)> {
        let mut fields: Vec<(&str, &Field)> =
            self.named.iter().map(|(name, field)| (name.as_str(), field)).collect();
        fields.sort_by(|(_, a), (_, b)| {
            let scaled = |x: &Field, y: &Field| u128::from(x.position_sum) * u128::from(y.present);
            scaled(a, b).cmp(&scaled(b, a))
        });
        fields
    }

    /// Whether the names look like data rather than fields: many, and each in few documents.
    pub(super) fn looks_like_map(&self) -> bool {
        let names = self.named.len() as u64;
        let filled: u64 = self.named.values().map(|field| field.present).sum();
        self.wide || (names > 16 && filled * 5 < names * self.documents)
    }
}

impl Field {
    fn observe(
        &mut self,
        value: &Value<'_>,
        depth: usize,
        watch: &mut Watch,
    ) -> Result<(), Malformed> {
        self.present += 1;
        self.kinds[value.kind() as usize] += 1;
        self.note_example(value);
        if let Some(distinct) = &mut self.distinct {
            distinct.note(value);
        }
        match value {
            Value::Int64(int) if int.unsigned_abs() > 1 << 53 => self.big += 1,
            Value::Binary(binary)
                if matches!(binary.subtype, 3 | 4) && binary.bytes.len() == 16 =>
            {
                self.uuids += 1;
            }
            Value::Document(document) if depth < INFER_DEPTH_MAX => {
                self.fields.get_or_insert_default().observe(document, depth + 1, watch)?;
            }
            Value::Array(array) if depth < INFER_DEPTH_MAX => {
                let elements = self.elements.get_or_insert_default();
                for element in Elements::new(array)? {
                    elements.observe(&element?.value, depth + 1, watch)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Values of one type.
    pub(super) fn count(&self, kind: Kind) -> u64 {
        self.kinds[kind as usize]
    }

    /// The types seen with their counts.
    pub(super) fn types(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        Kind::ALL.iter().copied().zip(self.kinds).filter(|(_, count)| *count > 0)
    }

    /// Values that are neither null nor undefined.
    pub(super) fn values(&self) -> u64 {
        self.types()
            .filter(|(kind, _)| !matches!(kind, Kind::Null | Kind::Undefined))
            .map(|(_, count)| count)
            .sum()
    }

    /// The fields of documents that are this array's elements.
    pub(super) fn element_fields(&self) -> Option<&Fields> {
        self.elements.as_deref()?.fields.as_deref()
    }

    /// The fields of documents in this field: embedded, or in arrays however nested.
    pub(super) fn below(&self) -> Vec<&Fields> {
        let mut below: Vec<&Fields> = self.fields.as_deref().into_iter().collect();
        let mut elements = self.elements.as_deref();
        while let Some(array) = elements {
            below.extend(array.fields.as_deref());
            elements = array.elements.as_deref();
        }
        below
    }

    /// Keeps the least value of each type as the example: that does not depend on the
    /// order.
    fn note_example(&mut self, value: &Value<'_>) {
        let bytes: &[u8] = match value {
            Value::String(text) if !text.is_empty() => &text[..text.len().min(INFER_EXAMPLE_BYTES)],
            Value::ObjectId(id) => *id,
            Value::Int32(int) => &sortable(i64::from(*int)),
            Value::Int64(int) => &sortable(*int),
            Value::DateTime(ms) => &sortable(*ms),
            Value::Double(real) => &real.to_be_bytes(),
            Value::Decimal128(decimal) => *decimal,
            Value::Boolean(boolean) => &[u8::from(*boolean)],
            _ => return,
        };
        let kind = value.kind();
        match self.examples.iter_mut().find(|(kept, _)| *kept == kind) {
            Some((_, least)) if *bytes < **least => *least = bytes.into(),
            Some(_) => {}
            None => self.examples.push((kind, bytes.into())),
        }
    }

    /// An example of each of the two commonest types, as a person reads them.
    pub(super) fn examples(&self) -> Vec<String> {
        let mut examples: Vec<_> = self.examples.iter().collect();
        examples.sort_by_key(|(kind, _)| (std::cmp::Reverse(self.count(*kind)), *kind));
        examples.iter().take(2).filter_map(|(kind, bytes)| readable(*kind, bytes)).collect()
    }
}

/// An example value, as a person reads it.
fn readable(kind: Kind, bytes: &[u8]) -> Option<String> {
    let int = || bytes.try_into().ok().map(|bytes| i64::from_be_bytes(bytes) ^ i64::MIN);
    match kind {
        Kind::String => {
            let text = String::from_utf8_lossy(bytes);
            let cut = if bytes.len() >= INFER_EXAMPLE_BYTES { "…" } else { "" };
            Some(format!("{:?}{cut}", text.trim_end_matches(char::REPLACEMENT_CHARACTER)))
        }
        Kind::ObjectId => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        Kind::Int32 | Kind::Int64 => int().map(|int: i64| int.to_string()),
        Kind::DateTime => int().map(|ms| model::Timestamp(ms).to_string()),
        Kind::Double => Some(format!("{:?}", f64::from_be_bytes(bytes.try_into().ok()?))),
        Kind::Decimal128 => Some(bson::Decimal128::from_bytes(bytes.try_into().ok()?).to_string()),
        Kind::Boolean => Some((bytes == [1]).to_string()),
        _ => None,
    }
}

/// Bytes that sort as the numbers do.
fn sortable(int: i64) -> [u8; 8] {
    (int ^ i64::MIN).to_be_bytes()
}
