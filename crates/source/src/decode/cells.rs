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

/// What is to be noted of a value that became a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Nothing.
    Plain,
    /// Of a type other than the column's.
    Stray,
    /// A decimal stored as TEXT since it has too many digits.
    LongDecimal,
    /// A text that was not UTF-8.
    Replaced,
    /// The same, in a column of another type.
    StrayReplaced,
    /// A long decimal in a column of another type.
    StrayLongDecimal,
}

impl Note {
    pub(super) fn is_stray(self) -> bool {
        matches!(self, Note::Stray | Note::StrayReplaced | Note::StrayLongDecimal)
    }

    fn stray(self) -> Self {
        match self {
            Note::Plain | Note::Stray => Note::Stray,
            Note::Replaced | Note::StrayReplaced => Note::StrayReplaced,
            Note::LongDecimal | Note::StrayLongDecimal => Note::StrayLongDecimal,
        }
    }
}

/// Decodes `value` for a column of `column_type` into `out`; formatted texts go to the end of
/// `arena`. (Into place, as results of this size cost more than the decoding.)
///
/// # Errors
/// If a value that becomes JSON is malformed inside.
#[inline(always)]
pub(super) fn decode<'a>(
    column_type: ColumnType,
    value: &Value<'a>,
    arena: &mut String,
    shown: Shown<'_>,
    out: &mut Pending<'a>,
) -> Result<Note, Malformed> {
    match (column_type, value) {
        (ColumnType::Text, Value::String(text)) => Ok(text_cell(text, arena, out)),
        (ColumnType::Integer, Value::Int32(integer)) => {
            Ok(cell(out, Cell::Integer(i64::from(*integer))))
        }
        (ColumnType::Integer, Value::Int64(integer)) => Ok(cell(out, Cell::Integer(*integer))),
        (ColumnType::Real, Value::Double(double)) => Ok(real(out, *double)),
        (ColumnType::Datetime, Value::DateTime(ms)) => Ok(datetime(*ms, arena, out)),
        (ColumnType::Text, Value::ObjectId(id)) => Ok(hex(id, arena, out)),
        _ => decode_rest(column_type, value, arena, shown, out),
    }
}

/// The combinations that are less frequent, or slow anyway.
#[inline(never)]
fn decode_rest<'a>(
    column_type: ColumnType,
    value: &Value<'a>,
    arena: &mut String,
    shown: Shown<'_>,
    out: &mut Pending<'a>,
) -> Result<Note, Malformed> {
    Ok(match (column_type, value) {
        (_, Value::Null | Value::Undefined) => cell(out, Cell::Null),
        (ColumnType::UnixMs, Value::DateTime(ms)) => cell(out, Cell::Integer(*ms)),
        (ColumnType::Json, _) => json_text(value, arena, shown, out)?,
        (ColumnType::Text, Value::Decimal128(bytes)) => {
            formatted(arena, out, |text| push(text, &Decimal::from_bytes(bytes)))
        }
        (ColumnType::Text, Value::Binary(binary)) if is_uuid(*binary) => uuid(*binary, arena, out),
        (ColumnType::Any, _)
        | (ColumnType::Integer, Value::Boolean(_) | Value::Timestamp(..))
        | (ColumnType::Decimal, Value::Decimal128(_)) => natural(value, arena, shown, out)?,
        (ColumnType::Blob, Value::Binary(binary)) => cell(out, Cell::Blob(binary.bytes)),
        (ColumnType::Scaled(scale), Value::Decimal128(bytes)) => {
            scaled(Decimal::from_bytes(bytes), scale, arena, out)
        }
        (ColumnType::Scaled(scale), Value::Int32(_) | Value::Int64(_) | Value::Double(_)) => {
            scaled_number(value, scale, arena, out).stray()
        }
        _ => natural(value, arena, shown, out)?.stray(),
    })
}

#[inline(always)]
fn cell<'a>(out: &mut Pending<'a>, cell: Cell<'a>) -> Note {
    *out = Pending::Cell(cell);
    Note::Plain
}

#[inline(always)]
fn real(out: &mut Pending<'_>, real: f64) -> Note {
    *out = Pending::Cell(if real.is_nan() { Cell::Null } else { Cell::Real(real) });
    Note::Plain
}

