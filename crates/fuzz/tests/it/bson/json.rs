//! Relaxed extended JSON v2 of the driver's values, told again from its specification.

use bson::RawDocument;
use bson::raw::RawBsonRef;
use serde_json::{Map, Value, json};

/// Levels that are compared: JSON readers take no more than 128.
const DEPTH_MAX: usize = 50;

/// A document's fields in their order.
pub(super) type Fields<'a> = Vec<(&'a str, RawBsonRef<'a>)>;

/// The fields of a document that was read to its end before.
pub(super) fn fields(document: &RawDocument) -> Fields<'_> {
    let read = document.iter().map(|field| field.expect("read before"));
    read.map(|(name, value)| (name.as_str(), value)).collect()
}

/// The value's JSON; `None` where a JSON value cannot hold it (a field is there twice) or nobody
/// reads it back (too deep).
pub(super) fn relaxed(value: RawBsonRef<'_>, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    Some(match value {
        RawBsonRef::Null => Value::Null,
        RawBsonRef::Undefined => json!({"$undefined": true}),
        RawBsonRef::Boolean(boolean) => boolean.into(),
        RawBsonRef::Int32(integer) => integer.into(),
        RawBsonRef::Int64(integer) => integer.into(),
        RawBsonRef::Double(real) if real.is_finite() => real.into(),
        RawBsonRef::Double(real) if real.is_nan() => json!({"$numberDouble": "NaN"}),
        RawBsonRef::Double(real) if real > 0.0 => json!({"$numberDouble": "Infinity"}),
        RawBsonRef::Double(_) => json!({"$numberDouble": "-Infinity"}),
        RawBsonRef::String(text) => text.into(),
        RawBsonRef::Document(document) => object(document, depth)?,
        RawBsonRef::Array(array) => {
            let elements = array.into_iter().map(|element| element.expect("read before"));
            elements.map(|element| relaxed(element, depth + 1)).collect::<Option<_>>()?
        }
        RawBsonRef::Binary(binary) => json!({"$binary": {
            "base64": base64(binary.bytes),
            "subType": format!("{:02x}", u8::from(binary.subtype)),
        }}),
        RawBsonRef::ObjectId(id) => json!({"$oid": id.to_hex()}),
        RawBsonRef::DateTime(at) => {
            let ms = at.timestamp_millis();
            let near = (0..=253_402_300_799_999).contains(&ms);
            match at.try_to_rfc3339_string().ok().filter(|_| near) {
                // The driver leaves out the zeros at the end, the specification has three digits.
                Some(text) if ms % 1_000 != 0 => {
                    json!({"$date": format!("{}.{:03}Z", &text[..19], ms % 1_000)})
                }
                Some(text) => json!({"$date": text}),
                None => json!({"$date": {"$numberLong": ms.to_string()}}),
            }
        }
        RawBsonRef::Timestamp(at) => json!({"$timestamp": {"t": at.time, "i": at.increment}}),
        RawBsonRef::Decimal128(decimal) => json!({"$numberDecimal": decimal.to_string()}),
        RawBsonRef::RegularExpression(regex) => {
            let mut options: Vec<char> = regex.options.as_str().chars().collect();
            options.sort_unstable();
            let options: String = options.into_iter().collect();
            json!({"$regularExpression": {"pattern": regex.pattern.as_str(), "options": options}})
        }
        RawBsonRef::JavaScriptCode(code) => json!({"$code": code}),
        RawBsonRef::JavaScriptCodeWithScope(both) => {
            json!({"$code": both.code, "$scope": object(both.scope, depth)?})
        }
        RawBsonRef::Symbol(symbol) => json!({"$symbol": symbol}),
        // The driver keeps a pointer's parts to itself; the walk has compared them.
        RawBsonRef::DbPointer(_) => return None,
        RawBsonRef::MinKey => json!({"$minKey": 1}),
        RawBsonRef::MaxKey => json!({"$maxKey": 1}),
    })
}

fn object(document: &RawDocument, depth: usize) -> Option<Value> {
    let mut object = Map::new();
    for (name, value) in fields(document) {
        if object.insert(name.to_owned(), relaxed(value, depth + 1)?).is_some() {
            return None;
        }
    }
    Some(object.into())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |six: &[u8]| {
        let six = std::str::from_utf8(six).expect("bits");
        let number = usize::from_str_radix(&format!("{six:0<6}"), 2).expect("bits");
        char::from(DIGITS[number])
    };
    let mut text: String = bits.as_bytes().chunks(6).map(digit).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
