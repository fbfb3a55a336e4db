//! The order in which field names came, learned from document to document: as documents of a
//! collection resemble each other, finding a field is mostly one comparison with the expected name.

use std::collections::HashMap;

use model::limits::{FIELD_NAME_BYTES_MAX, FIELD_SEQUENCE_MAX};

/// How far ahead to look for a name before asking the map: fields left out are few at a time.
const AHEAD: usize = 4;

/// What is known of one name in one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its field in the plan.
    pub(super) field: Option<usize>,
    /// The one column that it fills, if that is all there is to it: the usual case.
    pub(super) only_column: Option<usize>,
    /// Its entry in the report of unmapped fields.
    pub(super) unmapped: Option<usize>,
    /// The last row in which it was seen, to notice repetitions.
    pub(super) seen: u64,
}

/// A name with its 0, and its first eight bytes as one number: most names are compared without a
/// call.
#[derive(Debug)]
struct Name {
    bytes: Box<[u8]>,
    word: u64,
    mask: u64,
}

impl Name {
    fn new(name: &[u8]) -> Self {
        let bytes: Box<[u8]> = name.iter().copied().chain([0]).collect();
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for ((word, mask), byte) in word.iter_mut().zip(&mut mask).zip(&bytes) {
            (*word, *mask) = (*byte, 0xff);
        }
        Name { bytes, word: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }

    #[inline]
    fn begins(&self, rest: &[u8]) -> bool {
        match rest.first_chunk::<8>() {
            Some(first) => {
                u64::from_le_bytes(*first) & self.mask == self.word
                    && (self.bytes.len() <= 8 || rest.starts_with(&self.bytes))
            }
            None => rest.starts_with(&self.bytes),
        }
    }
}

/// The names of one node in their usual order.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    names: Vec<Name>,
    pub(super) known: Vec<Known>,
    places: HashMap<Box<[u8]>, usize>,
}

impl Sequence {
    /// Where the name is that `rest` starts with (ended by 0), expected at `cursor`.
    #[inline]
    pub(super) fn guess(&self, cursor: usize, rest: &[u8]) -> Option<usize> {
        let names = self.names.get(cursor..)?;
        names.iter().take(AHEAD).position(|name| name.begins(rest)).map(|ahead| cursor + ahead)
    }

    /// The name's bytes in a document: its length and its 0.
    #[inline]
    pub(super) fn name_bytes(&self, place: usize) -> usize {
        self.names[place].bytes.len()
    }

    /// Where `name` (without 0) is, wherever that be.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Puts a new name at `cursor`; `None` if it is too long or there are too many.
    pub(super) fn insert(&mut self, cursor: usize, name: &[u8], known: Known) -> Option<usize> {
        if self.names.len() >= FIELD_SEQUENCE_MAX || name.len() > FIELD_NAME_BYTES_MAX {
            return None;
        }
        let cursor = cursor.min(self.names.len());
        for place in self.places.values_mut().filter(|place| **place >= cursor) {
            *place += 1;
        }
        self.places.insert(name.into(), cursor);
        self.names.insert(cursor, Name::new(name));
        self.known.insert(cursor, known);
        Some(cursor)
    }
}
