//! LIKE and GLOB as SQLite compares them, byte for byte of its `patternCompare`, but for a look at the
//! deadline now and then: a comparison may need as many passes over the text as the pattern has bytes.

use crate::overdue::{self, Ended};
use crate::utf8::read;

/// What stands for something else in a pattern; 0 for none.
pub(super) struct Wildcards {
    all: u32,
    one: u32,
    /// `[` of GLOB.
    set: bool,
    no_case: bool,
    /// `[`, or the escape.
    other: u32,
}

impl Wildcards {
    /// Of SQLite's four bytes, and the escape if one was given.
    pub(super) fn of([all, one, set, no_case]: [u8; 4], escape: Option<u32>) -> Wildcards {
        // What is an escape is no wildcard any more.
        let but = |wildcard: u8| {
            let wildcard = u32::from(wildcard);
            if escape == Some(wildcard) { 0 } else { wildcard }
        };
        Wildcards {
            all: but(all),
            one: but(one),
            set: set != 0,
            no_case: no_case != 0,
            other: escape.unwrap_or(u32::from(set)),
        }
    }
}

/// The only character of `text`, if there is one only.
pub(super) fn only(text: &[u8]) -> Option<u32> {
    let mut rest = text;
    let character = read(&mut rest);
    (!text.is_empty() && rest.is_empty()).then_some(character)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Match,
    /// Not from here.
    No,
    /// From nowhere further on either.
    Never,
}

/// Whether `text` is like `pattern`; neither holds a NUL.
pub(super) fn matches(pattern: &[u8], text: &[u8], wildcards: &Wildcards) -> Result<bool, Ended> {
    Ok(compare(pattern, text, wildcards)? == Outcome::Match)
}

fn lower(character: u32) -> u32 {
    if (0x41..=0x5a).contains(&character) { character + 0x20 } else { character }
}

fn compare(mut pattern: &[u8], mut text: &[u8], w: &Wildcards) -> Result<Outcome, Ended> {
    let mut escaped: Option<usize> = None;
    loop {
        overdue::step()?;
        let mut wanted = read(&mut pattern);
        if wanted == 0 {
            return Ok(if text.is_empty() { Outcome::Match } else { Outcome::No });
        }
        if wanted == w.all {
            return after_all(pattern, text, w);
        }
        if wanted == w.other {
            if w.set && w.other == u32::from(b'[') {
                match in_set(&mut pattern, &mut text)? {
                    true => continue,
                    false => return Ok(Outcome::No),
                }
            }
            wanted = read(&mut pattern);
            if wanted == 0 {
                return Ok(Outcome::No);
            }
            escaped = Some(pattern.len());
        }
        let found = read(&mut text);
        let same = wanted == found
            || (w.no_case && wanted < 0x80 && found < 0x80 && lower(wanted) == lower(found))
            || (wanted == w.one && escaped != Some(pattern.len()) && found != 0);
        if !same {
            return Ok(Outcome::No);
        }
    }
}

/// What follows a wildcard for any number of characters, from anywhere on.
fn after_all(mut pattern: &[u8], mut text: &[u8], w: &Wildcards) -> Result<Outcome, Ended> {
    let mut wanted;
    let mut before;
    loop {
        before = pattern;
        wanted = read(&mut pattern);
        if wanted == w.one && w.one != 0 {
            if read(&mut text) == 0 {
                return Ok(Outcome::Never);
            }
        } else if wanted != w.all || wanted == 0 {
            break;
        }
    }
    if wanted == 0 {
        return Ok(Outcome::Match);
    }
    if wanted == w.other {
        if w.set {
            while !text.is_empty() {
                let outcome = compare(before, text, w)?;
                if outcome != Outcome::No {
                    return Ok(outcome);
                }
                read(&mut text);
            }
            return Ok(Outcome::Never);
        }
        wanted = read(&mut pattern);
        if wanted == 0 {
            return Ok(Outcome::Never);
        }
    }
    while !text.is_empty() {
        overdue::step()?;
        // SQLite looks for one byte of either case, or for one character as it is.
        let found = if wanted < 0x80 { u32::from(next_byte(&mut text)) } else { read(&mut text) };
        let same = found == wanted
            || (wanted < 0x80 && w.no_case && found < 0x80 && lower(found) == lower(wanted));
        if same {
            let outcome = compare(pattern, text, w)?;
            if outcome != Outcome::No {
                return Ok(outcome);
            }
        }
    }
    Ok(Outcome::Never)
}

fn next_byte(from: &mut &[u8]) -> u8 {
    let Some((first, rest)) = from.split_first() else { return 0 };
    *from = rest;
    *first
}

/// Whether the next character is in the set that begins here; both are passed over.
fn in_set(pattern: &mut &[u8], text: &mut &[u8]) -> Result<bool, Ended> {
    let found = read(text);
    if found == 0 {
        return Ok(false);
    }
    let (mut seen, mut inverted, mut prior) = (false, false, 0);
    let mut wanted = read(pattern);
    if wanted == u32::from(b'^') {
        inverted = true;
        wanted = read(pattern);
    }
    if wanted == u32::from(b']') {
        seen = found == u32::from(b']');
        wanted = read(pattern);
    }
    while wanted != 0 && wanted != u32::from(b']') {
        overdue::step()?;
        let bounded = pattern.first().is_some_and(|byte| *byte != b']');
        if wanted == u32::from(b'-') && bounded && prior > 0 {
            wanted = read(pattern);
            seen |= found >= prior && found <= wanted;
            prior = 0;
        } else {
            seen |= found == wanted;
            prior = wanted;
        }
        wanted = read(pattern);
    }
    Ok(wanted != 0 && seen != inverted)
}
