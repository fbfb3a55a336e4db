//! Inference and drift on made-up sources.

use std::collections::BTreeMap;

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Decimal128, Document, doc};
use futures_util::future::BoxFuture;
use model::{ColumnType, TenantId};
use proptest::prelude::*;

use super::*;
use crate::{BatchStream, Estimate, ScanSpec, Snapshot};

/// Collections in memory.
pub(super) struct Memory(pub(super) BTreeMap<String, Vec<Document>>);

struct Batches(Vec<RawBatch>);

impl BatchStream for Batches {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(async { Ok(self.0.pop()) })
    }
}

impl Source for Memory {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(self.0.keys().cloned().collect()) })
    }
    fn sample<'a>(
        &'a self,
        collection: &'a str,
        _: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        let stream: Box<dyn BatchStream> = Box::new(Batches(vec![batch(&self.0[collection])]));
        Box::pin(async { Ok(stream) })
    }
    fn collection_size<'a>(&'a self, collection: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(async { Ok(self.0[collection].len() as u64) })
    }
    fn has_tenant<'a>(&'a self, _: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(true) })
    }
    fn estimate<'a>(
        &'a self,
        _: Option<&'a TenantId>,
        _: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>> {
        unreachable!()
    }
    fn open(&self) -> BoxFuture<'_, Result<std::sync::Arc<dyn Snapshot>, Error>> {
        unreachable!()
    }
    fn advise<'a>(&'a self, _: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        unreachable!()
    }
}

fn batch(documents: &[Document]) -> RawBatch {
    RawBatch::from_run(documents.iter().flat_map(|d| d.to_vec().unwrap()).collect()).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn inferred(source: &Memory) -> Result<InferredCatalog, Error> {
    wait(infer(source, &Options::default(), &mut |_| {}))
}

fn drift(source: &Memory, catalog: &Catalog) -> DriftReport {
    wait(check(source, catalog, SampleSize::All, &mut |_| {})).unwrap()
}

fn memory(collections: Vec<(&str, Vec<Document>)>) -> Memory {
    Memory(collections.into_iter().map(|(name, docs)| (name.to_owned(), docs)).collect())
}

/// A print fleet as real ones are: nested, messy, with strays and secrets.
pub(super) fn print_fleet() -> Memory {
    let date = |n: i64| DateTime::from_millis(1_750_000_000_000 + n * 3_600_000);
    let money = |text: &str| text.parse::<Decimal128>().unwrap();
    let tenant = |n: usize| format!("cust-{:02}", n % 5);
    let oid = |kind: u8, n: usize| {
        let mut bytes = [kind; 12];
        bytes[8..].copy_from_slice(&u32::try_from(n).unwrap().to_be_bytes());
        ObjectId::from_bytes(bytes)
    };
    let customers = (0..5).map(|n| {
        doc! { "_id": tenant(n), "name": format!("Customer {n}"), "address": { "street": "Main", "city": "Utrecht",
            "geo": { "lat": 52.1, "lon": 5 } }, "plan": "gold", "apiToken": "s3cr3t",
            "history": [ [ { "oldPassword": "s3cr3t" } ] ],
            "contacts": [ { "name": "Ann", "email": "a@x", "passwordHash": "s3cr3t" } ], "createdAt": date(0) }
    });
    let sites = (0..12).map(|n| {
        doc! { "_id": oid(2, n), "customerId": tenant(n), "name": format!("Site {n}"), "active": n % 2 == 0,
            "order": n as i32, "openingHours": { "mon": ["08:00", "17:00"] } }
    });
    let devices = (0..60).map(|n| {
        let mut device = doc! { "_id": oid(3, n), "customerId": tenant(n), "siteId": oid(2, n % 12),
            "serial": format!("SN-{n:04}"), "model": "X-100", "price": money("1299.95"),
            "location": { "building": "A", "floor": (n % 4) as i32, "position": { "x": 1.5, "y": 2 } },
            "supplies": [ { "color": "black", "level": 80, "part": { "no": "TK-1" } }, { "color": "cyan", "level": 12.5 } ],
            "tags": ["lobby", "mfp"], "ip": "10.0.0.1", "installedAt": date(n as i64),
            "counters": { "total": 1000 + n as i64, "color": 10_i64 } };
        if n == 7 {
            device.insert("serial", 12345_i32);
        }
        if n % 3 == 0 {
            device.insert("retiredAt", Bson::Null);
        }
        device
    });
    let reads = (0..300).map(|n| {
        doc! { "_id": oid(4, n), "customerId": tenant(n), "deviceId": oid(3, n % 60), "at": date(n as i64),
            "total": if n % 10 == 0 { Bson::Double(n as f64) } else { Bson::Int32(n as i32) }, "Total": 1 }
    });
    let alerts = (0..40).map(|n| {
        doc! { "_id": oid(5, n), "customerId": tenant(n), "device_id": oid(3, n % 60), "severity": "warn",
            "raised": date(n as i64), "details": { "code": n as i32, "extra": { "a": { "b": { "c": 1 } } } } }
    });
    let tickets = (0..30).map(|n| {
        let mut ticket = doc! { "_id": n as i64, "customerId": tenant(n), "deviceId": oid(3, n), "subject": "Jam",
            "comments": [ { "by": "ann", "at": date(1), "attachments": [ { "name": "a.png" } ] } ],
            "cost": money("10.50") };
        if n == 3 {
            ticket.remove("customerId");
        }
        ticket
    });
    let models = (0..4).map(|n| doc! { "_id": format!("X-{n}"), "maker": "Acme", "ppm": n });
    let audit =
        (0..30).map(|n| doc! { "_id": oid(6, n), "owner": { "ref": tenant(n) }, "what": "login" });
    memory(vec![
        ("customers", customers.collect()),
        ("sites", sites.collect()),
        ("devices", devices.collect()),
        ("meterReads", reads.collect()),
        ("alerts", alerts.collect()),
        ("serviceTickets", tickets.collect()),
        ("models", models.collect()),
        ("auditLog", audit.collect()),
        ("drafts", Vec::new()),
    ])
}

/// The catalog of the print fleet, without its comments, as a whole: read it before changing it.
#[test]
fn the_print_fleet_gives_a_catalog_that_a_report_author_would_accept() {
    let source = print_fleet();
    let inferred = inferred(&source).unwrap();
    let golden = include_str!("tests/print_fleet.toml");
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/infer/tests/print_fleet.toml");
        std::fs::write(path, &inferred.toml).unwrap();
    }
    assert_eq!(inferred.toml, golden, "BLESS=1 rewrites the file");
    let expected = "\
collection      finding        path        count    detail
serviceTickets  no tenant key  customerId  1 of 30  these documents reach no tenant

1 finding in 447 documents
no table reads: auditLog, drafts, models
";
    assert_eq!(drift(&source, &inferred.catalog).to_string(), expected);
}

