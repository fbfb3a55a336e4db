//! What becomes of a field: a column of some type, columns of its own fields, or a child table.

use model::ColumnType;
use model::limits::INFER_COLUMN_DEPTH_MAX;

use super::observe::{Field, Fields};
use crate::raw::Kind;

/// What becomes of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// One column.
    Column(ColumnType),
    /// A column for each field of the embedded document.
    Flat(&'a Fields),
    /// A child table with a row for each element.
    Child(&'a Fields),
}

/// What becomes of a field `depth` names below its table's top.
pub(super) fn shape(field: &Field, depth: usize, in_child: bool) -> Shape<'_> {
    let values = field.values();
    let nested = values > 0 && field.count(Kind::Document) == values;
    if nested
        && depth < INFER_COLUMN_DEPTH_MAX
        && let Some(fields) = field.fields.as_deref().filter(|fields| can_be_columns(fields))
    {
        return Shape::Flat(fields);
    }
    if values > 0 && field.count(Kind::Array) == values && !in_child {
        let elements = field.elements.as_deref();
        let all_documents = elements.is_some_and(|e| e.count(Kind::Document) == e.values());
        if let Some(fields) = field.element_fields().filter(|f| all_documents && can_be_columns(f))
        {
            return Shape::Child(fields);
        }
    }
    Shape::Column(column_type(field))
}

/// Whether every field has a path of its own and the names are names.
fn can_be_columns(fields: &Fields) -> bool {
    let named = fields.in_order();
    !named.is_empty()
        && !fields.looks_like_map()
        && fields.beyond == 0
        && named.iter().all(|(name, _)| mappable(name))
}

/// Whether a path can name the field.
pub(super) fn mappable(name: &str) -> bool {
    !name.is_empty() && name != "*" && !name.contains('.') && !name.contains(char::is_control)
}

/// The narrowest type that keeps every value's meaning.
pub(super) fn column_type(field: &Field) -> ColumnType {
    let sum = |kinds: &[Kind]| kinds.iter().map(|kind| field.count(*kind)).sum::<u64>();
    let values = field.values();
    let all = |kinds: &[Kind]| sum(kinds) == values;
    let integers = [Kind::Int32, Kind::Int64, Kind::Boolean, Kind::Timestamp];
    let texts = sum(&[Kind::String, Kind::ObjectId]) + field.uuids;
    if values == 0 {
        return ColumnType::Any;
    }
    if sum(&[Kind::Document, Kind::Array]) > 0 {
        // Mixed with plain values too: as JSON all of them can be read the same way.
        return ColumnType::Json;
    }
    if texts == values {
        ColumnType::Text
    } else if all(&integers) {
        ColumnType::Integer
    } else if all(&[Kind::Double, Kind::Int32, Kind::Int64]) && field.big == 0 {
        ColumnType::Real
    } else if field.count(Kind::Decimal128) > 0
        && all(&[Kind::Decimal128, Kind::Double, Kind::Int32, Kind::Int64])
    {
        ColumnType::Decimal
    } else if all(&[Kind::DateTime]) {
        ColumnType::Datetime
    } else if all(&[Kind::Binary]) && field.uuids == 0 {
        ColumnType::Blob
    } else if all(&[Kind::Regex, Kind::Code, Kind::CodeWithScope, Kind::Symbol, Kind::DbPointer]) {
        ColumnType::Json
    } else {
        ColumnType::Any
    }
}

/// Values of types that a column of `column_type` does not expect. What inference makes of a sample
/// expects all of the sample.
pub(super) fn unexpected(field: &Field, column_type: ColumnType) -> Vec<(Kind, u64)> {
    use ColumnType::{Any, Blob, Datetime, Decimal, Integer, Json, Real, Scaled, Text, UnixMs};
    let numbers = [Kind::Int32, Kind::Int64, Kind::Double];
    let expects = |kind: Kind| match column_type {
        Any | Json => true,
        Text => matches!(kind, Kind::String | Kind::ObjectId | Kind::Symbol),
        Integer => matches!(kind, Kind::Int32 | Kind::Int64 | Kind::Boolean | Kind::Timestamp),
        Real => numbers.contains(&kind),
        Datetime | UnixMs => kind == Kind::DateTime,
        Decimal | Scaled(_) => kind == Kind::Decimal128 || numbers.contains(&kind),
        Blob => kind == Kind::Binary,
    };
    field
        .types()
        .filter(|(kind, _)| !matches!(kind, Kind::Null | Kind::Undefined) && !expects(*kind))
        .map(|(kind, count)| match (column_type, kind) {
            (Text, Kind::Binary) => (kind, count - field.uuids),
            _ => (kind, count),
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}
