//! A dump and a mongod with the same documents give the same: scans, filters, decoded rows.

use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{Bson, Decimal128, Document, doc};
use model::{
    Cell, Column, Comparison, Error, Filter, FilterValue, Flow, RowSink, Summary, TenantId,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use source::dump::DumpSource;
use source::{DecodeLimits, Decoder, Source};
use testkit::mongod::Mongod;

use crate::house::{catalog, connect, open, path, read, scans, settings, tenant};

fn number() -> impl Strategy<Value = Bson> {
    prop_oneof![
        (-3i32..4).prop_map(Bson::from),
        (-3i64..4).prop_map(Bson::from),
        (-6i32..7).prop_map(|n| Bson::from(f64::from(n) / 2.0)),
        (-6i32..7).prop_map(|n| Bson::from(format!("{n}E-1").parse::<Decimal128>().unwrap())),
        Just(Bson::from(f64::NAN)),
        Just(Bson::from(i64::MAX)),
    ]
}

fn scalar() -> impl Strategy<Value = Bson> {
    prop_oneof![
        number(),
        number(),
        Just(Bson::Null),
        any::<bool>().prop_map(Bson::from),
        "[ab]{0,2}".prop_map(Bson::from),
        Just(Bson::Symbol("a".into())),
        (0u8..3).prop_map(|n| Bson::from(ObjectId::from_bytes([n; 12]))),
        (-2i64..3).prop_map(|n| Bson::from(bson::DateTime::from_millis(n))),
        Just(Bson::MinKey),
        Just(Bson::MaxKey),
        Just(Bson::Timestamp(bson::Timestamp { time: 1, increment: 0 })),
    ]
}

fn value() -> impl Strategy<Value = Bson> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Bson::from),
            prop::collection::vec(("[ab]", inner), 0..3)
                .prop_map(|fields| Bson::from(fields.into_iter().collect::<Document>())),
        ]
    })
}