/// The value with its own type, as a column of type `any` has it.
fn natural<'a>(
    value: &Value<'a>,
    arena: &mut String,
    shown: Shown<'_>,
    out: &mut Pending<'a>,
) -> Result<Note, Malformed> {
    Ok(match value {
        Value::String(text) => text_cell(text, arena, out),
        Value::Int32(integer) => cell(out, Cell::Integer(i64::from(*integer))),
        Value::Int64(integer) => cell(out, Cell::Integer(*integer)),
        Value::Double(double) => real(out, *double),
        Value::Boolean(boolean) => cell(out, Cell::Integer(i64::from(*boolean))),
        Value::Timestamp(seconds, _) => cell(out, Cell::Integer(i64::from(*seconds))),
        Value::DateTime(ms) => {
            datetime(*ms, arena, out);
            Note::Plain
        }
        Value::ObjectId(id) => hex(id, arena, out),
        Value::Binary(binary) if is_uuid(*binary) => uuid(*binary, arena, out),
        Value::Binary(binary) => cell(out, Cell::Blob(binary.bytes)),
        Value::Decimal128(bytes) => decimal(Decimal::from_bytes(bytes), arena, out),
        _ => json_text(value, arena, shown, out)?,
    })
}

#[inline(always)]
fn formatted(arena: &mut String, out: &mut Pending<'_>, write: impl FnOnce(&mut String)) -> Note {
    let start = arena.len();
    write(arena);
    *out = Pending::Arena(start, arena.len());
    Note::Plain
}

fn push(text: &mut String, value: &dyn std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(text, format_args!("{value}"));
}

#[inline(always)]
fn text_cell<'a>(text: &'a [u8], arena: &mut String, out: &mut Pending<'a>) -> Note {
    match std::str::from_utf8(text) {
        Ok(text) => cell(out, Cell::Text(text)),
        Err(_) => {
            formatted(arena, out, |lossy| lossy.push_str(&String::from_utf8_lossy(text)));
            Note::Replaced
        }
    }
}

#[inline]
fn datetime(ms: i64, arena: &mut String, out: &mut Pending<'_>) -> Note {
    let mut buffer = [0; model::timestamp::TEXT_BYTES];
    match Timestamp(ms).write_text(&mut buffer) {
        Some(text) => formatted(arena, out, |arena| arena.push_str(text)),
        None => cell(out, Cell::Integer(ms)).stray(),
    }
}

#[inline]
fn hex(id: &[u8; 12], arena: &mut String, out: &mut Pending<'_>) -> Note {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 24];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    formatted(arena, out, |arena| {
        arena.push_str(std::str::from_utf8(&text).unwrap_or_default());
    })
}

fn is_uuid(binary: Binary<'_>) -> bool {
    matches!(binary.subtype, 3 | 4) && binary.bytes.len() == 16
}

/// The canonical text of the bytes in the order in which they are stored. (Drivers of old wrote
/// subtype 3 in orders of their own, which nothing in the value tells apart.)
fn uuid(binary: Binary<'_>, arena: &mut String, out: &mut Pending<'_>) -> Note {
    formatted(arena, out, |text| {
        let mut rest = binary.bytes;
        for group in [4, 2, 2, 2, 6] {
            let (head, tail) = rest.split_at(group);
            json::push_hex(text, head);
            if !tail.is_empty() {
                text.push('-');
            }
            rest = tail;
        }
    })
}

fn decimal(decimal: Decimal, arena: &mut String, out: &mut Pending<'_>) -> Note {
    match decimal.to_real() {
        Some(number) => real(out, number),
        None if decimal == Decimal::NaN => cell(out, Cell::Null),
        None => {
            formatted(arena, out, |text| push(text, &decimal));
            Note::LongDecimal
        }
    }
}

/// A decimal as a whole number of units; where it is none, its exact text: a REAL beside scaled
/// integers would be off by a power of ten.
fn scaled(decimal: Decimal, scale: u8, arena: &mut String, out: &mut Pending<'_>) -> Note {
    match (decimal.to_scaled(scale), decimal) {
        (Some(units), _) => cell(out, Cell::Integer(units)),
        (None, Decimal::NaN) => cell(out, Cell::Null),
        (None, Decimal::Infinity { .. }) => {
            real(out, decimal.to_real().unwrap_or(f64::INFINITY)).stray()
        }
        (None, Decimal::Finite { .. }) => {
            formatted(arena, out, |text| push(text, &decimal)).stray()
        }
    }
}

/// A plain number in a scaled column means the same amount: 5 is 500 units of a hundredth.
fn scaled_number(value: &Value<'_>, scale: u8, arena: &mut String, out: &mut Pending<'_>) -> Note {
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
        Value::Double(double) => return real(out, *double),
        _ => Decimal::NaN,
    };
    scaled(amount, scale, arena, out)
}

fn json_text(
    value: &Value<'_>,
    arena: &mut String,
    shown: Shown<'_>,
    out: &mut Pending<'_>,
) -> Result<Note, Malformed> {
    let start = arena.len();
    json::write(arena, value, shown)?;
    *out = Pending::Arena(start, arena.len());
    Ok(Note::Plain)
}
