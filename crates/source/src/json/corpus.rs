//! The shapes of the official BSON corpus
//! (<https://github.com/mongodb/specifications/tree/master/source/bson-corpus>), as bytes written
//! here from its description: what is valid, what is odd but valid, and what is not BSON.

use super::*;

/// A document of one element, framed.
fn one(kind: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0, kind];
    bytes.extend_from_slice(name);
    bytes.push(0);
    bytes.extend_from_slice(value);
    bytes.push(0);
    framed(bytes)
}

/// With its length in front.
fn framed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn read(bytes: &[u8]) -> Result<String, String> {
    let document = crate::raw::document_at(bytes, 0).map_err(|error| error.to_string())?;
    let mut out = String::new();
    write(&mut out, &Value::Document(document), AllFields).map_err(|error| error.to_string())?;
    Ok(out)
}

fn text(value: &[u8]) -> Vec<u8> {
    let mut bytes = (u32::try_from(value.len()).unwrap() + 1).to_le_bytes().to_vec();
    bytes.extend_from_slice(value);
    bytes.push(0);
    bytes
}

#[test]
fn valid_shapes() {
    let f64s = |value: f64| value.to_le_bytes().to_vec();
    let decimal = |low: u64, high: u64| [low.to_le_bytes(), high.to_le_bytes()].concat();
    let old_binary = [7, 0, 0, 0, 2, 3, 0, 0, 0, b'a', b'b', b'c'];
    let scoped = {
        let mut code = vec![0, 0, 0, 0];
        code.extend(text(b"f"));
        code.extend(framed(vec![0, 0, 0, 0, 0]));
        framed(code)
    };
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (framed(vec![0, 0, 0, 0, 0]), "{}"),
        // array: keys are ignored, whatever they are
        (one(0x04, b"a", &one(0x10, b"0", &[1, 0, 0, 0])), r#"{"a":[1]}"#),
        (one(0x04, b"a", &one(0x10, b"", &[1, 0, 0, 0])), r#"{"a":[1]}"#),
        (one(0x04, b"a", &one(0x10, b"ab", &[1, 0, 0, 0])), r#"{"a":[1]}"#),
        // double: both zeros, both infinities, NaN with a payload
        (one(0x01, b"d", &f64s(0.0)), r#"{"d":0.0}"#),
        (one(0x01, b"d", &f64s(-0.0)), r#"{"d":-0.0}"#),
        (one(0x01, b"d", &f64s(f64::INFINITY)), r#"{"d":{"$numberDouble":"Infinity"}}"#),
        (one(0x01, b"d", &[0x12, 0, 0, 0, 0, 0, 0xf8, 0x7f]), r#"{"d":{"$numberDouble":"NaN"}}"#),
        // string: empty, two bytes a character, three, a NUL within
        (one(0x02, b"a", &text(b"")), r#"{"a":""}"#),
        (one(0x02, b"a", &text("é☆".as_bytes())), r#"{"a":"é☆"}"#),
        (one(0x02, b"a", &text(b"ab\0bab")), r#"{"a":"ab\u0000bab"}"#),
        // decimal128: NaN, infinities, negative zero, the least and the largest exponent
        (one(0x13, b"d", &decimal(0, 0x7c00_0000_0000_0000)), r#"{"d":{"$numberDecimal":"NaN"}}"#),
        (
            one(0x13, b"d", &decimal(0, 0xf800_0000_0000_0000)),
            r#"{"d":{"$numberDecimal":"-Infinity"}}"#,
        ),
        (one(0x13, b"d", &decimal(0, 0xb040_0000_0000_0000)), r#"{"d":{"$numberDecimal":"-0"}}"#),
        (one(0x13, b"d", &decimal(1, 0)), r#"{"d":{"$numberDecimal":"1E-6176"}}"#),
        (
            one(0x13, b"d", &decimal(1, 0x5ffe_0000_0000_0000)),
            r#"{"d":{"$numberDecimal":"1E+6111"}}"#,
        ),
        // binary: the old subtype has its length twice
        (one(0x05, b"x", &old_binary), r#"{"x":{"$binary":{"base64":"YWJj","subType":"02"}}}"#),
        (one(0x05, b"x", &[0, 0, 0, 0, 0]), r#"{"x":{"$binary":{"base64":"","subType":"00"}}}"#),
        // code with scope, regular expression without options, the three constants
        (one(0x0f, b"c", &scoped), r#"{"c":{"$code":"f","$scope":{}}}"#),
        (
            one(0x0b, b"r", b"abc\0\0"),
            r#"{"r":{"$regularExpression":{"pattern":"abc","options":""}}}"#,
        ),
        (one(0x0a, b"n", b""), r#"{"n":null}"#),
        (one(0xff, b"n", b""), r#"{"n":{"$minKey":1}}"#),
        (one(0x7f, b"n", b""), r#"{"n":{"$maxKey":1}}"#),
        // timestamp: beyond 31 bits in both halves
        (one(0x11, b"t", &[0xff; 8]), r#"{"t":{"$timestamp":{"t":4294967295,"i":4294967295}}}"#),
        // top: keys with dollars and dots, one that looks like an extended type but is none
        (one(0x10, b"$key", &[1, 0, 0, 0]), r#"{"$key":1}"#),
        (one(0x10, b"a.b", &[1, 0, 0, 0]), r#"{"a.b":1}"#),
        (one(0x10, b"", &[1, 0, 0, 0]), r#"{"":1}"#),
        (one(0x02, b"$oid", &text(b"no id")), r#"{"$oid":"no id"}"#),
    ];
    for (bytes, json) in cases {
        assert_eq!(read(&bytes).as_deref(), Ok(json), "{bytes:02x?}");
    }
}

#[test]
fn what_is_no_bson_is_refused() {
    let good = one(0x02, b"a", &text(b"abc"));
    let cut = |length: usize| good[..length].to_vec();
    let with_length = |length: u32| {
        let mut bytes = good.clone();
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    let old_binary = |outer: u8, inner: u8| {
        one(0x05, b"x", &[outer, 0, 0, 0, 2, inner, 0, 0, 0, b'a', b'b', b'c'])
    };
    let scoped =
        |length: u32, inside: &[u8]| one(0x0f, b"c", &[&length.to_le_bytes(), inside].concat());
    let code_and_scope = [text(b"f"), framed(vec![0, 0, 0, 0, 0])].concat();
    let mut unterminated = good.clone();
    *unterminated.last_mut().unwrap() = 7;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("cut within the length", cut(3)),
        ("cut within a name", cut(5)),
        ("cut within a value", cut(good.len() - 3)),
        ("a length below the least", with_length(4)),
        ("a negative length", with_length(u32::MAX)),
        ("a length beyond the end", with_length(200)),
        ("a length that ends too early", with_length(10)),
        ("no end of document", unterminated),
        ("an unknown type", one(0x14, b"a", b"")),
        ("a boolean of 2", one(0x08, b"b", &[2])),
        ("a boolean of -1", one(0x08, b"b", &[0xff])),
        ("a string of length 0", one(0x02, b"a", &[0, 0, 0, 0])),
        ("a string of length -1", one(0x02, b"a", &[0xff, 0xff, 0xff, 0xff, 0])),
        ("a string too long", one(0x02, b"a", &[9, 0, 0, 0, b'a', 0])),
        ("a string without its NUL", one(0x02, b"a", &[2, 0, 0, 0, b'a', b'b'])),
        ("an array too short", one(0x04, b"a", &[4, 0, 0, 0, 0])),
        ("an array that ends within", one(0x04, b"a", &[8, 0, 0, 0, 0x10, b'0', 0, 0])),
        ("a document too long", one(0x03, b"a", &[99, 0, 0, 0, 0])),
        ("a binary of negative length", one(0x05, b"x", &[0xff, 0xff, 0xff, 0xff, 0])),
        ("an old binary, inner length too long", old_binary(7, 4)),
        ("an old binary, inner length too short", old_binary(7, 2)),
        ("code with scope, length too short", scoped(4, &code_and_scope)),
        ("code with scope, length too long", scoped(99, &code_and_scope)),
        ("code with scope, no scope", scoped(10, &text(b"f"))),
        ("a regular expression without end", one(0x0b, b"r", b"abc\0ix")),
        ("an object id cut short", one(0x07, b"o", &[1; 11])),
        ("a decimal cut short", one(0x13, b"d", &[1; 15])),
    ];
    for (what, bytes) in cases {
        assert!(read(&bytes).is_err(), "{what}: {:?}", read(&bytes));
    }
}

/// SQLite's texts are UTF-8, so such ones are made so and counted, where drivers differ.
#[test]
fn texts_that_are_not_utf8_are_replaced() {
    assert_eq!(read(&one(0x02, b"a", &text(&[0xe9]))).as_deref(), Ok("{\"a\":\"\u{fffd}\"}"));
    assert_eq!(read(&one(0x10, &[b'x', 0xff], &[1, 0, 0, 0])).as_deref(), Ok("{\"x\u{fffd}\":1}"));
}
