//! The server away, cut off midway, slow, refusing: clear codes, and reading goes on afterwards.

use std::time::Duration;

use bson::{Document, doc};
use model::ErrorCode;
use source::Source;
use source::mongo::MongoSettings;
use testkit::mongod::{ChaosProxy, Kind, Mongod, Traffic};

use crate::house::{catalog, connect, open, read, scans, settings, tenant};

fn things(count: i32) -> Vec<Document> {
    let pad = "x".repeat(1000);
    (0..count).map(|id| doc! {"_id": id, "v": &pad, "customer": {"id": "acme"}}).collect()
}

fn hasty(uri: &str, database: &str) -> MongoSettings {
    MongoSettings { selection_timeout: Duration::from_millis(1500), ..settings(uri, database) }
}

#[tokio::test]
async fn a_server_that_is_not_there_yet() {
    let mongod = Mongod::start(Kind::ReplicaSet);
    let proxy = ChaosProxy::start(mongod.address());
    proxy.set(Traffic::Refuse);
    let catalog = catalog(None, &[]);
    let source = connect(hasty(&proxy.uri(), "shop"), &catalog).await;
    let error = source.ping().await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    assert!(!error.message.contains("127.0.0.1"), "{error}");
    assert!(error.internal.unwrap().contains("no MongoDB answers at source.uri"));
    assert_eq!(source.open().await.err().unwrap().code, ErrorCode::SourceUnavailable);
    proxy.set(Traffic::Pass);
    source.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_dies_midway() {
    let mongod = Mongod::shared();
    if std::env::var_os("TEST_MONGODB_URI").is_some() {
        return; // The proxy needs to know the server's address.
    }
    let database = mongod.database();
    mongod.insert(&database, "things", &things(40_000)).await;
    let proxy = ChaosProxy::start(mongod.address());
    let catalog = catalog(None, &[]);
    let source = connect(hasty(&proxy.uri(), &database), &catalog).await;
    let (acme, scans) = (tenant("acme"), scans(&catalog));
    let snapshot = open(&source).await;
    proxy.set(Traffic::CutAfter(20 << 20));
    let error = read(&*snapshot, &acme, &scans[0]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    assert!(error.internal.unwrap().contains("reading things"));
    proxy.set(Traffic::Pass);
    let snapshot = open(&source).await;
    assert_eq!(read(&*snapshot, &acme, &scans[0]).await.unwrap().len(), 40_000);
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_not_noticed() {
    let mongod = Mongod::start(Kind::ReplicaSet);
    mongod.insert("shop", "things", &things(3)).await;
    let proxy = ChaosProxy::start(mongod.address());
    let catalog = catalog(None, &[]);
    let source = connect(hasty(&proxy.uri(), "shop"), &catalog).await;
    let (acme, scans) = (tenant("acme"), scans(&catalog));
    let snapshot = open(&source).await;
    for _ in 0..3 {
        proxy.set(Traffic::Refuse);
        proxy.set(Traffic::Pass);
        assert_eq!(read(&*snapshot, &acme, &scans[0]).await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn wrong_credentials_and_missing_rights_are_named() {
    let mongod = Mongod::start(Kind::WithUsers);
    let admin = mongod.client().await.database("admin");
    let user = doc! {"createUser": "guest", "pwd": "guest", "roles": []};
    admin.run_command(user).await.unwrap();
    mongod.insert("shop", "things", &things(1)).await;
    let catalog = catalog(None, &[]);
    let cases =
        [("boss:wrong", "refused the user or password"), ("guest:guest", "lacks the right")];
    for (credentials, what) in cases {
        let uri = format!("mongodb://{credentials}@{}/?replicaSet=rs0", mongod.address());
        let source = connect(hasty(&uri, "shop"), &catalog).await;
        let error = source.open().await.err().unwrap();
        assert_eq!(error.code, ErrorCode::SourceUnavailable);
        let detail = error.internal.unwrap();
        assert!(detail.contains(what), "{detail}");
        assert!(!detail.contains("wrong"), "{detail}");
    }
}

#[tokio::test]
async fn a_scan_over_its_time_is_cut_by_the_server() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    mongod.insert(&database, "things", &things(40_000)).await;
    let catalog = catalog(None, &[]);
    let limited =
        MongoSettings { max_time: Duration::from_millis(1), ..settings(mongod.uri(), &database) };
    let source = connect(limited, &catalog).await;
    let snapshot = open(&source).await;
    let error = read(&*snapshot, &tenant("acme"), &scans(&catalog)[0]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::SourceUnavailable);
    assert!(error.internal.unwrap().contains("source.max_time"));
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_its_cursor() {
    let mongod = Mongod::start(Kind::ReplicaSet);
    mongod.insert("shop", "things", &things(40_000)).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), "shop"), &catalog).await;
    let snapshot = open(&source).await;
    let (acme, scans) = (tenant("acme"), scans(&catalog));
    let mut stream = snapshot.scan(Some(&acme), &scans[0]).await.unwrap();
    assert!(stream.next_batch().await.unwrap().is_some());
    let admin = mongod.client().await.database("admin");
    let open_cursors = async || {
        let status = admin.run_command(doc! {"serverStatus": 1}).await.unwrap();
        let cursors = status.get_document("metrics").unwrap().get_document("cursor").unwrap();
        cursors.get_document("open").unwrap().get_i64("total").unwrap()
    };
    assert_eq!(open_cursors().await, 1);
    drop(stream);
    // The driver kills it in a task of its own; the server answers each look in between.
    while open_cursors().await > 0 {}
}
