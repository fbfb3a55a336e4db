//! A boot from a dump equals a boot from mongod, row for row, strays and odd values included.

use bson::{Bson, Document, doc};
use litevisor::config::Layers;
use tempfile::TempDir;
use testkit::mongod::Mongod;

use crate::harness::{TestApp, write_collection};

const CATALOG: &str = r#"
tenant_key = "t"
exclude = ["secret"]

[[tables]]
name = "things"
collection = "things"
primary_key = ["id"]
rest = "rest"
indexes = [["word"]]
columns = [
  { name = "id", path = "_id", as = "any" },
  { name = "word", path = "word", as = "text" },
  { name = "n", path = "n", as = "integer" },
  { name = "r", path = "r", as = "real" },
  { name = "at", path = "at", as = "datetime" },
  { name = "price", path = "price", as = "scaled:2" },
  { name = "exact", path = "price", as = "text" },
  { name = "doc", path = "doc", as = "json" },
  { name = "deep", path = "doc.a.b", as = "any" },
]

[[tables]]
name = "parts"
collection = "things"
unwind = "parts"
filter = { n = { "$gte" = 0 } }
columns = [
  { name = "thing", path = "_id", as = "any" },
  { name = "place", path = "$index", as = "integer" },
  { name = "name", path = "parts.name", as = "text" },
]
"#;

fn things() -> Vec<Document> {
    let odd = [
        Bson::Null,
        Bson::Int32(7),
        Bson::Int64(i64::MAX),
        Bson::Double(2.5),
        Bson::Double(f64::NAN),
        Bson::String("00123".into()),
        Bson::String(String::new()),
        Bson::Boolean(true),
        Bson::DateTime(bson::DateTime::from_millis(1_700_000_000_123)),
        Bson::ObjectId(bson::oid::ObjectId::from_bytes([7; 12])),
        Bson::Decimal128("123.456789012345678901".parse().expect("a decimal")),
        Bson::Array(vec![Bson::Int32(1), Bson::String("x".into())]),
        Bson::Document(doc! { "a": { "b": "deep" }, "c.d": 1, "$e": 2 }),
        Bson::RegularExpression(bson::Regex {
            pattern: "^a".try_into().expect("no NUL"),
            options: "i".try_into().expect("no NUL"),
        }),
        Bson::Timestamp(bson::Timestamp { time: 5, increment: 6 }),
        Bson::MinKey,
    ];
    let mut all = Vec::new();
    for n in 0..3_000_i32 {
        let stray = odd[n as usize % odd.len()].clone();
        let mut thing =
            doc! { "_id": n, "t": if n % 3 == 0 { "one" } else { "two" }, "secret": "never shown" };
        thing.insert(
            "word",
            if n % 10 == 1 { stray.clone() } else { Bson::String(format!("w{n}")) },
        );
        thing.insert("n", if n % 50 == 2 { stray.clone() } else { Bson::Int64(i64::from(n) - 5) });
        thing.insert("r", f64::from(n) / 8.0);
        thing.insert("at", bson::DateTime::from_millis(i64::from(n) * 1_000_003));
        thing.insert(
            "price",
            format!("{}.{:02}", n, n % 100).parse::<bson::Decimal128>().expect("a decimal"),
        );
        thing.insert("doc", stray.clone());
        thing.insert(
            "parts",
            (0..n % 4).map(|i| doc! { "name": format!("p{i}") }.into()).collect::<Vec<Bson>>(),
        );
        thing.insert("unmapped", stray);
        all.push(thing);
    }
    all
}

fn everything(app: &TestApp, tenant: &str) -> Vec<serde_json::Value> {
    [
        "SELECT * FROM things ORDER BY id",
        "SELECT * FROM parts ORDER BY thing, place",
        "SELECT sql FROM sqlite_schema ORDER BY name",
    ]
    .map(|sql| app.sql(tenant, sql).rows())
    .to_vec()
}

#[test]
fn a_boot_from_a_dump_equals_a_boot_from_mongod() {
    let mongod = Mongod::shared();
    let database = mongod.database();
    let documents = things();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(mongod.insert(&database, "things", &documents));
    let folder = TempDir::new().expect("a folder");
    write_collection(folder.path(), "things", &documents);
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, CATALOG).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "dump")
        .flag("test", "source", "path", folder.path().display().to_string())
        .flag("test", "catalog", "path", file.display().to_string());
    let from_dump = TestApp::start_with(layers, Some(folder)).ready();
    let from_mongod = super::questions::serve(mongod, &database, CATALOG);
    for tenant in ["one", "two", "nobody"] {
        let (dump, server) = (everything(&from_dump, tenant), everything(&from_mongod, tenant));
        assert_eq!(dump, server, "{tenant}");
        assert!(!dump[0].to_string().contains("never shown"));
        let rows = dump[0].as_array().expect("rows").len();
        assert_eq!(
            rows,
            if tenant == "one" {
                1_000
            } else if tenant == "two" {
                2_000
            } else {
                0
            }
        );
    }
}
