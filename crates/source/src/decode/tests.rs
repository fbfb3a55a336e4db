//! Tests of decoding: every type in every column type, strays, unwinding, rest, keys, corruption.

use bson::oid::ObjectId;
use bson::raw::cstr;
use bson::{Binary, Bson, Decimal128, Document, Timestamp as BsonTimestamp, doc, spec};
use model::{Column, ColumnPath, ColumnType, Path, Summary, Table, TableColumn, TenantKeyType};
use proptest::prelude::*;

use super::*;

/// A cell that owns its value.
#[derive(Clone, Debug, PartialEq)]
enum Owned {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}
use Owned::{Blob, Int, Null, Real, Text};

fn text(text: &str) -> Owned {
    Text(text.to_owned())
}

#[derive(Default)]
struct Rows {
    rows: Vec<Vec<Owned>>,
    stop_after: Option<usize>,
}

impl RowSink for Rows {
    fn begin(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        let owned = cells.iter().map(|cell| match *cell {
            Cell::Null => Null,
            Cell::Integer(n) => Int(n),
            Cell::Real(n) => Real(n),
            Cell::Text(t) => text(t),
            Cell::Blob(b) => Blob(b.to_vec()),
        });
        self.rows.push(owned.collect());
        if self.stop_after == Some(self.rows.len()) { Flow::Stop } else { Flow::Continue }
    }
    fn finish(&mut self, _: &Summary) {}
    fn fail(&mut self, _: &Error) {}
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn column(name: &str, column_type: ColumnType) -> TableColumn {
    let path = match name {
        "$index" => ColumnPath::Index,
        "$rest" => ColumnPath::Rest,
        name => ColumnPath::Field(path(name)),
    };
    TableColumn { name: name.to_owned(), path, column_type, description: None }
}

fn table(unwind: Option<&str>, columns: Vec<TableColumn>) -> Table {
    Table {
        name: "t".into(),
        description: None,
        collection: "c".into(),
        tenant_key: path("tenant"),
        filter: None,
        unwind: unwind.map(path),
        shared: false,
        columns,
        primary_key: vec![],
        indexes: vec![],
    }
}

fn catalog(tables: Vec<Table>, exclude: &[&str]) -> Arc<Catalog> {
    Arc::new(Catalog {
        tenants: None,
        tenant_key_type: TenantKeyType::String,
        exclude: exclude.iter().map(|e| path(e)).collect(),
        tables,
        version: String::new(),
    })
}

fn batch(documents: &[Document]) -> RawBatch {
    RawBatch::from_run(documents.iter().flat_map(|d| d.to_vec().unwrap()).collect()).unwrap()
}

fn acme() -> TenantId {
    TenantId::parse("acme", TenantKeyType::String).unwrap()
}

fn run(catalog: &Arc<Catalog>, documents: &[Document]) -> (Vec<Vec<Owned>>, TableReport) {
    let mut decoder = Decoder::new(catalog, 0, Some(&acme()), DecodeLimits::default());
    let mut rows = Rows::default();
    let flow = decoder.decode(&batch(documents), &mut rows).unwrap();
    assert_eq!(flow, Flow::Continue);
    (rows.rows, decoder.report().clone())
}

fn one(column_type: ColumnType, value: impl Into<Bson>) -> (Owned, ColumnReport) {
    let catalog = catalog(vec![table(None, vec![column("v", column_type)])], &[]);
    let (rows, report) = run(&catalog, &[doc! {"tenant": "acme", "v": value.into()}]);
    (rows[0][0].clone(), report.columns[0].clone())
}

fn decimal(text: &str) -> Bson {
    text.parse::<Decimal128>().unwrap().into()
}

fn binary(subtype: spec::BinarySubtype, bytes: &[u8]) -> Bson {
    Bson::Binary(Binary { subtype, bytes: bytes.to_vec() })
}

#[test]
fn every_type_of_interface_2() {
    use ColumnType as T;
    let id = ObjectId::from_bytes([0xab; 12]);
    let date = |ms| Bson::DateTime(bson::DateTime::from_millis(ms));
    let uuid = binary(spec::BinarySubtype::Uuid, &[0x12; 16]);
    let cases: Vec<(T, Bson, Owned)> = vec![
        (T::Text, "00123".into(), text("00123")),
        (T::Text, id.into(), text("abababababababababababab")),
        (T::Text, uuid.clone(), text("12121212-1212-1212-1212-121212121212")),
        (T::Text, decimal("1.500"), text("1.500")),
        (T::Text, Bson::Null, Null),
        (T::Text, Bson::Undefined, Null),
        (T::Integer, 5.into(), Int(5)),
        (T::Integer, i64::MIN.into(), Int(i64::MIN)),
        (T::Integer, true.into(), Int(1)),
        (T::Integer, Bson::Timestamp(BsonTimestamp { time: 9, increment: 3 }), Int(9)),
        (T::Real, 2.5.into(), Real(2.5)),
        (T::Real, f64::NAN.into(), Null),
        (T::Real, f64::INFINITY.into(), Real(f64::INFINITY)),
        (T::Datetime, date(0), text("1970-01-01T00:00:00.000Z")),
        (T::UnixMs, date(i64::MAX), Int(i64::MAX)),
        (T::Decimal, decimal("10"), Real(10.0)),
        (T::Decimal, decimal("0.1"), Real(0.1)),
        (T::Decimal, decimal("NaN"), Null),
        (T::Decimal, decimal("-Infinity"), Real(f64::NEG_INFINITY)),
        (T::Scaled(2), decimal("10.25"), Int(1025)),
        (T::Blob, binary(spec::BinarySubtype::Generic, b"x"), Blob(b"x".to_vec())),
        (T::Blob, uuid.clone(), Blob(vec![0x12; 16])),
        (T::Json, doc! {"a": [1, 2.0]}.into(), text(r#"{"a":[1,2.0]}"#)),
        (T::Json, "s".into(), text("\"s\"")),
        (T::Json, 5.into(), text("5")),
        (T::Json, Bson::MinKey, text(r#"{"$minKey":1}"#)),
        (T::Json, Bson::Null, Null),
        (T::Any, "s".into(), text("s")),
        (T::Any, 5.into(), Int(5)),
        (T::Any, 5.0.into(), Real(5.0)),
        (T::Any, false.into(), Int(0)),
        (T::Any, date(1), text("1970-01-01T00:00:00.001Z")),
        (T::Any, date(i64::MIN), Int(i64::MIN)),
        (T::Any, id.into(), text("abababababababababababab")),
        (T::Any, uuid, text("12121212-1212-1212-1212-121212121212")),
        (T::Any, binary(spec::BinarySubtype::Uuid, b"short"), Blob(b"short".to_vec())),
        (T::Any, vec![Bson::from(1)].into(), text("[1]")),
        (T::Any, Bson::Symbol("s".into()), text(r#"{"$symbol":"s"}"#)),
        (T::Any, decimal("12345678901234567890.5"), text("12345678901234567890.5")),
    ];
    for (column_type, value, expected) in cases {
        let (cell, report) = one(column_type, value.clone());
        assert_eq!(cell, expected, "{column_type:?} {value:?}");
        assert!(report.strays.is_empty(), "{column_type:?} {value:?}");
        assert!(!report.needs_untyped, "{column_type:?} {value:?}");
    }
}

#[test]
fn strays_keep_their_meaning_and_are_counted() {
    use ColumnType as T;
    let late = Bson::DateTime(bson::DateTime::from_millis(i64::MAX));
    // Column type, value, cell, whether affinity would change it.
    let cases: Vec<(T, Bson, Owned, bool)> = vec![
        (T::Integer, "00123".into(), text("00123"), true),
        (T::Integer, "x".into(), text("x"), false),
        (T::Integer, 3.0.into(), Real(3.0), true),
        (T::Integer, 3.5.into(), Real(3.5), false),
        (T::Integer, decimal("3"), Real(3.0), true),
        (T::Real, ((1i64 << 53) + 1).into(), Int((1 << 53) + 1), true),
        (T::Real, 3.into(), Int(3), false),
        (T::Real, "1.5".into(), text("1.5"), true),
        (T::Text, 5.into(), Int(5), true),
        (T::Text, doc! {}.into(), text("{}"), false),
        (T::Datetime, late, Int(i64::MAX), true),
        (T::Datetime, "2020".into(), text("2020"), false),
        (T::UnixMs, "2020".into(), text("2020"), true),
        (T::Decimal, 3.into(), Int(3), false),
        (T::Scaled(2), decimal("1.005"), text("1.005"), true),
        (T::Scaled(2), 5.into(), Int(500), false),
        (T::Scaled(2), 10.25.into(), Int(1025), false),
        (T::Scaled(2), (-1e-3).into(), text("-0.001"), true),
        (T::Scaled(2), i64::MAX.into(), text("9223372036854775807"), true),
        (T::Scaled(2), 1e300.into(), text("1E+300"), true),
        (T::Scaled(2), f64::INFINITY.into(), Real(f64::INFINITY), false),
        (T::Blob, "5".into(), text("5"), false),
    ];
    for (column_type, value, expected, untyped) in cases {
        let (cell, report) = one(column_type, value.clone());
        assert_eq!(cell, expected, "{column_type:?} {value:?}");
        assert_eq!(report.strays.len(), 1, "{column_type:?} {value:?}");
        assert_eq!(report.needs_untyped, untyped, "{column_type:?} {value:?}");
    }
    let (_, report) = one(ColumnType::Decimal, decimal("12345678901234567890"));
    assert_eq!((report.long_decimals, report.strays.len()), (1, 0));
}

#[test]
fn strays_name_their_type_and_one_example() {
    let catalog = catalog(vec![table(None, vec![column("a.b", ColumnType::Text)])], &[]);
    let documents = [
        doc! {"_id": 1, "tenant": "acme", "a": {"b": "x"}},
        doc! {"_id": 2, "tenant": "acme", "a": {"b": 5}},
        doc! {"_id": 3, "tenant": "acme", "a": [{"b": "hidden"}]},
        doc! {"_id": 4, "tenant": "acme", "a": [{"b": "hidden"}]},
        doc! {"_id": 5, "tenant": "acme", "a": Bson::Null},
        doc! {"_id": 6, "tenant": "acme"},
    ];
    let (rows, report) = run(&catalog, &documents);
    assert_eq!(rows.concat(), [text("x"), Int(5), Null, Null, Null, Null]);
    let strays = &report.columns[0].strays;
    assert_eq!(strays[0].bson_type, "int");
    assert_eq!(strays[0].example, "a.b of _id 2");
    assert_eq!((strays[1].bson_type, strays[1].count), ("array", 2));
    assert_eq!(report.columns[0].missing, 4);
    assert_eq!(report.unmapped, [Unmapped { path: "_id".into(), count: 6 }]);
}

#[test]
fn arrays_unwind_to_rows() {
    let columns = vec![
        column("_id", ColumnType::Integer),
        column("$index", ColumnType::Integer),
        column("s.color", ColumnType::Text),
        column("s", ColumnType::Any),
        column("$rest", ColumnType::Json),
    ];
    let catalog = catalog(vec![table(Some("s"), columns)], &["s.secret"]);
    let documents = [
        // The array stands before a field that its rows need.
        doc! {"s": [{"color": "red", "more": 1, "secret": 1}, 7, {"x": {}}], "tenant": "acme", "_id": 1},
        doc! {"_id": 2, "tenant": "acme", "s": []},
        doc! {"_id": 3, "tenant": "acme"},
        doc! {"_id": 4, "tenant": "acme", "s": Bson::Null},
        doc! {"_id": 5, "tenant": "acme", "s": {"color": "blue"}},
    ];
    let (rows, report) = run(&catalog, &documents);
    let expected = vec![
        vec![
            Int(1),
            Int(0),
            text("red"),
            text(r#"{"color":"red","more":1}"#),
            text(r#"{"more":1}"#),
        ],
        vec![Int(1), Int(1), Null, Int(7), text("{}")],
        vec![Int(1), Int(2), Null, text(r#"{"x":{}}"#), text(r#"{"x":{}}"#)],
        vec![Int(5), Int(0), text("blue"), text(r#"{"color":"blue"}"#), text("{}")],
    ];
    assert_eq!(rows, expected);
    assert_eq!((report.documents, report.rows, report.unwound_scalars), (5, 4, 1));
}

#[test]
fn the_rest_has_everything_unmapped_and_nothing_excluded() {
    let columns = vec![column("a.b", ColumnType::Integer), column("$rest", ColumnType::Json)];
    let catalog =
        catalog(vec![table(None, columns)], &["password", "a.hidden", "inner.*", "l.secret"]);
    let documents = [
        doc! {"tenant": "acme", "a": {"b": 1, "c": 2, "hidden": 3}, "password": "x", "inner": {"y": 1},
        "l": [{"secret": 1, "open": 2}], "": "empty", "x.y": {"$z": 1}},
        doc! {"tenant": "acme", "a": {"b": 1}},
        doc! {"tenant": "acme", "a": [1]},
    ];
    let (rows, report) = run(&catalog, &documents);
    assert_eq!(rows[0][1], text(r#"{"a":{"c":2},"l":[{"open":2}],"":"empty","x.y":{"$z":1}}"#));
    assert_eq!((rows[1][1].clone(), rows[2][1].clone()), (text("{}"), text(r#"{"a":[1]}"#)));
    let paths: Vec<&str> = report.unmapped.iter().map(|u| u.path.as_str()).collect();
    assert_eq!(paths, ["a.c", "", "x.y"]);
}

#[test]
fn other_tables_of_the_collection_are_not_drift() {
    let first = table(None, vec![column("a", ColumnType::Integer)]);
    let second = table(None, vec![column("b.c", ColumnType::Integer)]);
    let child = table(Some("s"), vec![column("s.x", ColumnType::Integer)]);
    let catalog = catalog(vec![first, second, child], &[]);
    let (_, report) = run(
        &catalog,
        &[doc! {"tenant": "acme", "a": 1, "b": {"c": 1, "d": 1}, "s": [{"y": 1}], "z": 1}],
    );
    let paths: Vec<&str> = report.unmapped.iter().map(|u| u.path.as_str()).collect();
    assert_eq!(paths, ["b.d", "z"]);
}

#[test]
fn a_stranger_stops_everything_and_is_named_to_the_operator_only() {
    let catalog = catalog(vec![table(None, vec![column("v", ColumnType::Any)])], &[]);
    for stranger in [doc! {"_id": 7, "tenant": "evil", "v": 1}, doc! {"_id": 7, "v": 1}] {
        let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), DecodeLimits::default());
        let documents = [doc! {"tenant": "acme", "v": 1}, stranger];
        let error = decoder.decode(&batch(&documents), &mut Rows::default()).unwrap_err();
        assert_eq!(error.code, model::ErrorCode::Internal);
        assert!(!error.message.contains('7'), "{error}");
        assert!(error.internal.unwrap().contains("_id 7"));
    }
    let mut decoder = Decoder::new(&catalog, 0, None, DecodeLimits::default());
    assert!(decoder.decode(&batch(&[doc! {"v": 1}]), &mut Rows::default()).is_err());
}

#[test]
fn minority_key_types_are_counted_and_left_out() {
    let catalog = catalog(vec![table(None, vec![column("v", ColumnType::Any)])], &[]);
    let documents = [doc! {"tenant": ["acme"], "v": 1}, doc! {"tenant": "acme", "v": 2}];
    let (rows, report) = run(&catalog, &documents);
    assert_eq!(rows, [[Int(2)]]);
    assert_eq!((report.documents, report.other_key_types), (1, 1));
}

#[test]
fn keys_of_every_type() {
    let uuid = "0188f3a2-1c5e-7a40-8f2e-0123456789ab";
    let id = ObjectId::from_bytes([1; 12]);
    let cases: Vec<(TenantKeyType, String, Vec<Bson>, Bson)> = vec![
        (TenantKeyType::ObjectId, id.to_hex(), vec![id.into()], ObjectId::new().into()),
        (TenantKeyType::Int, "42".into(), vec![42.into(), 42i64.into()], 43.into()),
        (
            TenantKeyType::Uuid,
            uuid.into(),
            vec![bson::Uuid::parse_str(uuid).unwrap().into()],
            bson::Uuid::new().into(),
        ),
    ];
    for (key_type, tenant, own, other) in cases {
        let mut catalog =
            Catalog::clone(&catalog(vec![table(None, vec![column("v", ColumnType::Any)])], &[]));
        catalog.tenant_key_type = key_type;
        let catalog = Arc::new(catalog);
        let tenant = TenantId::parse(&tenant, key_type).unwrap();
        let decode = |key: &Bson| {
            Decoder::new(&catalog, 0, Some(&tenant), DecodeLimits::default())
                .decode(&batch(&[doc! {"tenant": key.clone()}]), &mut Rows::default())
        };
        assert!(own.iter().all(|key| decode(key).is_ok()), "{key_type:?}");
        assert!(decode(&other).is_err(), "{key_type:?}");
    }
}

#[test]
fn of_repeated_fields_the_first_counts() {
    let mut raw = bson::RawDocumentBuf::new();
    for (name, value) in [
        (cstr!("tenant"), "acme"),
        (cstr!("v"), "first"),
        (cstr!("v"), "second"),
        (cstr!("tenant"), "evil"),
    ] {
        raw.append(name, value);
    }
    let catalog = catalog(vec![table(None, vec![column("v", ColumnType::Text)])], &[]);
    let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), DecodeLimits::default());
    let mut rows = Rows::default();
    let run = RawBatch::from_run([raw.as_bytes(), raw.as_bytes()].concat()).unwrap();
    assert!(decoder.decode(&run, &mut rows).is_ok());
    assert_eq!(rows.rows.concat(), [text("first"), text("first")]);
    assert_eq!(decoder.report().duplicate_fields, 4);
}

#[test]
fn rows_over_their_bound_lose_their_largest_values() {
    let columns = vec![column("a", ColumnType::Text), column("b", ColumnType::Text)];
    let catalog = catalog(vec![table(None, columns)], &[]);
    let limits = DecodeLimits { row_bytes_max: 1000 };
    let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), limits);
    let mut rows = Rows::default();
    let documents = [doc! {"tenant": "acme", "a": "x".repeat(990), "b": "small"}];
    assert!(decoder.decode(&batch(&documents), &mut rows).is_ok());
    assert_eq!(rows.rows, [[Null, text("small")]]);
    assert_eq!(decoder.report().oversized, 1);
}

#[test]
fn a_16_mib_document_and_a_hundred_levels() {
    let columns = vec![column("big", ColumnType::Text), column("deep", ColumnType::Json)];
    let catalog = catalog(vec![table(None, columns)], &[]);
    let deep = (0..100).fold(doc! {}, |inner, _| doc! {"a": inner});
    let big = "x".repeat(16 * 1024 * 1024 - 1000);
    let (rows, _) = run(&catalog, &[doc! {"tenant": "acme", "big": &big, "deep": deep}]);
    assert_eq!(rows[0][0], Text(big));
    assert!(matches!(&rows[0][1], Text(json) if json.len() == 602));
}

#[test]
fn fields_in_any_order_and_number() {
    let columns: Vec<_> = (0..30).map(|n| column(&format!("f{n}"), ColumnType::Integer)).collect();
    let catalog = catalog(vec![table(None, columns)], &[]);
    let documents: Vec<Document> = (0..200i32)
        .map(|seed| {
            let mut document = doc! {"tenant": "acme"};
            for step in 0..30 {
                let field = (step * 7 + seed) % 30;
                if (field + seed) % 3 != 0 {
                    document.insert(format!("f{field}"), field);
                }
                document.insert(format!("u{seed}_{step}"), 1);
            }
            document
        })
        .collect();
    let (rows, report) = run(&catalog, &documents);
    for (seed, row) in (0..).zip(&rows) {
        for (field, cell) in (0..).zip(row) {
            let there = (field + seed) % 3 != 0;
            assert_eq!(*cell, if there { Int(i64::from(field)) } else { Null }, "{seed} {field}");
        }
    }
    assert_eq!(report.unmapped.len(), model::limits::REPORT_PATHS_MAX);
    assert_eq!(report.unmapped_beyond, 200 * 30 - 100);
    assert_eq!(report.duplicate_fields, 0);
}

/// An input written for the fuzz target `bson` showed it: where the name was expected, from the
/// document before, the document's own end was taken for the end of the name, and the null for a
/// value.
#[test]
fn a_documents_end_ends_no_name_whatever_was_read_before() {
    let catalog = catalog(vec![table(None, vec![column("v", ColumnType::Any)])], &[]);
    let usual = doc! {"tenant": "acme", "v": null}.to_vec().unwrap();
    let mut cut = usual[..usual.len() - 1].to_vec();
    cut[0] -= 1;
    for before in [&[][..], &usual] {
        let run = RawBatch::from_run([before, &cut].concat()).unwrap();
        let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), DecodeLimits::default());
        let error = decoder.decode(&run, &mut Rows::default()).unwrap_err();
        assert!(error.to_string().contains("a name does not end"), "{error}");
    }
}

#[test]
fn a_sink_that_stops_is_obeyed() {
    let catalog = catalog(vec![table(Some("s"), vec![column("s", ColumnType::Any)])], &[]);
    let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), DecodeLimits::default());
    let mut rows = Rows { stop_after: Some(2), ..Rows::default() };
    let documents = [doc! {"tenant": "acme", "s": [1, 2, 3]}, doc! {"tenant": "acme", "s": [4]}];
    assert_eq!(decoder.decode(&batch(&documents), &mut rows).unwrap(), Flow::Stop);
    assert_eq!(rows.rows.len(), 2);
}

proptest! {
    #[test]
    fn corrupt_documents_never_panic(flips in prop::collection::vec((0usize..200, any::<u8>()), 1..4)) {
        let columns = vec![
            column("a.b", ColumnType::Text),
            column("when", ColumnType::Datetime),
            column("$rest", ColumnType::Json),
        ];
        let catalog = catalog(vec![table(None, columns)], &["x"]);
        let document = doc! {"tenant": "acme", "a": {"b": "text"}, "when": bson::DateTime::MIN,
            "bin": binary(spec::BinarySubtype::BinaryOld, b"abc"), "l": [1, "x", {"y": Bson::MaxKey}],
            "code": Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope {
                code: "f".into(), scope: doc! {"x": 1} })};
        let mut bytes = document.to_vec().unwrap();
        let length = bytes.len();
        for (at, byte) in flips {
            bytes[at % length] = byte;
        }
        if let Ok(run) = RawBatch::from_run(bytes) {
            let mut decoder = Decoder::new(&catalog, 0, Some(&acme()), DecodeLimits::default());
            let _ = decoder.decode(&run, &mut Rows::default());
        }
    }
}
