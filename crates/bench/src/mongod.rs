//! First queries and boots from a real mongod, beside merely draining the same cursor.

use std::time::Duration;

use bson::{Document, doc};
use futures_util::TryStreamExt as _;
use mongodb::{Client, Collection, IndexModel};
use testkit::mongod::Mongod;

use crate::boots::first_query;
use crate::clock::{median, timed};
use crate::report::{Report, short};
use crate::server::Process;
use crate::{Options, Result, documents, tiny};

const BATCH: u32 = 10_000;
const DATABASE: &str = "bench";

async fn insert(
    collection: &Collection<Document>,
    mut documents: impl Iterator<Item = Document>,
) -> Result<()> {
    loop {
        let batch: Vec<Document> = documents.by_ref().take(20_000).collect();
        if batch.is_empty() {
            break;
        }
        collection.insert_many(batch).await?;
    }
    collection.create_index(IndexModel::builder().keys(doc! { "tenant": 1 }).build()).await?;
    Ok(())
}

/// Reads all of one tenant's documents and throws them away.
async fn drain(collection: &Collection<Document>) -> Result<usize> {
    let mut batches = collection.find(doc! { "tenant": "bench" }).batch_size(BATCH).batch().await?;
    let mut bytes = 0;
    while let Some(batch) = batches.try_next().await? {
        bytes += batch.as_raw_document().as_bytes().len();
    }
    Ok(bytes)
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mongod = Mongod::start(testkit::mongod::Kind::ReplicaSet);
    let uri = mongod.uri().to_owned();
    let count = options.scale(100_000);
    let tenants = options.scale(5_000);
    let reads: Collection<Document> = runtime.block_on(async {
        let database = Client::with_uri_str(&uri).await?.database(DATABASE);
        let reads = database.collection("reads");
        insert(&reads, (0..count).map(|n| documents::read("bench", n))).await?;
        let every = |table: usize| (0..tenants * tiny::ROWS).map(move |n| (table, n));
        insert(
            &reads,
            every(0).map(|(_, n)| documents::read(&tiny::name(n / tiny::ROWS), count + n)),
        )
        .await?;
        for table in 0..tiny::TABLES {
            let small = database.collection(&format!("small_{table}"));
            insert(
                &small,
                every(table).map(|(_, n)| documents::small(&tiny::name(n / tiny::ROWS), n)),
            )
            .await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(reads)
    })?;
    let dir = tempfile::tempdir()?;
    let settings = |tables: &str| {
        format!(
            "[source]\nkind = \"mongodb\"\nuri = \"{uri}\"\ndatabase = \"{DATABASE}\"\n\n\
             [instance]\ntables = \"{tables}\"\nidle_timeout = \"1h\"\n"
        )
    };
    for indexed in [false, true] {
        let place = dir.path().join(format!("first-{indexed}"));
        let process =
            Process::litevisor(&place, &documents::catalog_toml(0, indexed), &settings("lazy"))?;
        let mut drains = Vec::new();
        let mut firsts = Vec::new();
        for _ in 0..3 {
            for _ in 0..3 {
                let (time, bytes) = timed(|| runtime.block_on(drain(&reads)));
                bytes?;
                drains.push(time);
            }
            firsts.push(first_query(&process, "bench", "SELECT count(*), sum(pages) FROM reads")?);
        }
        rows(report, count, indexed, median(firsts), median(drains));
    }
    let process = Process::litevisor(
        &dir.path().join("tiny"),
        &documents::catalog_toml(tiny::TABLES, false),
        &settings("all"),
    )?;
    let time = tiny::boot_all(&process, tenants)?;
    let rate = tenants as f64 / time.as_secs_f64();
    report.row(
        "boots of tiny tenants from mongod, 16 asked at once",
        format!("{rate:.0} boots/s"),
        format!("{tenants} tenants, {} collections, over HTTP", tiny::TABLES + 1),
        "≥ 1,000 boots/s",
        rate >= 1_000.0,
    );
    Ok(())
}

fn rows(report: &mut Report, count: usize, indexed: bool, first: Duration, drained: Duration) {
    let what = format!("first query of a {count}-document tenant, mongod");
    let share = drained.as_secs_f64() / first.as_secs_f64();
    let beside = format!(
        "draining the same cursor: {}, so {:.0} % of its speed",
        short(drained),
        share * 100.0
    );
    if indexed {
        report.note(&what, short(first), format!("with two secondary indexes; {beside}"));
        return;
    }
    let reached = first < Duration::from_millis(250) && share >= 0.85;
    report.row(&what, short(first), beside, "< 250 ms, ≥ 85 %", reached);
}
