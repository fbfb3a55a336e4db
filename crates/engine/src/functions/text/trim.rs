//! `trim`, `ltrim` and `rtrim`.

use super::call::{Call, Failed, Gives, Words};
use crate::overdue;

/// Characters taken off both ends.
pub(super) fn trim<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    ends(call, true, true)
}

/// Characters taken off the start.
pub(super) fn ltrim<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    ends(call, true, false)
}

/// Characters taken off the end.
pub(super) fn rtrim<'a>(call: &Call<'a>) -> Result<Gives<'a>, Failed> {
    ends(call, false, true)
}

fn ends<'a>(call: &Call<'a>, left: bool, right: bool) -> Result<Gives<'a>, Failed> {
    let Some(mut text) = call.bytes(0)? else { return Ok(Gives::Null) };
    let wanted = if call.count() == 1 { Some(b" ".as_slice()) } else { call.bytes(1)? };
    let Some(wanted) = wanted else { return Ok(Gives::Null) };
    // For SQLite these end at a NUL.
    let end = memchr::memchr(0, wanted).unwrap_or(wanted.len());
    let set = Set::of(&wanted[..end])?;
    if left {
        loop {
            match set.starts(text)? {
                0 => break,
                len => text = &text[len..],
            }
        }
    }
    if right {
        loop {
            match set.ends(text)? {
                0 => break,
                len => text = &text[..text.len() - len],
            }
        }
    }
    Ok(Gives::Part(text))
}

/// Bytes of a character in valid UTF-8, at most.
const CHARACTER_MAX: usize = 4;

/// The first character of `bytes` as SQLite reads it: a byte from 0xc0 with all that continue it, or
/// any other byte. `bytes` is not empty.
fn first(bytes: &[u8]) -> &[u8] {
    let more = if bytes[0] < 0xc0 { 0 } else { continuing(&bytes[1..]) };
    &bytes[..=more]
}

/// How many bytes at the start of `bytes` continue a character.
fn continuing(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| continues(**byte)).count()
}

fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Characters to take off. Where several fit, which needs invalid UTF-8, the first counts.
enum Set<'a> {
    Table {
        /// Characters of one byte: 0, or their places from one.
        bytes: Box<[u32; 256]>,
        /// The longer ones.
        longer: Table,
    },
    /// Some are longer than characters are, which is slow.
    Odd(&'a [u8]),
}

impl<'a> Set<'a> {
    fn of(wanted: &'a [u8]) -> Result<Set<'a>, Failed> {
        let mut bytes = Box::new([0; 256]);
        let (mut longer, mut rest, mut place) = (Table::default(), wanted, 0);
        while !rest.is_empty() {
            overdue::step()?;
            let character = first(rest);
            rest = &rest[character.len()..];
            place += 1;
            match character {
                [byte] => {
                    let slot = &mut bytes[usize::from(*byte)];
                    *slot = if *slot == 0 { place } else { *slot };
                }
                _ if character.len() > CHARACTER_MAX => return Ok(Set::Odd(wanted)),
                _ => longer.add(key(character), place)?,
            }
        }
        Ok(Set::Table { bytes, longer })
    }

    /// Bytes of the character that `text` starts with; 0 if there is none.
    fn starts(&self, text: &[u8]) -> Result<usize, Failed> {
        let Some(byte) = text.first() else { return Ok(0) };
        overdue::step()?;
        match self {
            Set::Odd(wanted) => odd(wanted, |character| text.starts_with(character)),
            Set::Table { bytes, longer } => {
                let mut best = (bytes[usize::from(*byte)], 1);
                let most = if *byte < 0xc0 { 0 } else { text.len().min(CHARACTER_MAX) };
                for len in 2..=most {
                    if !continues(text[len - 1]) {
                        break;
                    }
                    best = better(best, (longer.place(key(&text[..len])), len));
                }
                Ok(if best.0 == 0 { 0 } else { best.1 })
            }
        }
    }

    /// Bytes of the character that `text` ends with; 0 if there is none.
    fn ends(&self, text: &[u8]) -> Result<usize, Failed> {
        let Some(byte) = text.last() else { return Ok(0) };
        overdue::step()?;
        match self {
            Set::Odd(wanted) => odd(wanted, |character| text.ends_with(character)),
            Set::Table { bytes, longer } => {
                let mut best = (bytes[usize::from(*byte)], 1);
                let tail = &text[text.len().saturating_sub(CHARACTER_MAX)..];
                let start = tail.iter().rposition(|byte| !continues(*byte)).unwrap_or(0);
                let last = &tail[start..];
                if last.len() > 1 && last[0] >= 0xc0 {
                    best = better(best, (longer.place(key(last)), last.len()));
                }
                Ok(if best.0 == 0 { 0 } else { best.1 })
            }
        }
    }
}

/// Whichever has the lower place, if it has one.
fn better(one: (u32, usize), other: (u32, usize)) -> (u32, usize) {
    if one.0 == 0 || (other.0 != 0 && other.0 < one.0) { other } else { one }
}

/// As SQLite does it: each of `wanted` in turn.
fn odd(wanted: &[u8], fits: impl Fn(&[u8]) -> bool) -> Result<usize, Failed> {
    let mut rest = wanted;
    while !rest.is_empty() {
        let character = first(rest);
        overdue::step()?;
        if fits(character) {
            return Ok(character.len());
        }
        rest = &rest[character.len()..];
    }
    Ok(0)
}

/// A character of two to four bytes as a number, which is not 0.
fn key(character: &[u8]) -> u32 {
    character.iter().fold(0, |key, byte| key << 8 | u32::from(*byte))
}

/// A hash table of keys and places, each slot a key above a place. Empty slots are 0.
#[derive(Default)]
struct Table {
    slots: Option<Words>,
    count: usize,
}

impl Table {
    fn add(&mut self, key: u32, place: u32) -> Result<(), Failed> {
        let len = self.slots.as_ref().map_or(0, Words::len);
        if 2 * (self.count + 1) > len {
            self.grow(len)?;
        }
        let Some(slots) = &mut self.slots else { return Ok(()) };
        let at = find(slots.as_words(), key);
        let slot = &mut slots.words()[at];
        if *slot == 0 {
            *slot = u64::from(key) << 32 | u64::from(place);
            self.count += 1;
        }
        Ok(())
    }

    fn grow(&mut self, len: usize) -> Result<(), Failed> {
        let mut grown = Words::zeroed((2 * len).max(64))?;
        for slot in self.slots.iter().flat_map(Words::as_words).filter(|slot| **slot != 0) {
            overdue::step()?;
            let at = find(grown.as_words(), (*slot >> 32) as u32);
            grown.words()[at] = *slot;
        }
        self.slots = Some(grown);
        Ok(())
    }

    fn place(&self, key: u32) -> u32 {
        self.slots.as_ref().map_or(0, |slots| {
            let slots = slots.as_words();
            slots[find(slots, key)] as u32
        })
    }
}

/// The slot of `key`, or the empty one where it would be. There is always an empty one.
fn find(slots: &[u64], key: u32) -> usize {
    let mask = slots.len() - 1;
    let mut at = (u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
    while slots[at] != 0 && (slots[at] >> 32) as u32 != key {
        at = (at + 1) & mask;
    }
    at
}
