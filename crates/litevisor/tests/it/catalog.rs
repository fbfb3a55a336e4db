//! `litevisor catalog infer` and `litevisor catalog check`, as processes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use bson::{Bson, Document, doc};
use tempfile::TempDir;

use crate::harness::write_collection;

/// Documents at both ends of a collection that a sample looks at, and some between that it skips.
const PAST_THE_SAMPLE: i32 = 1_200;

fn litevisor(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_litevisor"));
    command.arg("catalog").args(args).current_dir(folder).output().expect("run")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a dump of these devices and a configuration that names `catalog.toml`.
fn folder(devices: &[Document]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("dump")).expect("made");
    write_collection(&folder.path().join("dump"), "devices", devices);
    configure(folder.path(), "[catalog]\npath = \"catalog.toml\"\n");
    folder
}

fn configure(folder: &Path, catalog: &str) {
    let config = format!("[source]\nkind = \"dump\"\npath = \"dump\"\n{catalog}");
    fs::write(folder.join("litevisor.toml"), config).expect("written");
}

fn device(n: i32) -> Document {
    doc! { "_id": format!("d{n:05}"), "customerId": format!("c{}", n % 3), "serial": format!("S{n}") }
}

fn devices() -> Vec<Document> {
    let mut devices: Vec<Document> = (0..PAST_THE_SAMPLE).map(device).collect();
    devices[600].insert("recalledAt", bson::DateTime::from_millis(0));
    devices
}

#[test]
fn infer_prints_a_catalog_or_writes_a_new_file() {
    let folder = folder(&devices());
    configure(folder.path(), "");
    let printed = litevisor(folder.path(), &["infer"]);
    assert_eq!(printed.status.code(), Some(0), "{}", err(&printed));
    let toml = out(&printed);
    let catalog = model::Catalog::parse(&toml).expect("a catalog");
    assert_eq!(catalog.tables[0].name, "devices");
    assert!(err(&printed).contains("tenant key: customerId"), "{}", err(&printed));
    assert!(!toml.contains("recalledAt"), "the sample does not reach it:\n{toml}");

    let written = litevisor(folder.path(), &["infer", "--full", "--out", "catalog.toml"]);
    assert_eq!((written.status.code(), out(&written)), (Some(0), String::new()));
    assert!(err(&written).contains("wrote 1 tables to catalog.toml"), "{}", err(&written));
    let file = fs::read_to_string(folder.path().join("catalog.toml")).expect("written");
    assert!(file.contains("recalledAt"), "--full looks at all documents:\n{file}");

    let again = litevisor(folder.path(), &["infer", "--out", "catalog.toml"]);
    assert_eq!((again.status.code(), out(&again)), (Some(2), String::new()));
    assert!(err(&again).contains("catalog.toml exists already"), "{}", err(&again));
    let kept = fs::read_to_string(folder.path().join("catalog.toml")).expect("there");
    assert_eq!(kept, file);
}

#[test]
fn infer_ends_with_two_or_one_where_it_cannot() {
    let folder = folder(&devices());
    configure(folder.path(), "");
    let wrong = litevisor(folder.path(), &["infer", "--tenant-key", "a..b"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("--tenant-key a..b: write a.b.c"), "{}", err(&wrong));
    let nowhere = litevisor(folder.path(), &["infer", "--out", "no/such/folder.toml"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(err(&nowhere).contains("cannot write no/such/folder.toml"), "{}", err(&nowhere));
}

#[test]
fn check_ends_with_zero_one_or_two() {
    let folder = folder(&devices());
    let none = litevisor(folder.path(), &["check", "--config", "litevisor.toml"]);
    assert_eq!(none.status.code(), Some(2), "the file that [catalog] names is not there");
    let inferred = litevisor(folder.path(), &["infer", "--full", "--out", "full.toml"]);
    // The configuration names a catalog that is not there: no matter for inference.
    assert_eq!(inferred.status.code(), Some(0), "{}", err(&inferred));
    configure(folder.path(), "[catalog]\npath = \"full.toml\"\n");
    let whole = litevisor(folder.path(), &["check", "--full"]);
    assert_eq!((whole.status.code(), &*out(&whole)), (Some(0), "no drift in 1200 documents\n"));
    let sampled = litevisor(folder.path(), &["check"]);
    assert_eq!(sampled.status.code(), Some(1));
    assert!(out(&sampled).contains("field never seen"), "{}", out(&sampled));
    assert!(out(&sampled).contains("1 finding in 1000 documents"), "{}", out(&sampled));
    configure(folder.path(), "");
    let undeclared = litevisor(folder.path(), &["check"]);
    assert_eq!((undeclared.status.code(), out(&undeclared)), (Some(2), String::new()));
    assert!(err(&undeclared).contains("set [catalog] path"), "{}", err(&undeclared));
}

/// The block of `docs/catalog.md` under "Drift" is what the program prints.
#[test]
fn the_page_on_drift_shows_what_is_printed() {
    let mut devices: Vec<Document> = (0..60_i32)
        .map(|n| {
            let supplies: Vec<Bson> =
                (0..n % 5).map(|i| doc! { "color": "black", "level": i }.into()).collect();
            let mut device = device(n);
            device.remove("serial");
            device.extend(doc! { "serialNumber": "S", "price": 9.5, "supplies": supplies });
            device
        })
        .collect();
    devices[2].insert("customerId", 5);
    devices[3].insert("price", "cheap");
    devices[4].insert("supplies", vec![doc! { "color": "cyan", "level": 1, "vendor": "x" }]);
    let folder = folder(&devices);
    let catalog = r#"
tenant_key = "customerId"
[[tables]]
name = "devices"
collection = "devices"
columns = [
  { name = "id", path = "_id", as = "text" },
  { name = "serial", path = "serial", as = "text" },
  { name = "price", path = "price", as = "real" },
]
[[tables]]
name = "device_supplies"
collection = "devices"
unwind = "supplies"
columns = [
  { name = "color", path = "supplies.color", as = "text" },
  { name = "level", path = "supplies.level", as = "integer" },
]
[[tables]]
name = "alerts"
collection = "alerts"
columns = [{ name = "id", path = "_id", as = "text" }]
"#;
    fs::write(folder.path().join("catalog.toml"), catalog).expect("written");
    write_collection(&folder.path().join("dump"), "drafts", &[doc! { "_id": 1 }]);
    let output = litevisor(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let page = include_str!("../../../../docs/catalog.md");
    let section = page.split_once("\n## Drift\n").expect("its section").1;
    let block = section.split_once("```text\n").and_then(|(_, rest)| rest.split_once("```"));
    let shown = block.expect("its block").0;
    assert!(
        shown == out(&output),
        "docs/catalog.md shows\n{shown}\nand printed is\n{}",
        out(&output)
    );
}
