//! Five thousand generated statements over generated catalogs and documents, through
//! `/v1/query`: cell for cell what the linked SQLite gives on the same rows in a plain `:memory:`
//! database. A failure shrinks.

use std::cell::Cell;

use litevisor::config::Layers;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestRng, TestRunner,
};
use serde_json::{Map, Value};
use tempfile::TempDir;
use testkit::sqlgen::{Dataset, Statement, dataset, statement};

use super::answers::{oracle, to_parameter};
use crate::harness::{TestApp, write_collection};

const DATASETS: u64 = 25;
const STATEMENTS: u32 = 200;
/// At least this share of the statements must be valid SQL, or the comparison says little.
const VALID_MIN: u32 = 80;

#[test]
fn generated_statements_answer_as_plain_sqlite_does() {
    let valid = Cell::new(0);
    for number in 0..DATASETS {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let config = Config { cases: STATEMENTS, failure_persistence: None, ..Config::default() };
        let mut runner =
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let data = dataset().new_tree(&mut runner).expect("a dataset").current();
        let folder = TempDir::new().expect("a folder");
        let app = serve(&data, folder);
        let outcome =
            runner.run(&statement(), |statement| compare(&app, &data, &statement, &valid));
        if let Err(error) = outcome {
            panic!("dataset {number}: {error}\n{}", data.catalog_toml());
        }
    }
    let all = u32::try_from(DATASETS).expect("few") * STATEMENTS;
    assert!(
        valid.get() * 100 >= all * VALID_MIN,
        "only {} of {all} statements were valid",
        valid.get()
    );
}

fn serve(data: &Dataset, folder: TempDir) -> TestApp {
    for (collection, documents) in data.documents("t") {
        write_collection(folder.path(), &collection, &documents);
    }
    let catalog = folder.path().join("catalog.toml");
    std::fs::write(&catalog, data.catalog_toml()).expect("written");
    let layers = Layers::new()
        .flag("test", "source", "kind", "dump")
        .flag("test", "source", "path", folder.path().display().to_string())
        .flag("test", "catalog", "path", catalog.display().to_string());
    TestApp::start_with(layers, Some(folder)).ready()
}

fn compare(
    app: &TestApp,
    data: &Dataset,
    statement: &Statement,
    valid: &Cell<u32>,
) -> TestCaseResult {
    let request = statement.render(data);
    let plain = rusqlite::Connection::open_in_memory().expect("opened");
    data.fill(&plain).expect("filled");
    let expected = oracle(&plain, &request.sql, &request.bound);
    let params: Map<String, Value> = request
        .bound
        .iter()
        .enumerate()
        .map(|(n, value)| (format!("p{n}"), to_parameter(value)))
        .collect();
    let reply = app.post("t", &serde_json::json!({ "sql": request.sql, "params": params }));
    let fail = |what: String| {
        Err(TestCaseError::fail(format!("{what}\n{}\n{:?}", request.sql, request.bound)))
    };
    match expected {
        Ok(rows) => {
            valid.set(valid.get() + 1);
            let answer = reply.json();
            if reply.status != 200 || answer["complete"] != true {
                return fail(format!("plain SQLite gives {} rows, we give {answer}", rows.len()));
            }
            if answer["rows"] != serde_json::json!(rows) {
                return fail(format!("plain SQLite gives {rows:?}, we give {}", answer["rows"]));
            }
        }
        // Both refuse: that the codes agree is enough, since ours adds advice to the message. An
        // error after the first rows comes inside the result.
        Err(error) => {
            let code = reply.json()["code"].as_str().map(str::to_owned);
            let code = code.or_else(|| reply.json()["error"]["code"].as_str().map(str::to_owned));
            if code.as_deref() != Some("sql_error") {
                return fail(format!("plain SQLite says {error}, we say {}", reply.json()));
            }
        }
    }
    Ok(())
}
