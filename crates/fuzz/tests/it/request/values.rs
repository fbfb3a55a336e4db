//! A parameter's way there and back: `SELECT ?1` gives what was sent.

use serde_json::{Value, json};

use super::is_an_answer;
use super::served::{Reply, Served};

/// Integers beyond it travel as strings.
const EXACT: u64 = 1 << 53;

/// `value`, which should be JSON, in a list of parameters.
pub(super) fn in_a_body(served: &mut Served, value: &[u8]) {
    let sql = br#"{"sql":"SELECT typeof(?1), ?1","params":["#;
    let body = [sql, value, b"]}"].concat();
    let head = [&b"POST /v1/query?tenant=tiny"[..], b"Content-Type: application/json"];
    let reply = served.send(&head, &body);
    is_an_answer(&reply);
    // What is no JSON by itself may still be some within the list.
    let Ok(sent) = serde_json::from_slice::<Value>(value) else { return };
    match expected(&sent, value) {
        Some((kind, value)) => {
            let row = row(&reply);
            assert_eq!(row[0], kind, "{sent}: {row}");
            assert!(same(&row[1], &value), "{sent}: {row}, not {value}");
        }
        None => assert_eq!(reply.status, 400, "{sent} is no value"),
    }
}

/// `text` as `p.1=` of a URL, percent-encoded: a number only if nothing is lost by it.
pub(super) fn in_a_url(served: &mut Served, text: &[u8]) {
    let encoded: String = text.iter().map(|byte| format!("%{byte:02X}")).collect();
    for suffix in ["", ":text"] {
        let target = format!("GET /v1/query?tenant=tiny&sql=SELECT%20?1&p.1{suffix}={encoded}");
        let reply = served.send(&[target.as_bytes()], b"");
        is_an_answer(&reply);
        let Ok(text) = std::str::from_utf8(text) else {
            assert_eq!(reply.status, 400, "{text:?} is no text");
            continue;
        };
        match &row(&reply)[0] {
            Value::String(back) => assert_eq!(back, text),
            Value::Number(back) => {
                assert!(suffix.is_empty() && back.to_string() == text, "{text} came back as {back}")
            }
            other => panic!("{text} came back as {other}"),
        }
    }
}

fn row(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{:?}", String::from_utf8_lossy(&reply.body));
    let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
    body["rows"][0].clone()
}

/// SQLite's type and what comes back; `None` for what is no value. (INTERFACE's section 2.)
fn expected(sent: &Value, raw: &[u8]) -> Option<(&'static str, Value)> {
    let text = |text: &str| Some(("text", Value::from(text)));
    match sent {
        Value::Null => Some(("null", Value::Null)),
        Value::Bool(flag) => Some(("integer", u8::from(*flag).into())),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) if integer.unsigned_abs() > EXACT => {
                Some(("integer", integer.to_string().into()))
            }
            (Some(integer), _) => Some(("integer", integer.into())),
            // As SQL has it, this is the integer 0.
            (None, _) if raw.trim_ascii() == b"-0" => Some(("integer", 0.into())),
            (None, _) if number.is_u64() => None,
            (None, real) => Some(("real", json!(real))),
        },
        Value::String(string) => {
            let integer = string.parse::<i64>().ok().filter(|i| i.to_string() == *string);
            match integer.filter(|integer| integer.unsigned_abs() > EXACT) {
                Some(_) => Some(("integer", string.as_str().into())),
                None => text(string),
            }
        }
        Value::Object(object) if object.len() == 1 => match object.iter().next() {
            Some((key, Value::String(string))) if key == "$text" => text(string),
            Some((key, Value::String(string))) if key == "$blob" && is_base64(string) => {
                Some(("blob", sent.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Reals by their value: `5.0` and `5` are one.
fn same(back: &Value, sent: &Value) -> bool {
    match (back.as_f64(), sent.as_f64()) {
        (Some(back), Some(sent)) => back.to_bits() == sent.to_bits(),
        _ => back == sent,
    }
}

/// Of the standard alphabet, with padding, and without bits that mean nothing.
fn is_base64(text: &str) -> bool {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let number = |digit: u8| DIGITS.iter().position(|known| *known == digit);
    let last = digits.bytes().last().and_then(number).unwrap_or(0);
    digits.bytes().all(|digit| number(digit).is_some())
        && text.len().is_multiple_of(4)
        && match padding {
            0 => true,
            1 => last.is_multiple_of(4),
            2 => last.is_multiple_of(16),
            _ => false,
        }
}
