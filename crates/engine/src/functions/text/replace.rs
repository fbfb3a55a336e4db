//! `replace(text, pattern, replacement)`.

use memchr::memmem::Finder;

use super::call::{Call, Failed, Gives, Words};
use crate::overdue;

/// The text with each pattern replaced, from the left. A pattern that is empty, or for SQLite ends at
/// its first byte, is found nowhere.
pub(super) fn replace<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    let (Some(text), Some(pattern)) = (call.bytes(0)?, call.bytes(1)?) else {
        return Ok(Gives::Null);
    };
    if pattern.first().is_none_or(|byte| *byte == 0) {
        return Ok(Gives::Part(text));
    }
    let Some(replacement) = call.bytes(2)? else { return Ok(Gives::Null) };
    let finder = Finder::new(pattern);
    let mut found = 0;
    for _ in finder.find_iter(text) {
        found += 1;
        overdue::step()?;
    }
    if found == 0 {
        return Ok(Gives::Part(text));
    }
    // Not below zero: each pattern found is a part of the text.
    let len = text.len() - found * pattern.len() + found * replacement.len();
    if len > call.len_max() {
        return Err(Failed::TooBig);
    }
    let mut made = Words::for_bytes(len)?;
    let (mut out, mut from) = (made.bytes(), 0);
    for at in finder.find_iter(text) {
        out = put(put(out, &text[from..at]), replacement);
        from = at + pattern.len();
        overdue::step()?;
    }
    put(out, &text[from..]);
    Ok(Gives::Made(made))
}

/// Writes at the start of `out`; what is left of it.
fn put<'o>(out: &'o mut [u8], bytes: &[u8]) -> &'o mut [u8] {
    let (start, rest) = out.split_at_mut(bytes.len());
    start.copy_from_slice(bytes);
    rest
}
