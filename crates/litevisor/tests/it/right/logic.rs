//! Files in the manner of sqllogictest, through HTTP: `query`, the SQL of one request, `----`, and
//! its rows, cells joined by `|`.

use serde_json::Value;

use crate::harness::TestApp;

const FILES: [(&str, &str); 4] = [
    ("select", include_str!("logic/select.slt")),
    ("tables", include_str!("logic/tables.slt")),
    ("groups", include_str!("logic/groups.slt")),
    ("json", include_str!("logic/json.slt")),
];

/// The records of a file: the request's SQL and its expected lines.
fn records(text: &str) -> Vec<(String, Vec<String>)> {
    text.split("\nquery\n")
        .skip(1)
        .map(|record| {
            let (sql, rows) = record.split_once("\n----\n").expect("a record has ----");
            (
                sql.to_owned(),
                rows.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            )
        })
        .collect()
}

/// Whether a cell is what the file says; reals compare as numbers, since printers differ.
fn agrees(cell: &Value, expected: &str) -> bool {
    match cell {
        Value::Null => expected == "NULL",
        Value::String(text) if text.is_empty() => expected == "(empty)",
        Value::String(text) => expected == text,
        Value::Number(number) if number.is_f64() => {
            // A real is written as one: `3` is no answer where `3.0` is expected.
            expected.parse() == Ok(number.as_f64().unwrap_or(f64::NAN))
                && expected.parse::<i64>().is_err()
        }
        Value::Number(number) => expected == number.to_string(),
        Value::Object(blob) => {
            use base64::Engine as _;
            let bytes = blob.get("$blob").and_then(Value::as_str).unwrap_or("!");
            let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).expect("base64");
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            expected == format!("x'{hex}'")
        }
        Value::Bool(_) | Value::Array(_) => false,
    }
}

#[test]
fn the_files_answers_are_given() {
    let app = TestApp::start(&[]).ready();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (file, text) in FILES {
        for (sql, expected) in records(text) {
            count += 1;
            let reply = app.sql("acme", &sql);
            let answer = reply.json();
            let rows: Vec<&Vec<Value>> = answer["rows"]
                .as_array()
                .map(|rows| rows.iter().filter_map(Value::as_array).collect())
                .unwrap_or_default();
            let same = rows.len() == expected.len()
                && rows.iter().zip(&expected).all(|(row, line)| {
                    let cells: Vec<&str> = line.split('|').collect();
                    // A text that holds `|` is compared as a whole line.
                    cells.len() == row.len()
                        && row.iter().zip(cells).all(|(cell, text)| agrees(cell, text))
                        || row.len() == 1 && agrees(&row[0], line)
                });
            if !same {
                wrong.push(format!("{file}: {sql}\n  expected {expected:?}\n  got {answer}"));
            }
        }
    }
    assert!(count >= 60, "only {count} records were read");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
