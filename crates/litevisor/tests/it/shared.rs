//! Tables that all tenants share, and how exact the point in time of what is read with them is.

use bson::doc;
use litevisor::config::Layers;
use serde_json::json;
use tempfile::TempDir;
use testkit::mongod::Mongod;

use crate::client::Reply;
use crate::harness::{CATALOG, TestApp, poll};

const JOIN: &str = "SELECT country, count(*) FROM devices JOIN cities ON cities.name = city \
                    GROUP BY country ORDER BY country";

#[test]
fn every_tenant_joins_them_and_nobody_writes_them() {
    let app = TestApp::start(&[]).ready();
    assert_eq!(app.sql("acme", JOIN).rows(), json!([["BE", 100], ["NL", 100]]));
    let name = "SELECT country FROM cities WHERE name = 'Gent'";
    assert_eq!(app.sql("tiny", name).rows(), json!([["BE"]]));
    assert_eq!(app.sql("empty", JOIN).rows(), json!([]));
    for sql in [
        "DELETE FROM cities",
        "UPDATE shared.cities SET country = 'XX'",
        "INSERT INTO cities VALUES ('Rome', 'IT')",
        "DROP TABLE cities",
    ] {
        app.sql("acme", sql).problem(403, "sql_not_allowed");
    }
    let view = "CREATE VIEW v AS SELECT * FROM cities; SELECT * FROM v";
    let detail = app.sql("acme", view).problem(400, "sql_error");
    assert!(detail.contains("TEMP"), "{detail}");
    let view = "CREATE TEMP VIEW v AS SELECT * FROM cities; SELECT count(*) FROM v";
    assert_eq!(app.sql("acme", view).rows(), json!([[2]]));
    assert_eq!(app.sql("tiny", "SELECT count(*) FROM cities").rows(), json!([[2]]));
}

#[test]
fn what_cannot_lie_on_a_shared_table_is_told_with_what_to_write() {
    let app = TestApp::start(&[]).ready();
    for (sql, offset) in [
        ("CREATE TRIGGER t AFTER INSERT ON cities BEGIN SELECT 1; END", 33),
        ("CREATE TRIGGER t AFTER INSERT ON \"cities\" BEGIN SELECT 1; END", 34),
        ("SELECT 1; CREATE INDEX i ON cities(country)", 28),
        ("SELECT * FROM main.cities", 19),
    ] {
        let reply = app.sql("acme", sql);
        let detail = reply.problem(400, "sql_error");
        assert!(detail.contains("cities is a shared table"), "{sql}: {detail}");
        assert!(detail.contains("CREATE TABLE mine AS SELECT * FROM cities"), "{sql}: {detail}");
        assert_eq!(reply.json()["offset"], offset, "{sql}: {detail}");
    }
    let hint = "CREATE TABLE mine AS SELECT * FROM cities; CREATE INDEX i ON mine(country); \
                CREATE TRIGGER t AFTER DELETE ON mine BEGIN UPDATE mine SET country = 'gone'; END; \
                DELETE FROM mine WHERE name = 'Gent'; SELECT name, country FROM mine";
    assert_eq!(app.sql("acme", hint).rows(), json!([["Delft", "gone"]]), "the hint works");
    let detail = app.sql("acme", "SELECT * FROM main.nowhere").problem(400, "sql_error");
    assert!(!detail.contains("shared"), "{detail}");
}

#[test]
fn a_series_without_a_start_is_told_with_what_to_write() {
    let app = TestApp::start(&[]).ready();
    for (sql, offset) in [
        ("SELECT * FROM generate_series", 14),
        ("SELECT 1; SELECT value FROM Generate_Series()", 28),
        ("SELECT * FROM generate_series WHERE stop = 5", 14),
        ("SELECT generate_series(1, 3)", 7),
    ] {
        let reply = app.sql("acme", sql);
        let detail = reply.problem(400, "sql_error");
        assert!(detail.contains("generate_series(1, 10)"), "{sql}: {detail}");
        assert_eq!(reply.json()["offset"], offset, "{sql}: {detail}");
    }
    for hint in ["generate_series(1, 10)", "generate_series WHERE start = 1 AND stop = 10"] {
        let sql = format!("SELECT count(value) FROM {hint}");
        assert_eq!(app.sql("acme", &sql).rows(), json!([[10]]), "the hint works");
    }
}

