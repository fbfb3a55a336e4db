//! Reading: batches, points in time, renamed collections, advice, estimates, samples.

use bson::{Bson, Document, doc};
use source::mongo::{MongoSettings, MongoSource, SnapshotMode};
use source::{SampleSize, Source};
use testkit::mongod::{Kind, Mongod};

use crate::house::{Still, catalog, connect, open, read, scans, settings, tenant};

fn thing(id: i32, customer: &str) -> Document {
    doc! {"_id": id, "v": id, "customer": {"id": customer}, "secret": {"a": 1}}
}

fn ids(documents: &[Document]) -> Vec<i32> {
    documents.iter().map(|document| document.get_i32("_id").unwrap()).collect()
}

#[tokio::test]
async fn a_point_in_time_stays_while_writes_go_on() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents: Vec<Document> =
        (0..25_000).map(|id| thing(id, if id % 5 == 0 { "acme" } else { "evil" })).collect();
    mongod.insert(&database, "things", &documents).await;
    let catalog = catalog(None, &["secret.*", "secret.a", "customer"]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let (acme, scans) = (tenant("acme"), scans(&catalog));
    let first = open(&source).await;
    assert!(first.point().exact);
    mongod.insert(&database, "things", &[thing(100_000, "acme")]).await;
    let before = read(&*first, &acme, &scans[0]).await.unwrap();
    assert_eq!(ids(&before), (0..25_000).step_by(5).collect::<Vec<_>>());
    assert_eq!(before[0], doc! {"_id": 0, "v": 0, "customer": {"id": "acme"}});
    first.verify(&scans).await.unwrap();
    // Later, at the same point; and at a new one.
    assert!(first.lasts() && !first.is_newest());
    assert_eq!(read(&*first, &acme, &scans[0]).await.unwrap().len(), 5000);
    let newer = open(&source).await;
    assert_eq!(read(&*newer, &acme, &scans[0]).await.unwrap().len(), 5001);
    assert!(newer.point().mark > first.point().mark);
    assert!(!first.is_lost() && !newer.is_lost());
}

#[tokio::test]
async fn scans_run_side_by_side() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents: Vec<Document> = (0..20_000).map(|id| thing(id, "acme")).collect();
    mongod.insert(&database, "things", &documents).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let (acme, scans) = (tenant("acme"), scans(&catalog));
    let snapshot = open(&source).await;
    let reads = (0..4).map(|_| read(&*snapshot, &acme, &scans[0]));
    for found in futures_util::future::join_all(reads).await {
        assert_eq!(found.unwrap().len(), 20_000);
    }
}

#[tokio::test]
async fn capped_collections_are_read_without_a_point_in_time() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let made = mongod.client().await.database(&database);
    made.create_collection("things").capped(true).size(1 << 20).await.unwrap();
    mongod.insert(&database, "things", &[thing(1, "acme")]).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let snapshot = open(&source).await;
    assert!(!snapshot.point().exact);
    let found = read(&*snapshot, &tenant("acme"), &scans(&catalog)[0]).await.unwrap();
    assert_eq!(found.len(), 1);
    let required =
        MongoSettings { snapshot: SnapshotMode::Required, ..settings(mongod.uri(), &database) };
    let source = connect(required, &catalog).await;
    assert!(source.open().await.is_err());
}

#[tokio::test]
async fn a_standalone_server_has_no_points_in_time() {
    let mongod = Mongod::start(Kind::Standalone);
    mongod.insert("shop", "things", &[thing(1, "acme"), thing(2, "evil")]).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), "shop"), &catalog).await;
    let snapshot = open(&source).await;
    let point = snapshot.point();
    assert!(!point.exact);
    assert_eq!(point.as_of.to_string(), "2023-11-14T22:13:20.123Z");
    let found = read(&*snapshot, &tenant("acme"), &scans(&catalog)[0]).await.unwrap();
    assert_eq!(ids(&found), [1]);
    assert!(!snapshot.lasts());
}

#[tokio::test]
async fn missing_indexes_are_named_with_the_command() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    mongod.insert(&database, "things", &[thing(1, "acme")]).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let advice = source.advise(&scans(&catalog)).await.unwrap();
    assert_eq!(advice.len(), 1);
    let command = r#"db.getCollection("things").createIndex({ "customer.id": 1 })"#;
    assert!(advice[0].ends_with(command), "{advice:?}");
    let made = mongod.client().await.database(&database);
    let index = doc! {"createIndexes": "things",
    "indexes": [{"key": {"customer.id": 1, "v": 1}, "name": "i"}]};
    made.run_command(index).await.unwrap();
    assert!(source.advise(&scans(&catalog)).await.unwrap().is_empty());
}

