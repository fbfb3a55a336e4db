//! The body of `POST /v1/query`: its keys and their types, refused in the words of who wrote it.

use model::Error;
use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{distinct_json, invalid};

/// What to ask.
#[derive(Debug, ToSchema)]
pub(crate) struct QueryBody {
    /// One or more statements; the result is the last one's. They share one private scratch.
    pub(super) sql: String,
    /// A list for `?1`, an object for `:NAME`, `@NAME`, `$NAME`. Integers beyond 2^53 as strings,
    /// blobs as `{"$blob": base64}`, text that must stay text as `{"$text": string}`.
    #[schema(value_type = Option<Object>)]
    pub(super) params: Option<Json>,
    /// `json`, `ndjson` or `csv`; without it `Accept` decides.
    pub(super) format: Option<String>,
    /// For queue and execution together; only lower than the service's own.
    pub(super) timeout_ms: Option<u64>,
    /// At most so many rows: a wanted cut.
    pub(super) max_rows: Option<u64>,
    /// The oldest data that will do, such as `5m`: waits for a refresh where they are older.
    pub(super) max_age: Option<String>,
    /// `interactive` (the default), or `report` for what nobody waits for.
    pub(super) lane: Option<String>,
}

/// The same with values of any type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    sql: Option<Json>,
    #[serde(default, deserialize_with = "distinct_json::deserialize")]
    params: Option<Json>,
    #[serde(default)]
    format: Option<Json>,
    #[serde(default)]
    timeout_ms: Option<Json>,
    #[serde(default)]
    max_rows: Option<Json>,
    #[serde(default)]
    max_age: Option<Json>,
    #[serde(default)]
    lane: Option<Json>,
}

/// Reads a body.
///
/// # Errors
/// `request_invalid`, naming the key or the place.
pub(super) fn read(bytes: &[u8]) -> Result<QueryBody, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        invalid(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    // A list would be taken as the keys' values in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(invalid(
            "the body is a JSON object, such as {\"sql\": \"SELECT 1\"}".to_owned(),
        ));
    }
    let unsigned = without_negative_zeros(text);
    let keys: Keys = serde_json::from_str(unsigned.as_deref().unwrap_or(text))
        .map_err(|error| invalid(format!("the body is not as it should be: {error}")))?;
    let Some(sql) = string("sql", keys.sql)? else {
        return Err(invalid("there is no SQL: the body needs the key `sql`, a string".to_owned()));
    };
    Ok(QueryBody {
        sql,
        params: keys.params,
        format: string("format", keys.format)?,
        timeout_ms: whole_number("timeout_ms", keys.timeout_ms)?,
        max_rows: whole_number("max_rows", keys.max_rows)?,
        max_age: string("max_age", keys.max_age)?,
        lane: string("lane", keys.lane)?,
    })
}

fn string(key: &str, value: Option<Json>) -> Result<Option<String>, Error> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(invalid(format!("{key} is a string, not {}", named(&other)))),
    }
}

fn whole_number(key: &str, value: Option<Json>) -> Result<Option<u64>, Error> {
    match value {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| {
            invalid(format!("{key} is a whole number from 0 on, not {}", named(&value)))
        }),
    }
}

/// A value as an error names it.
fn named(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(_) => "a string".to_owned(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// `text` with ` 0` for each number `-0`, if there is any: as SQL has it, the integer 0, which the
/// JSON library reads as the real -0.0. The length stays, and so do the places that errors name.
fn without_negative_zeros(text: &str) -> Option<String> {
    if !text.contains("-0") {
        return None;
    }
    let (bytes, mut places) = (text.as_bytes(), Vec::new());
    let (mut in_string, mut at) = (false, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'-' if !in_string && bytes.get(at + 1) == Some(&b'0') => {
                // `1e-0` is another number, and so is `-0.5`.
                let joined = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
                let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                if !before.is_some_and(joined) && !bytes.get(at + 2).is_some_and(joined) {
                    places.push(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    let mut text = text.to_owned();
    for at in places.iter().copied() {
        text.replace_range(at..=at, " ");
    }
    (!places.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::without_negative_zeros;

    #[test]
    fn only_whole_negative_zeros_change() {
        let cases = [
            (r#"{"params":[-0]}"#, Some(r#"{"params":[ 0]}"#)),
            (r#"{"a":-0,"b": -0 }"#, Some(r#"{"a": 0,"b":  0 }"#)),
            (r#"[-0.0, -0.5, -0e1, 1e-0, 1E-05, -01]"#, None),
            (r#"{"-0":"\"-0,-0","b":"\\"}"#, None),
            (r#"{"-0":"\"-0","b":"\\","c":[ -0]}"#, Some(r#"{"-0":"\"-0","b":"\\","c":[  0]}"#)),
            (r#"[1]"#, None),
            ("-0", Some(" 0")),
            ("[\"ü\",-0", Some("[\"ü\", 0")),
        ];
        for (text, wanted) in cases {
            assert_eq!(without_negative_zeros(text).as_deref(), wanted, "{text}");
        }
    }
}
