//! Percent-decoding, strict: what is no encoding of UTF-8 is refused, not replaced.

use std::borrow::Cow;

/// Decodes `%XX`; a plus sign stays one. The error continues "the … ".
pub(crate) fn decode(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => return Err("has a percent sign without two hex digits after it"),
        }
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| "is not UTF-8")
}

/// Decodes a form's value (`application/x-www-form-urlencoded`): `%XX`, and plus signs as spaces.
pub(crate) fn decode_form(raw: &str) -> Result<String, &'static str> {
    if raw.contains('+') {
        decode(&raw.replace('+', " ")).map(Cow::into_owned)
    } else {
        decode(raw).map(Cow::into_owned)
    }
}
