//! A bounds-checked walk over raw BSON (<https://bsonspec.org/spec.html>): nothing is parsed ahead,
//! nothing is allocated, corrupt bytes are an error with an offset and never a panic.

mod element;
mod kind;

pub use element::{Binary, DbPointer, Element, Elements, Regex, Value};
pub use kind::Kind;

use std::fmt;

/// Bytes that are not BSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub what: &'static str,
    /// Where, in bytes from the start of the document (or of the run of documents).
    pub offset: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed BSON at byte {}: {}", self.offset, self.what)
    }
}

impl std::error::Error for Malformed {}

pub(crate) fn malformed<T>(what: &'static str, offset: usize) -> Result<T, Malformed> {
    Err(Malformed { what, offset })
}

/// The length that stands at `at`, if a document or array of that length can lie there.
pub(crate) fn document_length(bytes: &[u8], at: usize) -> Result<usize, Malformed> {
    let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
        return malformed("a document's length is cut off", at);
    };
    match usize::try_from(i32::from_le_bytes(*length)) {
        Ok(length) if length >= 5 => Ok(length),
        _ => malformed("a document's length is impossible", at),
    }
}

/// The document that starts at `at`, with its length in front and its 0 at the end.
///
/// # Errors
/// If it does not lie within `bytes` or its last byte is not 0.
pub fn document_at(bytes: &[u8], at: usize) -> Result<&[u8], Malformed> {
    let length = document_length(bytes, at)?;
    match bytes.get(at..at.saturating_add(length)) {
        None => malformed("a document is cut off", at),
        Some(document) if document.last() == Some(&0) => Ok(document),
        Some(_) => malformed("a document does not end with 0", at + length - 1),
    }
}

/// The document that is the array element at `at`, and where the element ends.
pub(crate) fn array_document_at(
    bytes: &[u8],
    at: usize,
    end: usize,
) -> Result<(usize, &[u8]), Malformed> {
    if bytes.get(at) != Some(&Kind::Document.byte()) {
        return malformed("an array of documents holds something else", at);
    }
    let Some(key) = bytes.get(at + 1..end).and_then(|rest| rest.iter().position(|b| *b == 0))
    else {
        return malformed("a field's name does not end", at + 1);
    };
    let start = at + 2 + key;
    let document = document_at(bytes.get(..end).unwrap_or(bytes), start)?;
    Ok((start + document.len(), document))
}

/// The array of documents in a server's reply to `find` or `getMore`.
pub(crate) fn reply_batch(reply: &[u8]) -> Result<&[u8], Malformed> {
    let cursor = find(reply, |element| match (element.name, element.value) {
        (b"cursor", Value::Document(cursor)) => Some(cursor),
        _ => None,
    })?;
    let Some(cursor) = cursor else { return malformed("a reply has no cursor", 0) };
    let batch = find(cursor, |element| match (element.name, element.value) {
        (b"firstBatch" | b"nextBatch", Value::Array(batch)) => Some(batch),
        _ => None,
    })?;
    batch.map_or_else(|| malformed("a cursor has no batch", 0), Ok)
}

/// The first element for which `pick` gives something.
pub(crate) fn find<'a, T>(
    document: &'a [u8],
    mut pick: impl FnMut(Element<'a>) -> Option<T>,
) -> Result<Option<T>, Malformed> {
    for element in Elements::new(document)? {
        if let Some(found) = pick(element?) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