/// Collects every text that reaches a table.
struct Texts(Vec<String>);

impl model::RowSink for Texts {
    fn begin(&mut self, _: &[model::Column]) -> model::Flow {
        model::Flow::Continue
    }
    fn row(&mut self, cells: &[model::Cell<'_>]) -> model::Flow {
        let texts = cells.iter().filter_map(|cell| match cell {
            model::Cell::Text(text) => Some((*text).to_owned()),
            _ => None,
        });
        self.0.extend(texts);
        model::Flow::Continue
    }
    fn finish(&mut self, _: &model::Summary) {}
    fn fail(&mut self, _: &Error) {}
}

/// Invariant 11, through the decoder: no secret in any cell, nor in the file's comments.
#[test]
fn what_looks_secret_reaches_neither_cells_nor_comments() {
    let source = print_fleet();
    let inferred = inferred(&source).unwrap();
    assert!(!inferred.toml.contains("s3cr3t"));
    let catalog = std::sync::Arc::new(inferred.catalog);
    let tenant = TenantId::parse("cust-00", TenantKeyType::String).unwrap();
    let mut texts = Texts(Vec::new());
    for (number, table) in catalog.tables.iter().enumerate() {
        let own = |document: &&Document| {
            document.get_str(table.tenant_key.to_string()).is_ok_and(|key| key == "cust-00")
        };
        let documents: Vec<Document> =
            source.0[&table.collection].iter().filter(own).cloned().collect();
        let limits = crate::DecodeLimits::default();
        let mut decoder = crate::Decoder::new(&catalog, number, Some(&tenant), limits);
        let _ = decoder.decode(&batch(&documents), &mut texts).unwrap();
        assert!(decoder.report().rows > 0, "{}", table.name);
    }
    assert!(texts.0.iter().any(|text| text == "[[{}]]"), "{:?}", texts.0);
    assert!(!texts.0.iter().any(|text| text.contains("s3cr3t")));
}

#[test]
fn drift_is_found_and_named() {
    let mut source = print_fleet();
    let catalog = inferred(&source).unwrap().catalog;
    source.0.remove("alerts");
    source.0.get_mut("serviceTickets").unwrap().retain(|ticket| ticket.contains_key("customerId"));
    let devices = source.0.get_mut("devices").unwrap();
    devices[0].insert("firmware", doc! { "version": "1.2", "beta": true });
    devices[1].insert("firmware", doc! { "version": "1.3" });
    devices[2].insert("customerId", 5);
    devices[3].insert("price", "cheap");
    devices[4].insert("location", "attic");
    devices[5].insert("supplies", vec![doc! { "color": 3, "vendor": "x" }]);
    devices[6].insert("customerId", Bson::Null);
    let report = drift(&source, &catalog);
    let expected = "\
collection  finding             path             count     detail
alerts      missing collection                             the source has no collection of that name
devices     no tenant key       customerId       1 of 60   these documents reach no tenant
devices     other key type      customerId       1 of 60   58 string, 1 null, 1 int instead of string: they reach no tenant
devices     changed type        location         1 of 60   1 string, 59 object: only fields below it have columns
devices     changed type        price            1 of 60   1 string in devices.price, which is decimal
devices     changed type        supplies.color   1 of 119  1 int in device_supplies.color, which is text
devices     new field           firmware         2 of 60   2 object
devices     new field           supplies.vendor  1 of 119  1 string

8 findings in 406 documents
no table reads: auditLog, drafts, models
";
    assert_eq!(report.to_string(), expected);
    assert!(!report.is_clean());
}

#[test]
fn a_renamed_field_is_seen_on_both_sides() {
    let device =
        |n: i32| doc! { "_id": n, "customerId": "a", "serial": "S", "supplies": [{ "level": n }] };
    let catalog =
        inferred(&memory(vec![("devices", (0..9).map(device).collect())])).unwrap().catalog;
    let renamed = |n: i32| doc! { "_id": n, "customerId": "a", "serialNumber": "S", "supplies": [{ "percent": n }] };
    let report = drift(&memory(vec![("devices", (0..9).map(renamed).collect())]), &catalog);
    let expected = "\
collection  finding           path              count   detail
devices     new field         serialNumber      9 of 9  9 string
devices     new field         supplies.percent  9 of 9  9 int
devices     field never seen  serial            0 of 9  devices.serial is NULL in every row
devices     field never seen  supplies.level    0 of 9  device_supplies.level is NULL in every row

4 findings in 9 documents
";
    assert_eq!(report.to_string(), expected);
    // Nothing can be said of a collection without documents, nor of names too many to be kept.
    assert!(drift(&memory(vec![("devices", vec![])]), &catalog).is_clean());
    let keys =
        |n: i32| (0..300).map(|i| (format!("k{n}_{i}"), Bson::Int32(i))).collect::<Document>();
    let mapped = |n: i32| doc! { "_id": n, "customerId": "a", "map": { "one": 1 } };
    let catalog = inferred(&memory(vec![("maps", vec![mapped(1)])])).unwrap().catalog;
    let wide = doc! { "_id": 1, "customerId": "a", "map": keys(1) };
    let found = drift(&memory(vec![("maps", vec![wide])]), &catalog).findings;
    assert!(found.iter().all(|finding| finding.kind != FindingKind::NeverSeen), "{found:?}");
}

#[test]
fn column_types_follow_what_was_seen() {
    let id = Bson::ObjectId(ObjectId::from_bytes([7; 12]));
    let huge = Bson::Int64(i64::MAX);
    let uuid =
        Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Uuid, bytes: vec![1; 16] });
    let blob = Bson::Binary(bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: vec![1; 3],
    });
    let decimal = Bson::Decimal128("1.5".parse().unwrap());
    let date = Bson::DateTime(DateTime::from_millis(0));
    let text = Bson::String("x".into());
    let (int, long, real) = (Bson::Int32(1), Bson::Int64(1), Bson::Double(0.5));
    let (yes, null, list) = (Bson::Boolean(true), Bson::Null, Bson::Array(vec![]));
    let regex = Bson::Symbol("s".into());
    let cases: Vec<(Vec<&Bson>, ColumnType)> = vec![
        (vec![&int, &long, &null], ColumnType::Integer),
        (vec![&yes], ColumnType::Integer),
        (vec![&yes, &int], ColumnType::Integer),
        (vec![&yes, &real], ColumnType::Any),
        (vec![&int, &real], ColumnType::Real),
        (vec![&huge, &real], ColumnType::Any),
        (vec![&decimal], ColumnType::Decimal),
        (vec![&decimal, &int, &real], ColumnType::Decimal),
        (vec![&date], ColumnType::Datetime),
        (vec![&date, &text], ColumnType::Any),
        (vec![&text, &id, &uuid], ColumnType::Text),
        (vec![&text, &int], ColumnType::Any),
        (vec![&blob], ColumnType::Blob),
        (vec![&blob, &uuid], ColumnType::Any),
        (vec![&list], ColumnType::Json),
        (vec![&text, &list], ColumnType::Json),
        (vec![&regex], ColumnType::Json),
        (vec![&null], ColumnType::Any),
    ];
    for (values, expected) in cases {
        let one = |value: &&Bson| doc! { "_id": 1, "tenantId": "t", "v": (*value).clone() };
        let source = memory(vec![("c", values.iter().map(one).collect())]);
        let catalog = inferred(&source).unwrap().catalog;
        assert_eq!(catalog.tables[0].columns[1].column_type, expected, "{values:?}");
        assert!(drift(&source, &catalog).is_clean(), "{values:?}");
    }
}

