//! Collections that are dropped, renamed and rebuilt around reads at a point in time: what is read is
//! what was there, or an error that says that the point is lost; never an emptiness that was not.

use bson::{Document, doc};
use mongodb::{Client, Database};
use source::mongo::{MongoSettings, SnapshotMode};
use testkit::mongod::Mongod;

use crate::house::{catalog, connect, open, read, scans, settings, tenant};

fn things(count: i32) -> Vec<Document> {
    (0..count).map(|id| doc! {"_id": id, "v": id, "customer": {"id": "acme"}}).collect()
}

/// What an operator does to the collection `things`.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Drop,
    Rebuild,
    /// As `$out` and `mongorestore --drop` do.
    Replace,
    RenameAway,
    RenameThereAndBack,
}

const DEEDS: [Deed; 5] =
    [Deed::Drop, Deed::Rebuild, Deed::Replace, Deed::RenameAway, Deed::RenameThereAndBack];

async fn rename(client: &Client, database: &str, from: &str, to: &str) {
    let name = |collection| format!("{database}.{collection}");
    let command = doc! {"renameCollection": name(from), "to": name(to), "dropTarget": true};
    client.database("admin").run_command(command).await.unwrap();
}

async fn do_it(deed: Deed, client: &Client, database: &Database) {
    let things_now = database.collection::<Document>("things");
    match deed {
        Deed::Drop => things_now.drop().await.unwrap(),
        Deed::Rebuild => {
            things_now.drop().await.unwrap();
            things_now.insert_many(things(2)).await.unwrap();
        }
        Deed::Replace => {
            let fresh = database.collection::<Document>("fresh");
            fresh.insert_many(things(2)).await.unwrap();
            rename(client, database.name(), "fresh", "things").await;
        }
        Deed::RenameAway => rename(client, database.name(), "things", "away").await,
        Deed::RenameThereAndBack => {
            rename(client, database.name(), "things", "away").await;
            rename(client, database.name(), "away", "things").await;
        }
    }
}

#[tokio::test]
async fn an_old_point_is_never_read_as_empty() {
    let mongod = Mongod::shared();
    let client = mongod.client().await;
    let (catalog, acme) = (catalog(None, &[]), tenant("acme"));
    let scans = scans(&catalog);
    for deed in DEEDS {
        let database = mongod.database();
        mongod.insert(&database, "things", &things(3)).await;
        let source = connect(settings(mongod.uri(), &database), &catalog).await;
        let old = open(&source).await;
        assert_eq!(read(&*old, &acme, &scans[0]).await.unwrap().len(), 3, "{deed:?}");
        do_it(deed, &client, &client.database(&database)).await;
        // A server may still be able to show what was there; ours cannot, and says so.
        match read(&*old, &acme, &scans[0]).await {
            Ok(found) => assert_eq!(found.len(), 3, "{deed:?}"),
            Err(error) => assert!(old.is_lost(), "{deed:?}: {error}"),
        }
        // The next point is another, from the first.
        let left = match deed {
            Deed::Drop | Deed::RenameAway => 0,
            Deed::Rebuild | Deed::Replace => 2,
            Deed::RenameThereAndBack => 3,
        };
        let next = open(&source).await;
        assert_eq!(read(&*next, &acme, &scans[0]).await.unwrap().len(), left, "{deed:?}");
        next.verify(&scans).await.unwrap();
        assert!(!next.is_lost());
    }
}

