//! Tests of the raw walk.

use bson::{Bson, doc};
use proptest::prelude::*;

use super::*;

#[test]
fn elements_of_a_document() {
    let bytes = doc! {"a": 1, "b": {"c": "d"}, "e": [true]}.to_vec().unwrap();
    let names: Vec<(&[u8], Kind)> = Elements::new(&bytes)
        .unwrap()
        .map(|element| element.map(|e| (e.name, e.value.kind())).unwrap())
        .collect();
    assert_eq!(names, [(&b"a"[..], Kind::Int32), (b"b", Kind::Document), (b"e", Kind::Array)]);
}

#[test]
fn corrupt_bytes_are_errors_with_an_offset() {
    let element = |kind: u8, rest: &[u8]| {
        let mut bytes = vec![0, 0, 0, 0, kind, b'k', 0];
        bytes.extend(rest);
        bytes.push(0);
        bytes[0] = u8::try_from(bytes.len()).unwrap();
        bytes
    };
    let cases: Vec<(Vec<u8>, usize)> = vec![
        (vec![], 0),
        (vec![4, 0, 0, 0], 0),
        (vec![5, 0, 0, 0, 1], 4),
        (vec![0xff, 0xff, 0xff, 0xff, 0], 0),
        (element(0x10, &[1, 2, 3]), 7),
        (element(0x20, &[]), 4),
        (element(0x08, &[2]), 7),
        (element(0x02, &[3, 0, 0, 0, b'a', b'b']), 11),
        (element(0x02, &[2, 0, 0, 0, b'a', b'b']), 7),
        (element(0x02, &[0, 0, 0, 0]), 7),
        (element(0x02, &[0xff, 0xff, 0xff, 0xff, 0]), 7),
        (element(0x05, &[9, 0, 0, 0, 0, 1]), 12),
        (element(0x05, &[4, 0, 0, 0, 2, 9, 0, 0, 0]), 7),
        (element(0x03, &[6, 0, 0, 0, 0]), 7),
        (element(0x0b, b"no end"), 7),
    ];
    for (bytes, offset) in cases {
        let walked: Result<Vec<_>, _> =
            Elements::new(&bytes).and_then(|elements| elements.collect());
        assert_eq!(walked.unwrap_err().offset, offset, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_end_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut framed = bytes;
        let length = u8::try_from(framed.len()).unwrap();
        if let [a, b, c, d, .., last] = framed.as_mut_slice() {
            (*b, *c, *d, *last) = (0, 0, 0, 0);
            *a = length;
        }
        if let Ok(elements) = Elements::new(&framed) {
            prop_assert!(elements.count() <= framed.len());
        }
    }

    #[test]
    fn documents_round_trip(int in any::<i64>(), text in ".*", real in any::<f64>()) {
        let bytes = doc! {"i": int, "t": &text, "r": real, "n": Bson::Null}.to_vec().unwrap();
        let values: Vec<Value<'_>> =
            Elements::new(&bytes).unwrap().map(|e| e.unwrap().value).collect();
        prop_assert_eq!(values[0], Value::Int64(int));
        prop_assert_eq!(values[1], Value::String(text.as_bytes()));
        prop_assert_eq!(values[3], Value::Null);
    }
}