#[test]
fn the_tenant_key_is_guessed_or_asked_for() {
    let many = |make: &dyn Fn(i32) -> Document| (0..40).map(make).collect::<Vec<_>>();
    let key = |source: &Memory, wanted: Option<&str>| {
        let tenant_key = wanted.map(|path| Path::parse(path).unwrap());
        let options = Options { tenant_key, ..Options::default() };
        wait(infer(source, &options, &mut |_| {}))
            .map(|i| (i.catalog.tables[0].tenant_key.to_string(), i.catalog.tenant_key_type))
            .map_err(|error| error.message)
    };
    // A tenant's own customers do not hide the tenant.
    let both = memory(vec![
        ("a", many(&|n| doc! { "_id": n, "customerId": n, "tenantId": "t" })),
        ("b", many(&|n| doc! { "_id": n, "customer_id": n, "tenantId": "t" })),
    ]);
    assert_eq!(key(&both, None), Ok(("tenantId".to_owned(), TenantKeyType::String)));
    assert_eq!(key(&both, Some("customerId")), Ok(("customerId".to_owned(), TenantKeyType::Int)));
    let nested = memory(vec![(
        "a",
        many(
            &|n| doc! { "_id": n, "meta": { "org": { "id": ObjectId::from_bytes([1; 12]) }, "orgId": n % 3 } },
        ),
    )]);
    assert_eq!(key(&nested, None), Ok(("meta.orgId".to_owned(), TenantKeyType::Int)));
    let asked = key(&nested, Some("meta.org.id"));
    assert_eq!(asked, Ok(("meta.org.id".to_owned(), TenantKeyType::ObjectId)));
    // The only reference that all share.
    let shared = memory(vec![
        ("a", many(&|n| doc! { "_id": n, "franchiseId": n % 4, "xId": n })),
        ("b", many(&|n| doc! { "_id": n, "franchiseId": n % 4 })),
    ]);
    assert_eq!(key(&shared, None), Ok(("franchiseId".to_owned(), TenantKeyType::Int)));
    let none = memory(vec![("a", many(&|n| doc! { "_id": n, "deviceId": n }))]);
    let message = key(&none, None).unwrap_err();
    assert!(
        message.contains("--tenant-key FIELD") && message.contains("deviceId (in 1 of 1)"),
        "{message}"
    );
    let message = key(&none, Some("nope")).unwrap_err();
    assert!(message.starts_with("no collection has nope as a string"), "{message}");
    assert!(key(&memory(vec![("a", vec![])]), None).is_err());
}

