//! Target `bson`: a run of documents, as a `.bson` file has it, through the raw walk and the
//! decoder, held against the driver's own reading of the same bytes. Both must read every value
//! alike; no document of another tenant may become a row; a decoder that has learned the order of
//! fields from other documents must give what a new one gives.

mod cells;
mod json;
mod walk;

use bson::RawDocument;
use fuzz::Target;
use source::RawBatch;

const TARGET: Target = Target {
    name: "bson",
    words: &[
        b"tenant\0",
        b"v\0",
        b"w\0",
        b"d\0",
        b"a\0",
        b"_id\0",
        b"\x02tenant\0\x05\0\0\0acme\0",
        b"\x02tenant\0\x06\0\0\0other\0",
        b"\x03d\0\x0c\0\0\0\x10v\0\x07\0\0\0\0",
        b"\x04a\0\x0c\0\0\0\x100\0\x07\0\0\0\0",
        b"\x0av\0",
        b"\x05\0\0\0\0",
        b"\x01\0\0\0\0",
        b"\xff\xff\xff\x7f",
        b"\xff\xff\xff\xff",
        b"\0\0\0\x80",
        b"\0\0\0\0\0\0\x3a\x30",
        b"\xc3\xbc",
        b"\xed\xa0\x80",
    ],
    cases: 10_000,
    bytes_max: 2_048,
    seeds: fuzz::no_seeds,
};

#[test]
fn target() {
    TARGET.run(|bytes| {
        let batch =
            RawBatch::from_run(bytes.to_vec()).or_else(|_| RawBatch::from_run(framed(bytes)));
        let Ok(batch) = batch else { return };
        let documents: Vec<&[u8]> = batch.documents().map(|one| one.expect("framed")).collect();
        let whole = documents.iter().map(|document| {
            let read = walk::reads_alike(document);
            RawDocument::from_bytes(*document).ok().filter(|_| read == walk::Read::Whole)
        });
        cells::decode_alike(&documents, &whole.collect::<Vec<_>>());
    });
}

/// The bytes as the inside of one document: what changed an input has seldom kept its length.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let inside = bytes.get(4..).unwrap_or_default();
    let length = u32::try_from(inside.len() + 5).expect("short").to_le_bytes();
    [&length, inside, &[0]].concat()
}
