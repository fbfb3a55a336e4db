//! Tests of relaxed extended JSON, case by case and against the driver's own conversion.

use bson::{Bson, Decimal128, JavaScriptCodeWithScope, Regex, Timestamp, doc, oid::ObjectId, spec};

use bson::raw::cstr;

use super::*;

fn json_of(value: impl Into<Bson>) -> String {
    let document = doc! {"v": value.into()}.to_vec().unwrap();
    let element = Elements::new(&document).unwrap().next().unwrap().unwrap();
    let mut out = String::new();
    write(&mut out, &element.value, AllFields).unwrap();
    out
}

fn binary(subtype: spec::BinarySubtype, bytes: &[u8]) -> Bson {
    Bson::Binary(bson::Binary { subtype, bytes: bytes.to_vec() })
}

#[test]
fn every_type_has_its_relaxed_form() {
    let id = ObjectId::from_bytes([0xab; 12]);
    let cases: Vec<(Bson, &str)> = vec![
        (Bson::Null, "null"),
        (Bson::Undefined, r#"{"$undefined":true}"#),
        (true.into(), "true"),
        (5.into(), "5"),
        (i64::MIN.into(), "-9223372036854775808"),
        (1.0.into(), "1.0"),
        ((-0.0).into(), "-0.0"),
        (1.234_567_892_123_2e18.into(), "1.2345678921232e18"),
        (f64::NAN.into(), r#"{"$numberDouble":"NaN"}"#),
        (f64::NEG_INFINITY.into(), r#"{"$numberDouble":"-Infinity"}"#),
        ("a\"\\\u{1}\n\u{7f}ü\0".into(), "\"a\\\"\\\\\\u0001\\n\u{7f}ü\\u0000\""),
        (id.into(), r#"{"$oid":"abababababababababababab"}"#),
        (bson::DateTime::from_millis(0).into(), r#"{"$date":"1970-01-01T00:00:00Z"}"#),
        (
            bson::DateTime::from_millis(1_356_351_330_501).into(),
            r#"{"$date":"2012-12-24T12:15:30.501Z"}"#,
        ),
        (
            bson::DateTime::from_millis(253_402_300_799_999).into(),
            r#"{"$date":"9999-12-31T23:59:59.999Z"}"#,
        ),
        (bson::DateTime::from_millis(-1).into(), r#"{"$date":{"$numberLong":"-1"}}"#),
        (
            bson::DateTime::from_millis(253_402_300_800_000).into(),
            r#"{"$date":{"$numberLong":"253402300800000"}}"#,
        ),
        ("1.20E+5".parse::<Decimal128>().unwrap().into(), r#"{"$numberDecimal":"1.20E+5"}"#),
        (Bson::Timestamp(Timestamp { time: 7, increment: 8 }), r#"{"$timestamp":{"t":7,"i":8}}"#),
        (
            Bson::RegularExpression(Regex {
                pattern: cstr!("a/b").into(),
                options: cstr!("xi").into(),
            }),
            r#"{"$regularExpression":{"pattern":"a/b","options":"ix"}}"#,
        ),
        (Bson::JavaScriptCode("f()".into()), r#"{"$code":"f()"}"#),
        (
            Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
                code: "f".into(),
                scope: doc! {"x": 1},
            }),
            r#"{"$code":"f","$scope":{"x":1}}"#,
        ),
        (Bson::Symbol("s".into()), r#"{"$symbol":"s"}"#),
        (Bson::MinKey, r#"{"$minKey":1}"#),
        (Bson::MaxKey, r#"{"$maxKey":1}"#),
        (
            binary(spec::BinarySubtype::Generic, &[0xff, 0xff]),
            r#"{"$binary":{"base64":"//8=","subType":"00"}}"#,
        ),
        (
            binary(spec::BinarySubtype::BinaryOld, b"abc"),
            r#"{"$binary":{"base64":"YWJj","subType":"02"}}"#,
        ),
        (
            binary(spec::BinarySubtype::UserDefined(0x80), b""),
            r#"{"$binary":{"base64":"","subType":"80"}}"#,
        ),
        (
            Bson::Document(doc! {"": 1, "a.b": [1, {"$x": "y"}], "e": {}, "f": []}),
            r#"{"":1,"a.b":[1,{"$x":"y"}],"e":{},"f":[]}"#,
        ),
    ];
    for (value, json) in cases {
        assert_eq!(json_of(value), json);
    }
}

#[test]
fn a_db_pointer() {
    let mut bytes = vec![0, 0, 0, 0, 0x0c, b'p', 0, 4, 0, 0, 0, b'd', b'.', b'c', 0];
    bytes.extend([0x11; 12]);
    bytes.push(0);
    bytes[0] = u8::try_from(bytes.len()).unwrap();
    let mut out = String::new();
    write(&mut out, &Value::Document(&bytes), AllFields).unwrap();
    let id = "11".repeat(12);
    assert_eq!(
        out,
        format!(r#"{{"p":{{"$dbPointer":{{"$ref":"d.c","$id":{{"$oid":"{id}"}}}}}}}}"#)
    );
}

#[test]
fn a_hundred_levels_are_written_and_endless_ones_refused() {
    let nest = |levels: usize| (0..levels).fold(doc! {}, |inner, _| doc! {"a": inner});
    assert_eq!(json_of(nest(100)), format!("{}{{}}{}", "{\"a\":".repeat(100), "}".repeat(100)));
    let deep = nest(BSON_DEPTH_MAX).to_vec().unwrap();
    let mut out = String::new();
    assert!(write(&mut out, &Value::Document(&deep), AllFields).is_err());
}