fn filter_value() -> impl Strategy<Value = FilterValue> {
    prop_oneof![
        Just(FilterValue::Null),
        any::<bool>().prop_map(FilterValue::Bool),
        (-3i64..4).prop_map(FilterValue::Integer),
        (-6i32..7).prop_map(|n| FilterValue::Real(f64::from(n) / 2.0)),
        Just(FilterValue::Real(0.1)),
        "[ab]{0,2}".prop_map(FilterValue::Text),
        (0u8..3).prop_map(|n| FilterValue::ObjectId([n; 12])),
        (-2i64..3).prop_map(FilterValue::Date),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    use Comparison::{Eq, Gt, Gte, Lt, Lte, Ne};
    let paths = prop::sample::select(vec!["v", "v.a", "v.b", "v.a.b", "w", "v.0", "v.0.a"]);
    let operator = prop::sample::select(vec![Eq, Ne, Gt, Gte, Lt, Lte]);
    let leaf = prop_oneof![
        4 => (paths.clone(), operator, filter_value())
            .prop_map(|(at, operator, value)| Filter::Compare(path(at), operator, value)),
        1 => (paths.clone(), prop::collection::vec(filter_value(), 0..3))
            .prop_map(|(at, values)| Filter::In(path(at), values)),
        1 => (paths, any::<bool>()).prop_map(|(at, there)| Filter::Exists(path(at), there)),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn generated(count: i32) -> Vec<Document> {
    let mut runner = TestRunner::deterministic();
    let fields = (value(), proptest::option::of(value()), "acme|evil");
    (0..count)
        .map(|id| {
            let (v, w, customer) = fields.new_tree(&mut runner).unwrap().current();
            let mut document = doc! {"_id": id, "customer": {"id": customer}, "v": v};
            if let Some(w) = w {
                document.insert("w", w);
            }
            document
        })
        .collect()
}

fn dump(documents: &[Document]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = documents.iter().flat_map(|d| d.to_vec().unwrap()).collect();
    std::fs::write(folder.path().join("things.bson"), bytes).unwrap();
    folder
}

/// Rows as text, which tells every type and bit apart.
#[derive(Default)]
struct Rows(Vec<String>);

impl RowSink for Rows {
    fn begin(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.0.push(format!("{cells:?}"));
        Flow::Continue
    }
    fn finish(&mut self, _: &Summary) {}
    fn fail(&mut self, _: &Error) {}
}

async fn rows(source: &dyn Source, catalog: &Arc<model::Catalog>, tenant: &TenantId) -> Rows {
    let snapshot = open(source).await;
    let scans = scans(catalog);
    let mut stream = snapshot.scan(Some(tenant), &scans[0]).await.unwrap();
    let mut decoder = Decoder::new(catalog, 0, Some(tenant), DecodeLimits::default());
    let mut rows = Rows::default();
    while let Some(batch) = stream.next_batch().await.unwrap() {
        assert_eq!(decoder.decode(&batch, &mut rows).unwrap(), Flow::Continue);
    }
    snapshot.verify(&scans).await.unwrap();
    rows
}

#[tokio::test]
async fn rows_are_the_same_from_both() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents = generated(3000);
    mongod.insert(&database, "things", &documents).await;
    let folder = dump(&documents);
    let catalog = catalog(None, &["v.b"]);
    let mongo = connect(settings(mongod.uri(), &database), &catalog).await;
    let dump = DumpSource::open(folder.path(), Some(Arc::clone(&catalog)), &mut |_| {}).unwrap();
    for name in ["acme", "evil"] {
        let one = rows(&mongo, &catalog, &tenant(name)).await;
        let other = rows(&dump, &catalog, &tenant(name)).await;
        assert!(one.0.len() > 1000);
        assert_eq!(one.0, other.0);
    }
}

/// A source that lies: what it hands over for one tenant is another's.
#[tokio::test]
async fn documents_of_another_tenant_in_the_stream_are_refused() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents = generated(400);
    mongod.insert(&database, "things", &documents).await;
    let folder = dump(&documents);
    let catalog = catalog(None, &[]);
    let mongo = connect(settings(mongod.uri(), &database), &catalog).await;
    let dump = DumpSource::open(folder.path(), Some(Arc::clone(&catalog)), &mut |_| {}).unwrap();
    let (acme, evil) = (tenant("acme"), tenant("evil"));
    for source in [&mongo as &dyn Source, &dump] {
        let own = rows(source, &catalog, &acme).await.0;
        let snapshot = open(source).await;
        let scan = &scans(&catalog)[0];
        // From its first document on, and after all that was asked for.
        for truthful in [&[][..], &[&acme]] {
            let mut decoder = Decoder::new(&catalog, 0, Some(&acme), DecodeLimits::default());
            let mut rows = Rows::default();
            for whose in truthful {
                let mut stream = snapshot.scan(Some(whose), scan).await.unwrap();
                while let Some(batch) = stream.next_batch().await.unwrap() {
                    assert_eq!(decoder.decode(&batch, &mut rows).unwrap(), Flow::Continue);
                }
            }
            let mut stream = snapshot.scan(Some(&evil), scan).await.unwrap();
            let foreign = stream.next_batch().await.unwrap().expect("a batch");
            let error = decoder.decode(&foreign, &mut rows).unwrap_err();
            assert_eq!(error.code, model::ErrorCode::Internal);
            assert!(error.internal.unwrap().contains("does not belong to the tenant"));
            assert_eq!(
                rows.0,
                if truthful.is_empty() { &[][..] } else { &own },
                "nothing of it came through"
            );
        }
    }
}

#[tokio::test]
async fn filters_choose_the_same_documents() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents = generated(400);
    mongod.insert(&database, "things", &documents).await;
    let folder = dump(&documents);
    let plain = catalog(None, &[]);
    let mongo = connect(settings(mongod.uri(), &database), &plain).await;
    let dump = DumpSource::open(folder.path(), Some(Arc::clone(&plain)), &mut |_| {}).unwrap();
    let acme = tenant("acme");
    let (one, other) = (open(&mongo).await, open(&dump).await);
    let mut runner = TestRunner::deterministic();
    for _ in 0..600 {
        let filter = filter().new_tree(&mut runner).unwrap().current();
        let mut scan = scans(&plain).remove(0);
        scan.filter = Some(filter.clone());
        let ids = |documents: Vec<Document>| -> Vec<i32> {
            documents.iter().map(|document| document.get_i32("_id").unwrap()).collect()
        };
        let theirs = ids(read(&*one, &acme, &scan).await.unwrap());
        let ours = ids(read(&*other, &acme, &scan).await.unwrap());
        let odd: Vec<&Document> = documents
            .iter()
            .filter(|document| {
                let id = document.get_i32("_id").unwrap();
                theirs.contains(&id) != ours.contains(&id)
            })
            .collect();
        assert!(
            odd.is_empty(),
            "{filter:?} differs, here and there {} {}: {odd:?}",
            ours.len(),
            theirs.len()
        );
    }
}