/// What was listed when the last boot ended is what the next starts from.
#[tokio::test]
async fn what_was_rebuilt_between_two_boots_loses_the_point_at_most_once() {
    let mongod = Mongod::shared();
    let client = mongod.client().await;
    let (catalog, acme) = (catalog(None, &[]), tenant("acme"));
    let scans = scans(&catalog);
    for (deed, mode) in DEEDS
        .into_iter()
        .flat_map(|deed| [SnapshotMode::Auto, SnapshotMode::Off].map(|mode| (deed, mode)))
    {
        let database = mongod.database();
        mongod.insert(&database, "things", &things(3)).await;
        let settings = MongoSettings { snapshot: mode, ..settings(mongod.uri(), &database) };
        let source = connect(settings, &catalog).await;
        let first = open(&source).await;
        first.verify(&scans).await.unwrap();
        do_it(deed, &client, &client.database(&database)).await;
        let mut lost = 0;
        let found = loop {
            let snapshot = open(&source).await;
            let found = async {
                let found = read(&*snapshot, &acme, &scans[0]).await?;
                snapshot.verify(&scans).await.map(|()| found)
            };
            match found.await {
                Ok(found) => break found.len(),
                Err(error) => assert!(snapshot.is_lost() && lost < 1, "{deed:?}: {error}"),
            }
            lost += 1;
        };
        let left = match deed {
            Deed::Drop | Deed::RenameAway => 0,
            Deed::Rebuild | Deed::Replace => 2,
            Deed::RenameThereAndBack => 3,
        };
        assert_eq!(found, left, "{deed:?} {mode:?}");
    }
}

#[tokio::test]
async fn a_collection_dropped_under_its_cursor() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    mongod.insert(&database, "things", &things(30_000)).await;
    let (catalog, acme) = (catalog(None, &[]), tenant("acme"));
    let scans = scans(&catalog);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let snapshot = open(&source).await;
    let mut stream = snapshot.scan(Some(&acme), &scans[0]).await.unwrap();
    assert!(stream.next_batch().await.unwrap().is_some());
    let client = mongod.client().await;
    do_it(Deed::Rebuild, &client, &client.database(&database)).await;
    let error = loop {
        match stream.next_batch().await {
            Ok(Some(_)) => {}
            Ok(None) => break snapshot.verify(&scans).await.unwrap_err(),
            Err(error) => break error,
        }
    };
    assert!(snapshot.is_lost(), "{error}");
    let next = open(&source).await;
    assert_eq!(read(&*next, &acme, &scans[0]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn views_are_read_without_a_point_in_time() {
    let mongod = Mongod::shared();
    let name = mongod.database();
    mongod.insert(&name, "base", &things(3)).await;
    let client = mongod.client().await;
    let database = client.database(&name);
    database
        .run_command(doc! {"create": "things", "viewOn": "base", "pipeline": []})
        .await
        .unwrap();
    let (catalog, acme) = (catalog(None, &[]), tenant("acme"));
    let scans = scans(&catalog);
    let source = connect(settings(mongod.uri(), &name), &catalog).await;
    let snapshot = open(&source).await;
    assert!(!snapshot.point().exact && !snapshot.lasts());
    rename(&client, &name, "base", "away").await;
    rename(&client, &name, "away", "base").await;
    assert_eq!(read(&*snapshot, &acme, &scans[0]).await.unwrap().len(), 3);
    let required =
        MongoSettings { snapshot: SnapshotMode::Required, ..settings(mongod.uri(), &name) };
    let source = connect(required, &catalog).await;
    assert!(source::Source::open(&source).await.is_err());
}

#[tokio::test]
async fn what_a_server_says_is_quoted_without_its_bytes() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    mongod.insert(&database, "things", &things(3)).await;
    let catalog = catalog(None, &[]);
    let source = connect(settings(mongod.uri(), &database), &catalog).await;
    let snapshot = open(&source).await;
    let client = mongod.client().await;
    do_it(Deed::Replace, &client, &client.database(&database)).await;
    let error = read(&*snapshot, &tenant("acme"), &scans(&catalog)[0]).await.unwrap_err();
    let told = error.internal.unwrap();
    assert!(told.starts_with("reading things: SnapshotUnavailable (246): "), "{told}");
    assert!(!told.contains("RawDocumentBuf") && told.len() < 300, "{told}");
}