#[test]
fn the_downloaded_database_is_the_tenants_own() {
    let app = TestApp::start(&[]).ready();
    assert_eq!(app.sql("acme", JOIN).status, 200);
    let reply = app.get("/v1/instance/image?tenant=acme");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &reply.body).expect("written");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags_and_vfs(file.path(), flags, "unix");
    let tables = "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema \
                  WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name)";
    let names: String =
        database.expect("opened").query_row(tables, [], |row| row.get(0)).expect("a row");
    assert_eq!(names, "alerts devices");
}

fn exactness(reply: &Reply) -> (Option<&str>, serde_json::Value) {
    (reply.header("litevisor-as-of-exact"), reply.json()["as_of_exact"].clone())
}

#[test]
fn a_dump_s_point_in_time_is_marked_as_not_exact() {
    let app = TestApp::start(&[]).ready();
    let reply = app.sql("acme", "SELECT count(*) FROM devices");
    assert_eq!(exactness(&reply), (Some("false"), json!(false)));
    let lines = app.post("acme", &json!({"sql": "SELECT 1", "format": "ndjson"})).text();
    assert!(lines.trim_end().ends_with(",\"as_of_exact\":false}"), "{lines}");
    let csv = app.post("acme", &json!({"sql": "SELECT 1", "format": "csv"}));
    assert_eq!(csv.header("litevisor-as-of-exact"), Some("false"));
}

#[test]
fn what_was_joined_is_as_of_the_oldest() {
    let mongod = Mongod::shared();
    let (database, tokio) = (mongod.database(), tokio::runtime::Runtime::new().expect("a runtime"));
    let insert = |collection: &str, document| {
        tokio.block_on(mongod.insert(&database, collection, &[document]));
    };
    insert("customers", doc! { "_id": "a" });
    insert("customers", doc! { "_id": "b" });
    for tenant in ["a", "b"] {
        let city = doc! { "city": "Delft" };
        insert("devices", doc! { "_id": tenant, "customerId": tenant, "location": city });
    }
    insert("cities", doc! { "_id": "Delft", "country": "NL" });
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("catalog.toml");
    std::fs::write(&file, CATALOG).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "mongodb")
        .flag("test", "source", "uri", mongod.uri())
        .flag("test", "source", "database", &*database)
        .flag("test", "catalog", "path", file.display().to_string());
    let app = TestApp::start_with(layers, Some(folder)).ready();
    assert_eq!(app.sql("a", JOIN).rows(), json!([["NL", 1]]));
    // A point in time is shown in seconds: the server must have got to another.
    let seconds = || {
        insert("ticks", doc! {});
        let hello = tokio.block_on(async {
            let admin = mongod.client().await.database("admin");
            admin.run_command(doc! { "hello": 1 }).await.expect("an answer")
        });
        hello.get_timestamp("operationTime").expect("a time").time
    };
    let before = seconds();
    poll("the server's next second", || seconds() > before);
    let own = app.sql("b", "SELECT count(*) FROM devices");
    assert_eq!(exactness(&own), (None, json!(null)));
    let joined = app.sql("b", JOIN);
    assert_eq!(joined.rows(), json!([["NL", 1]]));
    assert_eq!(exactness(&joined), (Some("false"), json!(false)), "two points in time");
    let as_of = |reply: &Reply| reply.header("litevisor-as-of").expect("a time").to_owned();
    assert!(as_of(&joined) < as_of(&own));
}
