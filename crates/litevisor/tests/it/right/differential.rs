//! Five thousand valid generated statements over generated catalogs and documents, through
//! `/v1/query`: cell for cell what the linked SQLite gives on the same rows in a plain `:memory:`
//! database. A failure shrinks, documents and statement.

use std::cell::Cell;

use litevisor::config::Layers;
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{
    Config, RngAlgorithm, TestCaseError, TestCaseResult, TestError, TestRng, TestRunner,
};
use serde_json::{Map, Value};
use tempfile::TempDir;
use testkit::sqlgen::{Dataset, Statement, dataset, statement};

use super::answers::{oracle, to_parameter};
use crate::harness::{TestApp, write_collection};

/// Statements that plain SQLite takes, and whose answers are compared.
const VALID: u32 = 5_000;
const STATEMENTS_PER_DATASET: u32 = 200;
/// Half of all statements may be invalid before the generator is called useless.
const DATASETS_MAX: u64 = 2 * (VALID / STATEMENTS_PER_DATASET) as u64;
/// Simpler statements tried in place of a failing one.
const SHRINKS_MAX: u32 = 4_096;

fn runner(number: u64) -> TestRunner {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    let config =
        Config { failure_persistence: None, max_shrink_iters: SHRINKS_MAX, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// The least dataset and statement found that fail `test` on what `open` makes of the dataset: rows
/// go while it fails without them, then the statement shrinks, then rows go again.
fn least<A>(
    runner: &mut TestRunner,
    mut data: Dataset,
    statement: impl ValueTree<Value = Statement>,
    open: impl Fn(&Dataset) -> A,
    test: impl Fn(&A, &Dataset, &Statement) -> TestCaseResult,
) -> (String, Dataset, Statement) {
    let fails = |data: &Dataset, statement: &Statement| test(&open(data), data, statement).is_err();
    let first = statement.current();
    assert!(fails(&data, &first), "it fails on a program of its own, too");
    drop_rows(&mut data, &|data| fails(data, &first));
    let app = open(&data);
    let shrunk = runner.run_one(statement, |statement| test(&app, &data, &statement));
    let Err(TestError::Fail(why, statement)) = shrunk else { panic!("it fails no more") };
    drop_rows(&mut data, &|data| fails(data, &statement));
    (why.to_string(), data, statement)
}

/// Takes rows out, many at once at first, as long as it `fails` without them.
fn drop_rows(data: &mut Dataset, fails: &impl Fn(&Dataset) -> bool) {
    for table in 0..data.tables.len() {
        let mut many = data.tables[table].rows.len();
        while many > 0 {
            let mut at = 0;
            while at < data.tables[table].rows.len() {
                let mut fewer = data.clone();
                let rows = &mut fewer.tables[table].rows;
                rows.drain(at..(at + many).min(rows.len()));
                if fails(&fewer) {
                    *data = fewer;
                } else {
                    at += many;
                }
            }
            many /= 2;
        }
    }
}

#[test]
fn generated_statements_answer_as_plain_sqlite_does() {
    let valid = Cell::new(0);
    let mut number = 0;
    while valid.get() < VALID {
        assert!(number < DATASETS_MAX, "only {} statements were valid", valid.get());
        let mut runner = runner(number);
        let data = dataset().new_tree(&mut runner).expect("a dataset").current();
        let app = serve(&data);
        for _ in 0..STATEMENTS_PER_DATASET {
            let tree = statement().new_tree(&mut runner).expect("a statement");
            if compare(&app, &data, &tree.current(), &valid).is_err() {
                let compare = |app: &TestApp, data: &Dataset, statement: &Statement| {
                    compare(app, data, statement, &valid)
                };
                let (why, data, _) = least(&mut runner, data, tree, serve, compare);
                let documents = data.documents("t");
                panic!("dataset {number}: {why}\n{}\n{documents:#?}", data.catalog_toml());
            }
        }
        number += 1;
    }
}

#[test]
fn a_failure_shrinks_documents_and_statement() {
    let rows = |data: &Dataset| data.tables.iter().map(|table| table.rows.len()).sum::<usize>();
    let test = |(): &(), data: &Dataset, statement: &Statement| {
        let joins = statement.render(data).sql.contains(" JOIN ");
        if joins && rows(data) > 2 { Err(TestCaseError::fail("planted")) } else { Ok(()) }
    };
    let mut runner = runner(1);
    let data = dataset().new_tree(&mut runner).expect("a dataset").current();
    assert!(rows(&data) > 30);
    let tree = loop {
        let tree = statement().new_tree(&mut runner).expect("a statement");
        if test(&(), &data, &tree.current()).is_err() {
            break tree;
        }
    };
    let before = tree.current().render(&data).sql.len();
    let (why, data, statement) = least(&mut runner, data, tree, |_| (), test);
    let sql = statement.render(&data).sql;
    assert_eq!((rows(&data), &*why), (3, "planted"), "{data:?}");
    assert!(sql.len() < before, "{sql}");
}

fn serve(data: &Dataset) -> TestApp {
    let folder = TempDir::new().expect("a folder");
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
