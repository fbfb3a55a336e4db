//! `unhex(digits, between)`.

use super::call::{Call, Failed, Gives, Words};
use crate::overdue;
use crate::utf8::read;

/// The bytes that pairs of digits stand for; characters of the second argument may stand between them.
/// NULL where anything else does. For SQLite the digits end at a NUL.
pub(super) fn unhex<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    let between = if call.count() == 1 { Some(&[][..]) } else { call.bytes(1)? };
    let (Some(digits), Some(between)) = (call.bytes(0)?, between) else { return Ok(Gives::Null) };
    let end = memchr::memchr(0, digits).unwrap_or(digits.len());
    let mut rest = &digits[..end];
    let mut made = Words::for_bytes(digits.len() / 2 + 1)?;
    let mut len = 0;
    while let Some(first) = rest.first() {
        overdue::step()?;
        let Some(high) = char::from(*first).to_digit(16) else {
            let character = read(&mut rest);
            if !holds(between, character)? {
                return Ok(Gives::Null);
            }
            continue;
        };
        let low = rest.get(1).and_then(|second| char::from(*second).to_digit(16));
        let Some(low) = low else { return Ok(Gives::Null) };
        // Two digits are less than 256.
        made.bytes()[len] = (high << 4 | low) as u8;
        len += 1;
        rest = &rest[2..];
    }
    made.cut(len);
    Ok(Gives::Bytes(made))
}

/// Whether `text` holds a character; both as SQLite reads them, which of invalid UTF-8 makes others.
fn holds(text: &[u8], character: u32) -> Result<bool, Failed> {
    let mut rest = text;
    while !rest.is_empty() {
        overdue::step()?;
        if read(&mut rest) == character {
            return Ok(true);
        }
    }
    Ok(false)
}