#[test]
fn maps_and_odd_names_stay_json() {
    let per_day = |n: i32| {
        let days: Document =
            (0..3).map(|d| (format!("2026-01-{:02}", (n * 3 + d) % 90), Bson::Int32(d))).collect();
        doc! { "_id": n, "tenantId": "t", "perDay": days, "dotted": { "a.b": 1 }, "": 1, "x.y": 2, "$z": 3,
        "deep": { "a": { "b": { "c": { "d": 1 } } } }, "empty": {} }
    };
    let source = memory(vec![("c", (0..40).map(per_day).collect())]);
    let inferred = inferred(&source).unwrap();
    let columns: Vec<(String, ColumnType)> = inferred.catalog.tables[0]
        .columns
        .iter()
        .map(|column| (column.name.clone(), column.column_type))
        .collect();
    let json = ["per_day", "dotted", "deep_a_b", "empty"].map(|n| (n.to_owned(), ColumnType::Json));
    assert_eq!(columns[0], ("id".to_owned(), ColumnType::Integer));
    assert_eq!(columns[1..], json);
    assert!(inferred.toml.contains("the field \"x.y\" cannot be mapped"), "{}", inferred.toml);
}

#[test]
fn memory_is_bounded_and_the_outcome_valid() {
    use model::limits::{COLUMNS_MAX, INFER_FIELDS_MAX, INFER_PATHS_MAX};
    // One embedded document with far too many names, a top with too many, and too many in all.
    let fields = |from: usize, n: usize| -> Document {
        (from..from + n).map(|i| (format!("f{i:05}"), Bson::Int32(1))).collect()
    };
    let mut document = doc! { "_id": 1, "tenantId": "t", "map": fields(0, INFER_FIELDS_MAX + 1) };
    document.extend(fields(0, COLUMNS_MAX + 500));
    let nested: Document =
        (0..200).map(|i| (format!("d{i}"), Bson::Document(fields(0, 200)))).collect();
    let source = memory(vec![
        ("a", vec![document]),
        ("b", vec![doc! { "_id": 1, "tenantId": "t", "nested": nested }]),
    ]);
    let mut inference = Inference::new(None);
    for (name, documents) in &source.0 {
        inference.observe(name, &batch(documents)).unwrap();
    }
    assert_eq!(inference.watch.room, 0, "{INFER_PATHS_MAX} are used up");
    let inferred = inference.finish().unwrap();
    assert!(inferred.warnings[0].contains("field paths"), "{:?}", inferred.warnings);
    let told = inferred.warnings.iter().any(|text| text.starts_with("a: map has over"));
    assert!(told, "{:?}", inferred.warnings);
    let wide = &inferred.catalog.tables[0];
    assert!(wide.columns.len() <= COLUMNS_MAX);
    let map = wide.columns.iter().find(|column| column.name == "map").unwrap();
    assert_eq!(map.column_type, ColumnType::Json);
    assert!(inferred.toml.contains("beyond the bound of names"), "{}", &inferred.toml[..2000]);
}

