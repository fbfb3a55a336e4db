//! Answers compared: a JSON result against SQLite's own values, cell for cell.

use rusqlite::types::{Value as SqlValue, ValueRef};
use serde_json::{Value, json};

/// Integers beyond this are strings in JSON.
const EXACT: i64 = 1 << 53;

/// A value as a parameter in JSON.
pub fn to_parameter(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(n) => json!(n),
        SqlValue::Real(n) => json!(n),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(bytes) => json!({ "$blob": base64(bytes) }),
    }
}

/// A value as a result must show it (INTERFACE §2, "Out again").
pub fn to_json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) if n.abs() <= EXACT && n != i64::MIN => json!(n),
        ValueRef::Integer(n) => json!(n.to_string()),
        ValueRef::Real(n) if n == f64::INFINITY => json!("Infinity"),
        ValueRef::Real(n) if n == f64::NEG_INFINITY => json!("-Infinity"),
        ValueRef::Real(n) => json!(n),
        ValueRef::Text(bytes) => json!(String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => json!({ "$blob": base64(bytes) }),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// All rows of the last statement of `sql`, as JSON, run by rusqlite with named parameters.
pub fn oracle(
    connection: &rusqlite::Connection,
    sql: &str,
    bound: &[SqlValue],
) -> rusqlite::Result<Vec<Vec<Value>>> {
    use rusqlite::fallible_iterator::FallibleIterator as _;
    let mut last = Vec::new();
    let mut batch = rusqlite::Batch::new(connection, sql);
    while let Some(mut statement) = batch.next()? {
        for n in 1..=statement.parameter_count() {
            let number =
                statement.parameter_name(n).and_then(|name| name[2..].parse::<usize>().ok());
            statement.raw_bind_parameter(n, &bound[number.expect("p and a number")])?;
        }
        last.clear();
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            last.push((0..width).map(|i| row.get_ref(i).map(to_json)).collect::<Result<_, _>>()?);
        }
    }
    Ok(last)
}
