//! One BSON value to one cell, by the column's type (INTERFACE §2).

use model::{Cell, ColumnType, Timestamp};

use super::plan::Shown;
use crate::decimal::Decimal;
use crate::json;
use crate::raw::{Binary, Malformed, Value};

/// A cell of the row being decoded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pending<'a> {
    /// The field has not been met.
    Missing,
    /// A value borrowed from the batch, or a number.
    Cell(Cell<'a>),
    /// Text in the arena.
    Arena(usize, usize),
}

/// A value's cell and what is to be noted of it.
pub(super) struct Decoded<'a> {
    pub(super) pending: Pending<'a>,
    /// Of a type other than the column's.
    pub(super) stray: bool,
    /// A decimal stored as TEXT since it has too many digits.
    pub(super) long_decimal: bool,
    /// A text that was not UTF-8.
    pub(super) replaced: bool,
}

impl<'a> Decoded<'a> {
    #[inline]
    fn of(pending: Pending<'a>) -> Self {
        Decoded { pending, stray: false, long_decimal: false, replaced: false }
    }

    #[inline]
    fn integer(integer: i64) -> Self {
        Self::of(Pending::Cell(Cell::Integer(integer)))
    }

    #[inline]
    fn real(real: f64) -> Self {
        Self::of(Pending::Cell(if real.is_nan() { Cell::Null } else { Cell::Real(real) }))
    }

    fn stray(self) -> Self {
        Decoded { stray: true, ..self }
    }
}

/// Decodes `value` for a column of `column_type`; formatted texts go to the end of `arena`.
///
/// # Errors
/// If a value that becomes JSON is malformed inside.
#[inline]
pub(super) fn decode<'a>(
    column_type: ColumnType,
    value: &Value<'a>,
    arena: &mut String,
    shown: Shown<'_>,
) -> Result<Decoded<'a>, Malformed> {
    if let Value::Null | Value::Undefined = value {
        return Ok(Decoded::of(Pending::Cell(Cell::Null)));
    }
    Ok(match (column_type, value) {
        (ColumnType::Text, Value::String(text)) => text_cell(text, arena),
        (ColumnType::Integer, Value::Int32(integer)) => Decoded::integer(i64::from(*integer)),
        (ColumnType::Integer, Value::Int64(integer)) => Decoded::integer(*integer),
        (ColumnType::Real, Value::Double(double)) => Decoded::real(*double),
        (ColumnType::Datetime, Value::DateTime(ms)) => datetime(*ms, arena),
        (ColumnType::UnixMs, Value::DateTime(ms)) => Decoded::integer(*ms),
        (ColumnType::Json, _) => json_text(value, arena, shown)?,
        (ColumnType::Any, _) => natural(value, arena, shown)?,
        (ColumnType::Text, Value::ObjectId(_)) => natural(value, arena, shown)?,
        (ColumnType::Text, Value::Decimal128(bytes)) => {
            formatted(arena, |out| push(out, &Decimal::from_bytes(bytes)))
        }
        (ColumnType::Text, Value::Binary(binary)) if is_uuid(*binary) => uuid(*binary, arena),
        (ColumnType::Integer, Value::Boolean(_) | Value::Timestamp(..))
        | (ColumnType::Decimal, Value::Decimal128(_)) => natural(value, arena, shown)?,
        (ColumnType::Blob, Value::Binary(binary)) => {
            Decoded::of(Pending::Cell(Cell::Blob(binary.bytes)))
        }
        (ColumnType::Scaled(scale), Value::Decimal128(bytes)) => {
            scaled(Decimal::from_bytes(bytes), scale, arena)
        }
        (ColumnType::Scaled(scale), Value::Int32(_) | Value::Int64(_) | Value::Double(_)) => {
            scaled_number(value, scale, arena).stray()
        }
        _ => natural(value, arena, shown)?.stray(),
    })
}

/// The value with its own type, as a column of type `any` has it.
fn natural<'a>(
    value: &Value<'a>,
    arena: &mut String,
    shown: Shown<'_>,
) -> Result<Decoded<'a>, Malformed> {
    Ok(match value {
        Value::String(text) => text_cell(text, arena),
        Value::Int32(integer) => Decoded::integer(i64::from(*integer)),
        Value::Int64(integer) => Decoded::integer(*integer),
        Value::Double(double) => Decoded::real(*double),
        Value::Boolean(boolean) => Decoded::integer(i64::from(*boolean)),
        Value::Timestamp(seconds, _) => Decoded::integer(i64::from(*seconds)),
        Value::DateTime(ms) => {
            let decoded = datetime(*ms, arena);
            Decoded { stray: false, ..decoded }
        }
        Value::ObjectId(id) => hex(*id, arena),
        Value::Binary(binary) if is_uuid(*binary) => uuid(*binary, arena),
        Value::Binary(binary) => Decoded::of(Pending::Cell(Cell::Blob(binary.bytes))),
        Value::Decimal128(bytes) => decimal(Decimal::from_bytes(bytes), arena),
        _ => json_text(value, arena, shown)?,
    })
}

