//! The decoy's values: nobody else's result holds one. The leak is played by a document of another
//! tenant that holds a value, since there is no other way to make one.

use std::io::{Read, Write};
use std::path::Path;

use bson::doc;
use litevisor::config::Layers;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{self, Ended};
use crate::harness::{CATALOG, TestApp, write_collection};

const FIRST: &str = "cnry-5d0c8a1e9f2b4c67";
const SECOND: &str = "cnry-e13f7a90b26d4855";

/// `leaky` has 5,000 devices of which the last but one holds a value; `clean` has one.
fn write_dump(folder: &Path) {
    let mut devices: Vec<_> = (0..5000)
        .map(|i| {
            let serial = if i == 4998 { format!("<{SECOND}>") } else { format!("S{i:0100}") };
            doc! { "_id": format!("l{i:04}"), "customerId": "leaky", "serial": serial, "pages": i }
        })
        .collect();
    devices.push(doc! { "_id": FIRST, "customerId": "decoy", "serial": SECOND });
    devices.push(doc! { "_id": "c", "customerId": "clean", "serial": "cnry-5d0c8a1e9f2b4c6" });
    write_collection(folder, "devices", &devices);
    write_collection(folder, "alerts", &[]);
    write_collection(folder, "cities", &[]);
    let customers = ["leaky", "decoy", "clean"].map(|id| doc! { "_id": id });
    write_collection(folder, "customers", &customers);
}

fn start() -> TestApp {
    let folder = TempDir::new().expect("a folder");
    write_dump(folder.path());
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, CATALOG).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "dump")
        .flag("test", "source", "path", folder.path().display().to_string())
        .flag("test", "catalog", "path", catalog.display().to_string())
        .flag("test", "canary", "tenant", "decoy")
        .flag("test", "canary", "values", format!("{FIRST},{SECOND}"));
    TestApp::start_with(layers, Some(folder)).ready()
}

fn seen(app: &TestApp, times: u32) {
    let line = format!("litevisor_canaries_seen_total {times}");
    let text = app.admin_get("/metrics").text();
    assert!(text.lines().any(|seen| seen == line), "{text}");
}

#[test]
fn the_decoy_sees_itself_and_others_see_their_own() {
    let app = start();
    let sql = "SELECT id, serial FROM devices";
    assert_eq!(app.sql("decoy", sql).rows(), json!([[FIRST, SECOND]]));
    assert_eq!(app.sql("clean", sql).rows(), json!([["c", "cnry-5d0c8a1e9f2b4c6"]]));
    let sql = "SELECT count(*), max(length(serial)) FROM devices";
    assert_eq!(app.sql("leaky", sql).rows(), json!([[5000, 101]]));
    seen(&app, 0);
}

#[test]
fn a_result_that_holds_one_is_an_internal_error() {
    let app = start();
    let within = [
        "SELECT serial FROM devices WHERE pages = 4998",
        "SELECT 1, CAST(serial AS BLOB) FROM devices WHERE pages = 4998",
        "SELECT json_object('a', serial) FROM devices WHERE pages = 4998",
        "SELECT group_concat(serial) FROM devices",
    ];
    for sql in within {
        let reply = app.sql("leaky", sql);
        reply.problem(500, "internal");
        assert!(!reply.text().contains("cnry"), "{}", reply.text());
    }
    seen(&app, 4);
    // What holds none goes on.
    assert_eq!(app.sql("leaky", "SELECT count(*) FROM devices").rows(), json!([[5000]]));
}

#[test]
fn a_stream_is_cut_and_its_connection_not_used_again() {
    let app = start();
    for format in ["json", "ndjson", "csv"] {
        let target =
            format!("/v1/query?tenant=leaky&sql=SELECT%20*%20FROM%20devices&format={format}");
        // It would keep the connection.
        let request = format!("GET {target} HTTP/1.1\r\nHost: t\r\n\r\n");
        let mut stream = client::connect(app.address);
        stream.write_all(request.as_bytes()).expect("sent");
        let reply = client::read_reply(&mut stream);
        assert_eq!(reply.status, 200, "the head was out");
        let text = reply.text();
        assert!(!text.contains("l4998") && !text.contains("cnry"), "{text:?}");
        // A CSV result can only break off, and what was on its way then may be lost.
        assert!(format == "csv" || text.contains("l4997"), "{text:?}");
        match format {
            "csv" => assert_eq!(reply.ended, Ended::Broken),
            "json" => assert_eq!(reply.json()["error"]["code"], "internal", "{text:?}"),
            _ => {
                let last: Value =
                    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
                assert_eq!(
                    (&last["complete"], &last["error"]["code"]),
                    (&json!(false), &json!("internal"))
                );
            }
        }
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), "the connection has ended");
    }
    seen(&app, 3);
    let image = app.get("/v1/instance/image?tenant=leaky");
    assert_eq!(image.ended, Ended::Broken, "an image is searched too");
    seen(&app, 4);
    assert_eq!(app.get("/v1/instance/image?tenant=decoy").ended, Ended::Whole);
    seen(&app, 4);
}