fn any_bson() -> impl Strategy<Value = Bson> {
    let scalar = prop_oneof![
        Just(Bson::Null),
        any::<bool>().prop_map(Bson::Boolean),
        any::<i32>().prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        any::<f64>().prop_map(Bson::Double),
        "[a-z é\"\\\\\n#]{0,50}".prop_map(Bson::String),
        any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))),
        any::<i64>().prop_map(|ms| Bson::DateTime(DateTime::from_millis(ms))),
    ];
    scalar.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Bson::Array),
            prop::collection::vec((any_name(), inner), 0..4)
                .prop_map(|fields| Bson::Document(fields.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "a", "A", "b", "order", "id", "ID", "Order", "a_b", "aB", "token", "tenantId",
            "ordinal", "c_id"
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z_$.* 0-9é\"]{0,4}",
    ]
}

fn any_documents() -> impl Strategy<Value = Vec<Document>> {
    let fields = prop::collection::vec((any_name(), any_bson()), 0..6);
    prop::collection::vec((fields, any_bson()), 1..6).prop_map(|documents| {
        let document = |(n, (fields, id)): (usize, (Vec<(String, Bson)>, Bson))| {
            let mut document = doc! { "_id": if n % 2 == 0 { id } else { Bson::Int32(1) } };
            document.extend(fields);
            // No server takes an array as `_id`.
            if matches!(document.get("_id"), Some(Bson::Array(_))) {
                document.insert("_id", 1);
            }
            document.insert("tenantId", format!("t{}", n % 2));
            document
        };
        documents.into_iter().enumerate().map(document).collect()
    })
}

proptest! {
    #[test]
    fn any_documents_give_a_valid_catalog(
        mut cs in any_documents(), ds in any_documents(), turn in 0..5_usize,
    ) {
        let names = ["c", "d", "D.x", "select"];
        let build = |cs: &[Document]| memory(vec![
            (names[0], cs.to_vec()), (names[1], ds.clone()), (names[2], cs.to_vec()), (names[3], ds.clone()),
        ]);
        let source = build(&cs);
        // `finish` itself parses what it made and compares.
        let first = inferred(&source).unwrap();
        let mut seen = std::collections::HashSet::new();
        for table in &first.catalog.tables {
            prop_assert!(seen.insert(table.name.to_ascii_lowercase()));
        }
        prop_assert!(first.catalog.tables.len() >= 4);
        prop_assert!(first.catalog.excludes(&Path::parse("token").unwrap()) || !first.toml.contains("\"token\""));
        let report = drift(&source, &first.catalog);
        prop_assert!(report.is_clean(), "{}\n{report}", first.toml);
        let turn = turn % cs.len();
        cs.rotate_left(turn);
        prop_assert_eq!(inferred(&build(&cs)).unwrap().toml, first.toml);
    }
}
