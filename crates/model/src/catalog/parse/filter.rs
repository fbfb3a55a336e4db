//! A table's filter: MongoDB's query language cut down to what means the same on every source.

use super::operand::{Operand, Tree};
use super::reader::{CatalogError, Node};
use crate::limits::FILTER_VALUES_MAX;
use crate::{Comparison, Filter, FilterValue, Path, Timestamp};

const OPERATORS: &str = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $exists, $not";
const CONNECTIVES: &str = "$and, $or, $not";
const DATES: &str = "a date is {\"$date\" = \"2026-01-31T00:00:00Z\"} or relative to each boot, \
                     {\"$date\" = \"now-400d\"} (units s, m, h, d, w)";

pub(super) fn parse(node: &Node<'_>) -> Result<Filter, CatalogError> {
    document(&Operand::of_filter(node)?)
}

/// A whole query: paths and connectives.
fn document(operand: &Operand<'_>) -> Result<Filter, CatalogError> {
    let Tree::Fields(fields) = &operand.tree else {
        return Err(operand.error("a filter is a table, such as { retired = { \"$ne\" = true } }"));
    };
    let mut parts = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "$and" => parts.push(Filter::And(documents(value)?)),
            "$or" => parts.push(Filter::Or(documents(value)?)),
            "$not" => parts.push(Filter::Not(Box::new(document(value)?))),
            name if name.starts_with('$') => {
                return Err(value.error(format!(
                    "unknown operator; here stand field paths or one of {CONNECTIVES}"
                )));
            }
            name => {
                let path = Path::parse(name).ok_or_else(|| {
                    value.error("a path is field names with dots between them, in quotes")
                })?;
                field(&path, value, &mut parts)?;
            }
        }
    }
    joined(parts).ok_or_else(|| operand.error("an empty filter takes everything; leave it out"))
}

fn documents(operand: &Operand<'_>) -> Result<Vec<Filter>, CatalogError> {
    match &operand.tree {
        Tree::List(list) if !list.is_empty() => list.iter().map(document).collect(),
        _ => Err(operand.error("expected a list of at least one filter")),
    }
}

fn joined(mut parts: Vec<Filter>) -> Option<Filter> {
    if parts.len() > 1 { Some(Filter::And(parts)) } else { parts.pop() }
}

/// What is said of one field: operators, or a value that it must equal.
fn field(path: &Path, operand: &Operand<'_>, parts: &mut Vec<Filter>) -> Result<(), CatalogError> {
    match &operand.tree {
        Tree::Fields(fields) if !is_literal(fields) => {
            if fields.is_empty() || !fields.iter().all(|(name, _)| name.starts_with('$')) {
                return Err(operand.error(format!(
                    "embedded documents cannot be compared; write the whole path as one key in \
                     quotes, such as \"location.city\", with a value or operators ({OPERATORS})"
                )));
            }
            for (name, value) in fields {
                parts.push(operator(path, name, value)?);
            }
            Ok(())
        }
        Tree::List(_) => Err(operand.error("a list is compared with \"$in\"")),
        _ => {
            parts.push(Filter::Compare(path.clone(), Comparison::Eq, literal(operand)?));
            Ok(())
        }
    }
}

fn operator(path: &Path, name: &str, operand: &Operand<'_>) -> Result<Filter, CatalogError> {
    if let Some(comparison) = Comparison::from_operator(name) {
        return Ok(Filter::Compare(path.clone(), comparison, literal(operand)?));
    }
    match (name, &operand.tree) {
        ("$in", Tree::List(list)) if list.is_empty() => {
            Err(operand.error("an empty list matches nothing; list at least one value"))
        }
        ("$in", Tree::List(list)) if list.len() > FILTER_VALUES_MAX => {
            Err(operand.error(format!("$in takes at most {FILTER_VALUES_MAX} values")))
        }
        ("$in", Tree::List(list)) => {
            Ok(Filter::In(path.clone(), list.iter().map(literal).collect::<Result<_, _>>()?))
        }
        ("$in", _) => Err(operand.error("$in takes a list of values")),
        ("$exists", Tree::Bool(exists)) => Ok(Filter::Exists(path.clone(), *exists)),
        ("$exists", _) => Err(operand.error("$exists takes true or false")),
        ("$not", Tree::Fields(fields)) if !is_literal(fields) => {
            let mut parts = Vec::new();
            field(path, operand, &mut parts)?;
            let inner = joined(parts).ok_or_else(|| operand.error("$not takes operators"))?;
            Ok(Filter::Not(Box::new(inner)))
        }
        ("$not", _) => {
            Err(operand.error("$not takes operators, such as { \"$not\" = { \"$gt\" = 5 } }"))
        }
        _ => Err(operand.error(format!("unknown operator; known for a field: {OPERATORS}"))),
    }
}

/// Whether a table is a value in extended JSON's notation.
fn is_literal(fields: &[(String, Operand<'_>)]) -> bool {
    matches!(fields, [(name, _)] if name == "$oid" || name == "$date")
}

fn literal(operand: &Operand<'_>) -> Result<FilterValue, CatalogError> {
    let fields = match &operand.tree {
        Tree::Null => return Ok(FilterValue::Null),
        Tree::Bool(boolean) => return Ok(FilterValue::Bool(*boolean)),
        Tree::Integer(integer) => return Ok(FilterValue::Integer(*integer)),
        Tree::Real(real) => return Ok(FilterValue::Real(*real)),
        Tree::Text(text) => return Ok(FilterValue::Text(text.clone())),
        Tree::Date(timestamp) => return Ok(FilterValue::Date(timestamp.0)),
        Tree::List(_) => return Err(operand.error("a list is compared with \"$in\"")),
        Tree::Fields(fields) => fields,
    };
    match fields.as_slice() {
        [(name, value)] if name == "$oid" => match &value.tree {
            Tree::Text(hex) => object_id(hex).map(FilterValue::ObjectId),
            _ => None,
        }
        .ok_or_else(|| value.error("an ObjectId is {\"$oid\" = \"24 hex digits\"}")),
        [(name, value)] if name == "$date" => match &value.tree {
            Tree::Date(timestamp) => Some(FilterValue::Date(timestamp.0)),
            Tree::Integer(ms) => Some(FilterValue::Date(*ms)),
            Tree::Text(text) => match text.strip_prefix("now") {
                Some(shift) => from_now(shift).map(FilterValue::DateFromNow),
                None => Timestamp::parse(text).map(|timestamp| FilterValue::Date(timestamp.0)),
            },
            _ => None,
        }
        .ok_or_else(|| value.error(DATES)),
        _ => Err(operand.error(
            "a value is a string, a number, true, false, {\"$oid\" = …} or {\"$date\" = …} (and \
             null where the filter is written as JSON)",
        )),
    }
}

fn object_id(hex: &str) -> Option<[u8; 12]> {
    if hex.len() != 24 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 12];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Milliseconds of what follows `now`: nothing, or a sign, digits and a unit.
fn from_now(shift: &str) -> Option<i64> {
    if shift.is_empty() {
        return Some(0);
    }
    let (sign, rest) = match shift.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => return None,
    };
    let (digits, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let unit_ms: i64 = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 7 * 86_400_000,
        _ => return None,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(unit_ms)?.checked_mul(sign)
}
