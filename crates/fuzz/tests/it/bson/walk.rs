//! The raw walk beside the driver's.

use bson::RawDocument;
use bson::error::ErrorKind;
use bson::raw::RawBsonRef;
use source::raw::{Elements, Value};

/// Levels that are compared; below them nothing is looked at.
const DEPTH_MAX: usize = 60;

/// How far both readers came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// To the end, alike.
    Whole,
    /// One of them refused something, for a reason that holds for one alone.
    Partly,
}

/// Walks `document`, and all within it, with both readers.
pub(super) fn reads_alike(document: &[u8]) -> Read {
    level(document, 0)
}

fn level(document: &[u8], depth: usize) -> Read {
    if depth == DEPTH_MAX {
        return Read::Partly;
    }
    let mut ours = Elements::new(document).expect("framed");
    let mut theirs = RawDocument::from_bytes(document).expect("framed").iter();
    let mut read = Read::Whole;
    loop {
        let start = ours.offset();
        match (ours.next(), theirs.next()) {
            (None, None) => return read,
            (Some(Ok(our)), Some(Ok((name, value)))) => {
                assert_eq!(our.name, name.as_str().as_bytes(), "at {start}");
                if same(our.value, value, depth) == Read::Partly {
                    read = Read::Partly;
                }
            }
            (Some(Err(_)), Some(Err(_))) => return Read::Partly,
            // We read texts as bytes; whoever uses one checks it.
            (Some(Ok(_)), Some(Err(error))) if is_text(&error) => {
                for rest in ours {
                    let Ok(_) = rest else { break };
                }
                return Read::Partly;
            }
            // The driver lets a value take the document's own end, and then misses the end.
            (Some(Err(_)), Some(Ok(_))) if theirs.any(|rest| rest.is_err()) => return Read::Partly,
            (our, their) => panic!("ours at {start}: {our:?}; the driver's: {their:?}"),
        }
    }
}

fn is_text(error: &bson::error::Error) -> bool {
    matches!(error.kind, ErrorKind::Utf8Encoding { .. })
}

fn same(ours: Value<'_>, theirs: RawBsonRef<'_>, depth: usize) -> Read {
    let alike = match (ours, theirs) {
        (Value::Document(a), RawBsonRef::Document(b)) => return below(a, b.as_bytes(), depth),
        (Value::Array(a), RawBsonRef::Array(b)) => return below(a, b.as_bytes(), depth),
        (Value::CodeWithScope(code, scope), RawBsonRef::JavaScriptCodeWithScope(both)) => {
            assert_eq!(code, both.code.as_bytes());
            return below(scope, both.scope.as_bytes(), depth);
        }
        (Value::Double(a), RawBsonRef::Double(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), RawBsonRef::String(b)) => a == b.as_bytes(),
        (Value::Code(a), RawBsonRef::JavaScriptCode(b)) => a == b.as_bytes(),
        (Value::Symbol(a), RawBsonRef::Symbol(b)) => a == b.as_bytes(),
        (Value::Binary(a), RawBsonRef::Binary(b)) => {
            a.subtype == u8::from(b.subtype) && a.bytes == b.bytes
        }
        (Value::ObjectId(a), RawBsonRef::ObjectId(b)) => *a == b.bytes(),
        (Value::Boolean(a), RawBsonRef::Boolean(b)) => a == b,
        (Value::DateTime(a), RawBsonRef::DateTime(b)) => a == b.timestamp_millis(),
        (Value::Regex(a), RawBsonRef::RegularExpression(b)) => {
            a.pattern == b.pattern.as_str().as_bytes() && a.options == b.options.as_str().as_bytes()
        }
        (Value::DbPointer(a), RawBsonRef::DbPointer(_)) => {
            let Ok(bson::Bson::DbPointer(b)) = bson::Bson::try_from(theirs) else {
                return Read::Partly;
            };
            // The driver shows a pointer's parts only in its debug form.
            let shown = format!("{b:?}");
            let namespace = String::from_utf8_lossy(a.namespace);
            shown.contains(&format!("{namespace:?}"))
                && shown.contains(&bson::oid::ObjectId::from_bytes(*a.id).to_hex())
        }
        (Value::Int32(a), RawBsonRef::Int32(b)) => a == b,
        (Value::Int64(a), RawBsonRef::Int64(b)) => a == b,
        (Value::Timestamp(seconds, increment), RawBsonRef::Timestamp(b)) => {
            (seconds, increment) == (b.time, b.increment)
        }
        (Value::Decimal128(a), RawBsonRef::Decimal128(b)) => *a == b.bytes(),
        (Value::Null, RawBsonRef::Null)
        | (Value::Undefined, RawBsonRef::Undefined)
        | (Value::MinKey, RawBsonRef::MinKey)
        | (Value::MaxKey, RawBsonRef::MaxKey) => true,
        _ => false,
    };
    assert!(alike, "ours: {ours:?}; the driver's: {theirs:?}");
    Read::Whole
}

fn below(ours: &[u8], theirs: &[u8], depth: usize) -> Read {
    assert_eq!(ours, theirs, "an embedded document's bytes");
    level(ours, depth + 1)
}
