//! Values: what a document holds and which cell the table must then show.

use bson::{Binary, Bson, spec::BinarySubtype};
use model::{ColumnType, Timestamp};
use proptest::prelude::*;
use rusqlite::types::Value as SqlValue;

/// One generated value with both of its forms.
#[derive(Clone, Debug, PartialEq)]
pub struct GenValue {
    /// As the document holds it; `None`: the field is missing.
    pub bson: Option<Bson>,
    /// As the table must show it (INTERFACE §2).
    pub cell: SqlValue,
}

impl GenValue {
    fn new(bson: impl Into<Bson>, cell: SqlValue) -> Self {
        GenValue { bson: Some(bson.into()), cell }
    }
}

/// Texts that hit joins, quoting, LIKE, numbers-as-text and UTF-8.
pub(super) fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "ab", "Abc", "toner", "00123", "12", "", "it's", "x\"y", "ü€😀", "50%", "a_b"])
            .prop_map(str::to_owned),
        1 => "[a-z]{0,6}",
    ]
}

fn null() -> impl Strategy<Value = GenValue> {
    prop_oneof![
        Just(GenValue { bson: None, cell: SqlValue::Null }),
        Just(GenValue::new(Bson::Null, SqlValue::Null)),
    ]
}

/// SQLite has no NaN; a JSON column would show it as JSON.
fn not_a_number() -> impl Strategy<Value = GenValue> {
    Just(GenValue::new(f64::NAN, SqlValue::Null))
}

fn integer() -> impl Strategy<Value = GenValue> {
    prop_oneof![
        6 => (-20_i32..20).prop_map(|n| GenValue::new(n, SqlValue::Integer(n.into()))),
        1 => any::<i64>().prop_map(|n| GenValue::new(n, SqlValue::Integer(n))),
        1 => any::<bool>().prop_map(|b| GenValue::new(b, SqlValue::Integer(b.into()))),
    ]
}

/// Quarters that are never whole: sums of them are exact in any order, and none is equal to an
/// integer, so that DISTINCT and GROUP BY have one answer.
fn real() -> impl Strategy<Value = GenValue> {
    (-400_i32..400).prop_map(|n| {
        let real = f64::from(n) + 0.25;
        GenValue::new(real, SqlValue::Real(real))
    })
}

fn datetime() -> impl Strategy<Value = GenValue> {
    (0_i64..60_000_000).prop_map(|minutes| {
        let ms = minutes * 60_000 + 7;
        GenValue::new(bson::DateTime::from_millis(ms), SqlValue::Text(Timestamp(ms).to_string()))
    })
}

fn text() -> impl Strategy<Value = GenValue> {
    word().prop_map(|word| GenValue::new(word.clone(), SqlValue::Text(word)))
}

fn blob() -> impl Strategy<Value = GenValue> {
    prop::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| {
        let binary = Binary { subtype: BinarySubtype::Generic, bytes: bytes.clone() };
        GenValue::new(binary, SqlValue::Blob(bytes))
    })
}

fn json() -> impl Strategy<Value = GenValue> {
    (prop::collection::vec(-9_i32..9, 0..4), "[a-z]{1,3}")
        .prop_map(|(numbers, key)| {
            let text = format!(
                "{{\"{key}\":[{}],\"k\":true}}",
                numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
            );
            let array: Vec<Bson> = numbers.into_iter().map(Bson::Int32).collect();
            GenValue::new(bson::doc! { key.as_str(): array, "k": true }, SqlValue::Text(text))
        })
        // A generated key may be `k` itself: then the document has one field less than the text.
        .prop_filter("keys are distinct", |value| {
            value.bson.as_ref().and_then(Bson::as_document).is_some_and(|doc| doc.len() == 2)
        })
}

fn scaled() -> impl Strategy<Value = GenValue> {
    (-100_000_i64..100_000).prop_map(|cents| {
        let sign = if cents < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        let decimal: bson::Decimal128 = text.parse().unwrap_or_else(|_| unreachable_decimal());
        GenValue::new(decimal, SqlValue::Integer(cents))
    })
}

fn unreachable_decimal() -> bson::Decimal128 {
    bson::Decimal128::from_bytes([0; 16])
}

/// Values for a column of `kind`, NULLs included.
pub(super) fn values(kind: ColumnType) -> BoxedStrategy<GenValue> {
    let some = match kind {
        ColumnType::Integer => integer().boxed(),
        ColumnType::Real => real().boxed(),
        ColumnType::Datetime => datetime().boxed(),
        ColumnType::Blob => blob().boxed(),
        ColumnType::Json => json().boxed(),
        ColumnType::Scaled(_) => scaled().boxed(),
        ColumnType::Any => prop_oneof![integer(), real(), text(), datetime(), blob()].boxed(),
        _ => text().boxed(),
    };
    match kind {
        ColumnType::Json => prop_oneof![5 => some, 1 => null()].boxed(),
        _ => prop_oneof![15 => some, 2 => null(), 1 => not_a_number()].boxed(),
    }
}
