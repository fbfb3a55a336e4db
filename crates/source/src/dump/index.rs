//! Where each tenant's documents lie in a collection's file: one pass at start.

use std::collections::HashMap;

use model::limits::DUMP_INDEX_BYTES_MAX;
use model::{Catalog, Error, Path, TenantKeyType};

use super::folder::{CollectionFile, Documents, unreadable};
use crate::key::TenantKey;
use crate::raw::{Elements, Malformed, Value, malformed};

/// The documents of one collection by one tenant key.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    pub(super) tenants: HashMap<TenantKey, Postings>,
    /// Documents whose key is of another type, or missing: nobody's.
    pub(super) other: u64,
}

/// One collection.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) keys: HashMap<Path, KeyIndex>,
    pub(super) documents: u64,
    pub(super) bytes: u64,
}

/// Runs of a tenant's documents: gaps and lengths as variable-length integers (LEB128), so that a
/// run costs three to five bytes wherever the file is in between.
#[derive(Debug, Default)]
pub(super) struct Postings {
    encoded: Vec<u8>,
    /// Where the last encoded run ends.
    encoded_end: u64,
    /// The run being extended.
    open: (u64, u64),
    pub(super) documents: u64,
    pub(super) bytes: u64,
}

impl Postings {
    fn add(&mut self, offset: u64, length: u64) {
        self.documents += 1;
        self.bytes += length;
        if self.open.0 + self.open.1 == offset && self.open.1 > 0 {
            self.open.1 += length;
            return;
        }
        self.flush();
        self.open = (offset, length);
    }

    fn flush(&mut self) {
        let (start, length) = self.open;
        if length > 0 {
            push_number(&mut self.encoded, start - self.encoded_end);
            push_number(&mut self.encoded, length);
            self.encoded_end = start + length;
        }
        self.open = (0, 0);
    }

    /// The run after `at.end`, whose encoding starts at byte `at.byte`.
    pub(super) fn run(&self, at: &mut Place) -> Option<(u64, u64)> {
        let gap = number(&self.encoded, &mut at.byte)?;
        let length = number(&self.encoded, &mut at.byte)?;
        let start = at.end + gap;
        at.end = start + length;
        Some((start, length))
    }
}

/// How far a tenant's runs have been read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    byte: usize,
    end: u64,
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The low seven bits and a mark that more follow.
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// The tenant keys by which the catalog reads each collection: those of its tables, and that of the
/// list of tenants. Shared tables need none but are counted.
pub(super) fn keys_wanted(catalog: &Catalog) -> HashMap<String, Vec<Path>> {
    let mut wanted: HashMap<String, Vec<Path>> = HashMap::new();
    let mut add = |collection: &str, key: Option<&Path>| {
        let keys = wanted.entry(collection.to_owned()).or_default();
        if let Some(key) = key.filter(|key| !keys.contains(key)) {
            keys.push(key.clone());
        }
    };
    for table in &catalog.tables {
        add(&table.collection, (!table.shared).then_some(&table.tenant_key));
    }
    if let Some(list) = &catalog.tenants {
        add(&list.collection, Some(&list.key));
    }
    wanted
}

/// Reads the whole file once. `keep` sees every document (to hold it, where the file is compressed);
/// `progress` is told the bytes of the file read so far.
pub(super) fn build(
    file: &CollectionFile,
    keys: &[Path],
    key_type: TenantKeyType,
    keep: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    progress: &mut dyn FnMut(u64),
) -> Result<Index, Error> {
    let mut index = Index::default();
    let mut by_key: Vec<KeyIndex> = keys.iter().map(|_| KeyIndex::default()).collect();
    let mut documents = Documents::open(file)?;
    let mut told = 0;
    let mut encoded = 0;
    while let Some((offset, document)) = documents.next()? {
        let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
        keep(document)?;
        let mut failed = check(document).err();
        for (key, found) in keys.iter().zip(&mut by_key) {
            match key_of(document, key.segments(), key_type) {
                Ok(Some(key)) => {
                    let postings = found.tenants.entry(key).or_insert_with(|| {
                        encoded += 200; // about what an entry costs
                        Postings::default()
                    });
                    let before = postings.encoded.len();
                    postings.add(offset, length);
                    encoded += postings.encoded.len() - before;
                }
                Ok(None) => found.other += 1,
                Err(malformed) => failed = Some(malformed),
            }
        }
        if let Some(malformed) = failed {
            let at = u64::try_from(malformed.offset).unwrap_or(0);
            return Err(documents.corrupt_at(offset + at, malformed.what));
        }
        if encoded > DUMP_INDEX_BYTES_MAX {
            return Err(unreadable(
                &file.path,
                format!(
                    "the index of this collection would take over {DUMP_INDEX_BYTES_MAX} bytes: sort the dump by tenant, or read from MongoDB"
                ),
            ));
        }
        index.documents += 1;
        index.bytes += length;
        if documents.bytes_read() != told {
            told = documents.bytes_read();
            progress(told);
        }
    }
    for found in &mut by_key {
        found.tenants.values_mut().for_each(Postings::flush);
    }
    index.keys = keys.iter().cloned().zip(by_key).collect();
    Ok(index)
}

/// Walks the document's top level.
fn check(document: &[u8]) -> Result<(), Malformed> {
    Elements::new(document)?.try_for_each(|element| element.map(|_| ()))
}

/// The tenant key at `path`, of the type declared; the first, where fields repeat.
fn key_of(
    document: &[u8],
    path: &[String],
    key_type: TenantKeyType,
) -> Result<Option<TenantKey>, Malformed> {
    let Some((name, below)) = path.split_first() else { return malformed("no tenant key", 0) };
    for element in Elements::new(document)? {
        let element = element?;
        if element.name != name.as_bytes() {
            continue;
        }
        return match element.value {
            Value::Document(inner) if !below.is_empty() => key_of(inner, below, key_type),
            value if below.is_empty() => Ok(TenantKey::of_value(&value, key_type)),
            _ => Ok(None),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn postings_give_back_their_runs(runs in prop::collection::vec((0u64..1 << 40, 1u64..1 << 30), 0..50)) {
            let mut postings = Postings::default();
            let mut expected: Vec<(u64, u64)> = Vec::new();
            let mut end = 0;
            for (gap, length) in runs {
                let start = end + gap;
                end = start + length;
                postings.add(start, length);
                match expected.last_mut() {
                    Some(last) if last.0 + last.1 == start => last.1 += length,
                    _ => expected.push((start, length)),
                }
            }
            postings.flush();
            let mut place = Place::default();
            let back: Vec<_> = std::iter::from_fn(|| postings.run(&mut place)).collect();
            prop_assert_eq!(back, expected);
        }
    }
}