#[tokio::test]
async fn large_fields_that_no_table_maps_are_named() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents: Vec<Document> = (0..200)
        .map(|id| {
            let mut document = thing(id, "acme");
            document.extend(doc! {"_v": "x".repeat(900), "photo": "x".repeat(4000)});
            document
        })
        .collect();
    mongod.insert(&database, "things", &documents).await;
    let made = mongod.client().await.database(&database);
    let index = doc! {"createIndexes": "things",
    "indexes": [{"key": {"customer.id": 1}, "name": "i"}]};
    made.run_command(index).await.unwrap();
    let plain = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &plain).await;
    let advice = source.advise(&scans(&plain)).await.unwrap();
    assert_eq!(advice.len(), 1, "{advice:?}");
    assert!(
        advice[0].starts_with("things: no table maps the field photo, which is 80 %"),
        "{advice:?}"
    );
    assert!(advice[0].ends_with(r#"exclude = ["photo"] in the catalog"#), "{advice:?}");
    // As advised; and where somebody wants it.
    for excluded in ["photo", "photo.*"] {
        let catalog = catalog(None, &[excluded]);
        let source = connect(settings(mongod.uri(), &database), &catalog).await;
        assert!(source.advise(&scans(&catalog)).await.unwrap().is_empty());
    }
    let mut kept = model::Catalog::clone(&plain);
    kept.tables[0].columns[1].path = model::ColumnPath::Rest;
    let source = connect(settings(mongod.uri(), &database), &std::sync::Arc::new(kept)).await;
    assert!(source.advise(&scans(&plain)).await.unwrap().is_empty());
}

#[tokio::test]
async fn estimates_samples_and_sizes() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents: Vec<Document> =
        (0..50).map(|id| thing(id, if id < 30 { "acme" } else { "evil" })).collect();
    let bytes = documents[0].to_vec().unwrap().len() as u64;
    mongod.insert(&database, "things", &documents).await;
    mongod.insert(&database, "another", &[doc! {"_id": 1}, doc! {"_id": "x"}]).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let estimate = source.estimate(Some(&tenant("acme")), &scans(&catalog)).await.unwrap();
    assert_eq!((estimate[0].documents, estimate[0].bytes), (30, 30 * bytes));
    assert_eq!(source.collections().await.unwrap(), ["another", "things"]);
    assert_eq!(source.collection_size("things").await.unwrap(), 50);
    let sample = async |name, size| {
        let mut stream = source.sample(name, size).await.unwrap();
        let mut found = Vec::new();
        while let Some(batch) = stream.next_batch().await.unwrap() {
            for document in batch.documents() {
                found.push(Document::from_reader(document.unwrap()).unwrap()["_id"].clone());
            }
        }
        found
    };
    let expected: Vec<Bson> = [0, 1, 2, 49, 48, 47].map(Bson::from).into();
    assert_eq!(sample("things", SampleSize::Ends(3)).await, expected);
    assert_eq!(sample("things", SampleSize::Ends(40)).await.len(), 50);
    assert_eq!(sample("things", SampleSize::All).await.len(), 50);
    assert_eq!(sample("another", SampleSize::Ends(1)).await, [Bson::from(1), Bson::from("x")]);
}

#[tokio::test]
async fn the_list_of_tenants() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    mongod.insert(&database, "customers", &[doc! {"_id": "acme"}]).await;
    let mut catalog = model::Catalog::clone(&catalog(None, &[]));
    let list = model::TenantList { collection: "customers".into(), key: crate::house::path("_id") };
    catalog.tenants = Some(list);
    let catalog = std::sync::Arc::new(catalog);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    assert!(source.has_tenant(&tenant("acme")).await.unwrap());
    assert!(!source.has_tenant(&tenant("other")).await.unwrap());
}

#[tokio::test]
async fn a_uri_without_database_is_refused() {
    let settings = MongoSettings::new("mongodb://127.0.0.1:1/");
    let error = MongoSource::connect(settings, None, std::sync::Arc::new(Still)).await.err();
    assert!(error.unwrap().message.contains("source.database"));
}
