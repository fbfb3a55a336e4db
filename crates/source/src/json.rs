//! Relaxed extended JSON v2
//! (<https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>),
//! written straight from raw BSON.

use std::fmt::Write as _;

use model::Timestamp;
use model::limits::BSON_DEPTH_MAX;

use crate::decimal::Decimal;
use crate::raw::{Binary, Elements, Malformed, Value, malformed};

/// Which fields are written.
pub(crate) trait Fields: Copy {
    /// What holds below the field `name`; `None` leaves the field out.
    fn enter(self, name: &[u8]) -> Option<Self>;
}

/// Every field.
#[derive(Clone, Copy)]
pub(crate) struct AllFields;

impl Fields for AllFields {
    fn enter(self, _: &[u8]) -> Option<Self> {
        Some(self)
    }
}

/// Appends `value` to `out`. Texts that are not UTF-8 get U+FFFD.
///
/// # Errors
/// If the value is malformed inside or nested deeper than [`BSON_DEPTH_MAX`].
pub(crate) fn write(
    out: &mut String,
    value: &Value<'_>,
    fields: impl Fields,
) -> Result<(), Malformed> {
    write_value(out, value, fields, 0)
}

/// Appends `name` as a JSON string and a colon.
pub(crate) fn write_name(out: &mut String, name: &[u8]) {
    write_text(out, name);
    out.push(':');
}

fn write_value(
    out: &mut String,
    value: &Value<'_>,
    fields: impl Fields,
    depth: usize,
) -> Result<(), Malformed> {
    match *value {
        Value::Document(document) => return write_document(out, document, fields, depth),
        Value::Array(array) => return write_array(out, array, fields, depth),
        Value::CodeWithScope(code, scope) => {
            out.push_str("{\"$code\":");
            write_text(out, code);
            out.push_str(",\"$scope\":");
            write_document(out, scope, fields, depth)?;
            out.push('}');
        }
        Value::Null => out.push_str("null"),
        Value::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
        Value::Int32(integer) => push(out, format_args!("{integer}")),
        Value::Int64(integer) => push(out, format_args!("{integer}")),
        Value::Double(double) => write_double(out, double),
        Value::String(text) => write_text(out, text),
        Value::DateTime(ms) => write_date(out, ms),
        Value::ObjectId(id) => write_object_id(out, id),
        Value::Decimal128(bytes) => {
            push(out, format_args!("{{\"$numberDecimal\":\"{}\"}}", Decimal::from_bytes(bytes)));
        }
        Value::Binary(binary) => write_binary(out, binary),
        Value::Timestamp(seconds, increment) => {
            push(out, format_args!("{{\"$timestamp\":{{\"t\":{seconds},\"i\":{increment}}}}}"));
        }
        _ => write_rare(out, value),
    }
    Ok(())
}

fn write_rare(out: &mut String, value: &Value<'_>) {
    match *value {
        Value::Regex(regex) => {
            out.push_str("{\"$regularExpression\":{\"pattern\":");
            write_text(out, regex.pattern);
            out.push_str(",\"options\":");
            let mut options = regex.options.to_vec();
            options.sort_unstable();
            write_text(out, &options);
            out.push_str("}}");
        }
        Value::Code(code) => {
            out.push_str("{\"$code\":");
            write_text(out, code);
            out.push('}');
        }
        Value::Symbol(symbol) => {
            out.push_str("{\"$symbol\":");
            write_text(out, symbol);
            out.push('}');
        }
        Value::DbPointer(pointer) => {
            out.push_str("{\"$dbPointer\":{\"$ref\":");
            write_text(out, pointer.namespace);
            out.push_str(",\"$id\":");
            write_object_id(out, pointer.id);
            out.push_str("}}");
        }
        Value::MinKey => out.push_str("{\"$minKey\":1}"),
        Value::MaxKey => out.push_str("{\"$maxKey\":1}"),
        _ => out.push_str("{\"$undefined\":true}"),
    }
}

fn write_document(
    out: &mut String,
    document: &[u8],
    fields: impl Fields,
    depth: usize,
) -> Result<(), Malformed> {
    if depth >= BSON_DEPTH_MAX {
        return malformed("nested too deeply", 0);
    }
    out.push('{');
    let mut first = true;
    for element in Elements::new(document)? {
        let element = element?;
        let Some(below) = fields.enter(element.name) else { continue };
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write_name(out, element.name);
        write_value(out, &element.value, below, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn write_array(
    out: &mut String,
    array: &[u8],
    fields: impl Fields,
    depth: usize,
) -> Result<(), Malformed> {
    if depth >= BSON_DEPTH_MAX {
        return malformed("nested too deeply", 0);
    }
    out.push('[');
    for (index, element) in Elements::new(array)?.enumerate() {
        if index > 0 {
            out.push(',');
        }
        // A path goes through arrays as MongoDB's projections do.
        write_value(out, &element?.value, fields, depth + 1)?;
    }
    out.push(']');
    Ok(())
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(arguments);
}

fn write_double(out: &mut String, double: f64) {
    if double.is_finite() {
        // Rust's debug form is the shortest that reads back as the same double, and is JSON.
        push(out, format_args!("{double:?}"));
    } else {
        let name = if double.is_nan() {
            "NaN"
        } else if double > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        push(out, format_args!("{{\"$numberDouble\":\"{name}\"}}"));
    }
}

fn write_date(out: &mut String, ms: i64) {
    let mut buffer = [0; model::timestamp::TEXT_BYTES];
    match Timestamp(ms).write_text(&mut buffer) {
        Some(text) if ms >= 0 => {
            // The specification leaves out a fraction of zero.
            let text = text.strip_suffix(".000Z").map_or(text, |_| &text[..19]);
            let zulu = if text.len() == 19 { "Z" } else { "" };
            push(out, format_args!("{{\"$date\":\"{text}{zulu}\"}}"));
        }
        _ => push(out, format_args!("{{\"$date\":{{\"$numberLong\":\"{ms}\"}}}}")),
    }
}

fn write_object_id(out: &mut String, id: &[u8; 12]) {
    out.push_str("{\"$oid\":\"");
    push_hex(out, id);
    out.push_str("\"}");
}

/// Appends `bytes` in lower-case hex.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn write_binary(out: &mut String, binary: Binary<'_>) {
    out.push_str("{\"$binary\":{\"base64\":\"");
    push_base64(out, binary.bytes);
    push(out, format_args!("\",\"subType\":\"{:02x}\"}}}}", binary.subtype));
}

fn push_base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let padding = digit > group.len();
            out.push(if padding { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
}

fn write_text(out: &mut String, text: &[u8]) {
    out.push('"');
    match std::str::from_utf8(text) {
        Ok(text) => push_escaped(out, text),
        Err(_) => push_escaped(out, &String::from_utf8_lossy(text)),
    }
    out.push('"');
}

fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        match special.as_bytes()[0] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => push(out, format_args!("\\u{control:04x}")),
        }
        rest = &special[1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;