#[inline]
fn formatted<'a>(arena: &mut String, write: impl FnOnce(&mut String)) -> Decoded<'a> {
    let start = arena.len();
    write(arena);
    Decoded::of(Pending::Arena(start, arena.len()))
}

fn push(out: &mut String, value: &dyn std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(out, format_args!("{value}"));
}

#[inline]
fn text_cell<'a>(text: &'a [u8], arena: &mut String) -> Decoded<'a> {
    match std::str::from_utf8(text) {
        Ok(text) => Decoded::of(Pending::Cell(Cell::Text(text))),
        Err(_) => Decoded {
            replaced: true,
            ..formatted(arena, |out| out.push_str(&String::from_utf8_lossy(text)))
        },
    }
}

#[inline]
fn datetime<'a>(ms: i64, arena: &mut String) -> Decoded<'a> {
    let mut buffer = [0; model::timestamp::TEXT_BYTES];
    match Timestamp(ms).write_text(&mut buffer) {
        Some(text) => formatted(arena, |out| out.push_str(text)),
        None => Decoded::integer(ms).stray(),
    }
}

#[inline]
fn hex<'a>(id: &[u8; 12], arena: &mut String) -> Decoded<'a> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 24];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    formatted(arena, |out| out.push_str(std::str::from_utf8(&text).unwrap_or_default()))
}

fn is_uuid(binary: Binary<'_>) -> bool {
    matches!(binary.subtype, 3 | 4) && binary.bytes.len() == 16
}

/// The canonical text of the bytes in the order in which they are stored. (Drivers of old wrote
/// subtype 3 in orders of their own, which nothing in the value tells apart.)
fn uuid<'a>(binary: Binary<'_>, arena: &mut String) -> Decoded<'a> {
    formatted(arena, |out| {
        let mut rest = binary.bytes;
        for group in [4, 2, 2, 2, 6] {
            let (head, tail) = rest.split_at(group);
            json::push_hex(out, head);
            if !tail.is_empty() {
                out.push('-');
            }
            rest = tail;
        }
    })
}

fn decimal<'a>(decimal: Decimal, arena: &mut String) -> Decoded<'a> {
    match decimal.to_real() {
        Some(real) => Decoded::real(real),
        None if decimal == Decimal::NaN => Decoded::of(Pending::Cell(Cell::Null)),
        None => Decoded { long_decimal: true, ..formatted(arena, |out| push(out, &decimal)) },
    }
}

/// A decimal as a whole number of units; where it is none, its exact text: a REAL beside scaled
/// integers would be off by a power of ten.
fn scaled<'a>(decimal: Decimal, scale: u8, arena: &mut String) -> Decoded<'a> {
    match (decimal.to_scaled(scale), decimal) {
        (Some(units), _) => Decoded::integer(units),
        (None, Decimal::NaN) => Decoded::of(Pending::Cell(Cell::Null)),
        (None, Decimal::Infinity { .. }) => {
            Decoded::real(decimal.to_real().unwrap_or(f64::INFINITY)).stray()
        }
        (None, Decimal::Finite { .. }) => formatted(arena, |out| push(out, &decimal)).stray(),
    }
}

/// A plain number in a scaled column means the same amount: 5 is 500 units of a hundredth.
fn scaled_number<'a>(value: &Value<'_>, scale: u8, arena: &mut String) -> Decoded<'a> {
    let finite = |negative, coefficient: u64, exponent| Decimal::Finite {
        negative,
        coefficient: coefficient.into(),
        exponent,
    };
    let amount = match value {
        Value::Int32(integer) => finite(*integer < 0, u64::from(integer.unsigned_abs()), 0),
        Value::Int64(integer) => finite(*integer < 0, integer.unsigned_abs(), 0),
        Value::Double(double) if double.is_finite() => {
            // The shortest digits that read back as the same double: `-1.5e-7`.
            let text = format!("{:e}", double.abs());
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let coefficient = digits.replace('.', "").parse().unwrap_or(0);
            // Both are at most three digits.
            let exponent = exponent.parse().unwrap_or(0) - i32::try_from(fraction).unwrap_or(0);
            finite(*double < 0.0, coefficient, exponent)
        }
        Value::Double(double) => return Decoded::real(*double),
        _ => Decimal::NaN,
    };
    scaled(amount, scale, arena)
}

fn json_text<'a>(
    value: &Value<'_>,
    arena: &mut String,
    shown: Shown<'_>,
) -> Result<Decoded<'a>, Malformed> {
    let start = arena.len();
    json::write(arena, value, shown)?;
    Ok(Decoded::of(Pending::Arena(start, arena.len())))
}
