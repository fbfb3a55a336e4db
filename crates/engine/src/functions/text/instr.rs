//! `instr(haystack, needle)`.

use memchr::memmem;

use super::call::{Call, Failed, Gives};

/// The place of the first needle, from one, in characters, or in bytes of two blobs; 0 without.
pub(super) fn instr<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    let blobs = call.is_blob(0) && call.is_blob(1);
    let (Some(haystack), Some(needle)) = (call.bytes(0)?, call.bytes(1)?) else {
        return Ok(Gives::Null);
    };
    Ok(Gives::Integer(place(haystack, needle, blobs).map_or(0, |place| place as i64)))
}

/// A place within a text is where a character starts, which for SQLite is its beginning and any byte
/// that does not continue another.
fn place(haystack: &[u8], needle: &[u8], blobs: bool) -> Option<usize> {
    let continues = |byte: &u8| !blobs && byte & 0xc0 == 0x80;
    if needle.first().is_some_and(continues) {
        return haystack.starts_with(needle).then_some(1);
    }
    let at = memmem::find(haystack, needle)?;
    let before = haystack.get(1..=at).unwrap_or_default();
    Some(1 + before.iter().filter(|byte| !continues(byte)).count())
}
