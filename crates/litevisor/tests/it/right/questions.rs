//! More than five hundred aggregations, asked of MongoDB as pipelines and of Litevisor over that
//! same MongoDB as SQL, must agree.

use std::collections::BTreeMap;

use bson::{Bson, Document};
use futures_util::TryStreamExt as _;
use litevisor::config::Layers;
use serde_json::Value;
use tempfile::TempDir;
use testkit::mongod::Mongod;
use testkit::questions::{CATALOG, Question, order, questions};

use crate::harness::TestApp;

/// The app over `database` of the test server.
pub(super) fn serve(mongod: &Mongod, database: &str, catalog: &str) -> TestApp {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, catalog).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", mongod.uri())
        .flag("test", "source", "database", database)
        .flag("test", "catalog", "path", file.display().to_string());
    TestApp::start_with(layers, Some(folder)).ready()
}

/// A key or value in one text for both sides; numbers by their value.
fn text_of_bson(value: Option<&Bson>) -> String {
    match value {
        None | Some(Bson::Null) => "null".into(),
        Some(Bson::String(text)) => format!("{text:?}"),
        Some(Bson::Int32(n)) => number(f64::from(*n)),
        #[expect(clippy::cast_precision_loss, reason = "the questions' numbers are small")]
        Some(Bson::Int64(n)) => number(*n as f64),
        Some(Bson::Double(n)) => number(*n),
        Some(other) => format!("{other:?}"),
    }
}

fn text_of_json(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::String(text) => format!("{text:?}"),
        Value::Number(n) => number(n.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    }
}

fn number(n: f64) -> String {
    format!("{n:?}")
}

/// Asks both; a difference as text.
async fn ask(
    app: &TestApp,
    orders: &mongodb::Collection<Document>,
    question: &Question,
) -> Option<String> {
    let groups: Vec<Document> = orders
        .aggregate(question.pipeline.clone())
        .await
        .expect("the pipeline runs")
        .try_collect()
        .await
        .expect("the answer comes");
    let theirs: BTreeMap<String, String> = groups
        .iter()
        .map(|group| (text_of_bson(group.get("_id")), text_of_bson(group.get("value"))))
        .collect();
    let rows = app.sql("a", &question.sql).rows();
    let ours: BTreeMap<String, String> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (text_of_json(&row[0]), text_of_json(&row[1])))
        .collect();
    (theirs != ours || theirs.len() != groups.len()).then(|| {
        format!(
            "{}\n  {:?}\n  MongoDB: {theirs:?}\n  SQL:     {ours:?}",
            question.sql, question.pipeline
        )
    })
}

#[test]
fn mongodb_and_sql_agree() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    // The pipelines are asked of one tenant's documents alone; the SQL must see no others.
    let only_a = bson::doc! { "$match": { "tenant": "a" } };
    let documents: Vec<Document> =
        ["a", "b"].into_iter().flat_map(|tenant| (0..700).map(move |n| order(tenant, n))).collect();
    let wrong: Vec<String> = runtime.block_on(async {
        mongod.insert(&database, "orders", &documents).await;
        let orders = mongod.client().await.database(&database).collection("orders");
        let app = tokio::task::block_in_place(|| serve(mongod, &database, CATALOG));
        let mut wrong = Vec::new();
        for mut question in questions() {
            question.pipeline.insert(0, only_a.clone());
            wrong.extend(ask(&app, &orders, &question).await);
        }
        wrong
    });
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
}
