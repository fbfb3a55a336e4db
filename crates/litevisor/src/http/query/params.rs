//! A request's parameters: JSON values in a body, `p.NAME=` in a URL (INTERFACE §2, §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Params, Value};
use model::{Error, ErrorCode};
use serde_json::{Map, Value as Json};

/// Integers beyond this magnitude are not exact in every JSON reader: they are strings, both ways.
const EXACT: i64 = 1 << 53;

/// The parameters of a body: a list for `?1`, `?2`, or an object for `:NAME`.
pub(super) fn from_json(params: Option<Json>) -> Result<Params, Error> {
    match params {
        None | Some(Json::Null) => Ok(Params::None),
        Some(Json::Array(values)) => {
            let values = values.into_iter().enumerate().map(|(i, value)| {
                value_from_json(value).map_err(|why| invalid(format!("params[{i}] {why}")))
            });
            Ok(Params::Positional(values.collect::<Result<_, _>>()?))
        }
        Some(Json::Object(values)) => {
            let values = values.into_iter().map(|(name, value)| {
                let value = value_from_json(value)
                    .map_err(|why| invalid(format!("params.{name} {why}")))?;
                Ok((name, value))
            });
            Ok(Params::Named(values.collect::<Result<_, Error>>()?))
        }
        Some(_) => Err(invalid("params is a list or an object".to_owned())),
    }
}

fn value_from_json(value: Json) -> Result<Value, String> {
    Ok(match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Integer(i64::from(flag)),
        Json::Number(number) => {
            if let Some(integer) = number.as_i64() {
                Value::Integer(integer)
            } else if number.is_u64() {
                return Err("is an integer beyond 64 bits with sign; send it as text".to_owned());
            } else {
                Value::Real(number.as_f64().ok_or("is no number SQLite has")?)
            }
        }
        Json::String(text) => match large_integer(&text) {
            Some(integer) => Value::Integer(integer),
            None => Value::Text(text),
        },
        Json::Object(object) => value_from_object(object)?,
        Json::Array(_) => {
            return Err("is a list; send it as JSON text and read it with json_each()".to_owned());
        }
    })
}

fn value_from_object(object: Map<String, Json>) -> Result<Value, String> {
    let mut entries = object.into_iter();
    match (entries.next(), entries.next()) {
        (Some((key, Json::String(text))), None) if key == "$blob" => STANDARD
            .decode(text.as_bytes())
            .map(Value::Blob)
            .map_err(|_| "has a $blob that is not base64 (with padding)".to_owned()),
        (Some((key, Json::String(text))), None) if key == "$text" => Ok(Value::Text(text)),
        _ => {
            Err("is an object; only {\"$blob\": base64} and {\"$text\": string} are values, send \
                  others as JSON text"
                .to_owned())
        }
    }
}

/// The integer beyond 2^53 that `text` writes canonically: as results write them.
fn large_integer(text: &str) -> Option<i64> {
    if text.len() < 16 {
        return None;
    }
    canonical_integer(text).filter(|integer| integer.unsigned_abs() > EXACT.unsigned_abs())
}

fn canonical_integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|integer| integer.to_string() == text)
}

/// One `p.NAME=` of a URL: a number if it is a canonical one, that is, if nothing is lost by
/// reading it (`1.50` and `007` stay text).
pub(super) fn value_from_url(text: String, always_text: bool) -> Value {
    if always_text {
        return Value::Text(text);
    }
    if let Some(integer) = canonical_integer(&text) {
        return Value::Integer(integer);
    }
    let looks_real = text.contains(['.', 'e', 'E'])
        && text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if looks_real
        && let Ok(Json::Number(number)) = serde_json::from_str::<Json>(&text)
        && number.to_string() == text
        && let Some(real) = number.as_f64()
    {
        return Value::Real(real);
    }
    Value::Text(text)
}

/// Gathers the `p.NAME=` of a URL: all positional (`p.1`, `p.2`, …) or all named.
#[derive(Default)]
pub(crate) struct UrlParams {
    named: Vec<(String, Value)>,
    positional: Vec<(usize, Value)>,
}

impl UrlParams {
    /// Adds `p.{name}={text}`; `name` may end in `:text`.
    pub(crate) fn add(&mut self, name: &str, text: String) -> Result<(), Error> {
        let (name, always_text) = match name.strip_suffix(":text") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() {
            return Err(invalid("a parameter is written p.NAME= or p.1=".to_owned()));
        }
        if let Some((name, suffix)) = name.split_once(':') {
            return Err(invalid(format!(
                "p.{name}:{suffix}: `:text` is the only suffix; without it a number is a number: \
                 write p.{name}= or p.{name}:text="
            )));
        }
        let value = value_from_url(text, always_text);
        if name.bytes().all(|b| b.is_ascii_digit()) {
            let number = name.parse::<usize>().ok().filter(|n| *n > 0 && !name.starts_with('0'));
            let Some(number) = number else {
                return Err(invalid(format!("p.{name}: positions count from 1")));
            };
            if self.positional.iter().any(|(known, _)| *known == number) {
                return Err(invalid(format!("p.{name} is there more than once")));
            }
            self.positional.push((number, value));
        } else {
            if self.named.iter().any(|(known, _)| known == name) {
                return Err(invalid(format!("p.{name} is there more than once")));
            }
            self.named.push((name.to_owned(), value));
        }
        Ok(())
    }

    /// All of them.
    pub(crate) fn finish(mut self) -> Result<Params, Error> {
        match (self.named.is_empty(), self.positional.is_empty()) {
            (true, true) => Ok(Params::None),
            (false, true) => Ok(Params::Named(self.named)),
            (true, false) => {
                self.positional.sort_unstable_by_key(|(number, _)| *number);
                let gap = self.positional.iter().zip(1..).find(|((number, _), i)| number != i);
                match gap {
                    Some((_, missing)) => Err(invalid(format!("p.{missing} is missing"))),
                    None => Ok(Params::Positional(
                        self.positional.into_iter().map(|(_, value)| value).collect(),
                    )),
                }
            }
            (false, false) => Err(invalid(
                "parameters are either all named (p.NAME=) or all positional (p.1=)".to_owned(),
            )),
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_values() {
        let good = [
            (json!(null), Value::Null),
            (json!(true), Value::Integer(1)),
            (json!(5), Value::Integer(5)),
            (json!(-5.5), Value::Real(-5.5)),
            (json!(5.0), Value::Real(5.0)),
            (json!(i64::MIN), Value::Integer(i64::MIN)),
            (json!("5"), Value::Text("5".to_owned())),
            (json!("9007199254740992"), Value::Text("9007199254740992".to_owned())),
            (json!("9007199254740993"), Value::Integer(9_007_199_254_740_993)),
            (json!("-9223372036854775808"), Value::Integer(i64::MIN)),
            (json!("09007199254740993"), Value::Text("09007199254740993".to_owned())),
            (json!("9223372036854775808"), Value::Text("9223372036854775808".to_owned())),
            (json!({"$text": "9007199254740993"}), Value::Text("9007199254740993".to_owned())),
            (json!({"$blob": "AAH/"}), Value::Blob(vec![0, 1, 255])),
            (json!({"$blob": ""}), Value::Blob(vec![])),
        ];
        for (json, value) in good {
            assert_eq!(value_from_json(json.clone()), Ok(value), "{json}");
        }
        for json in [
            json!([1]),
            json!({}),
            json!({"a": 1}),
            json!({"$blob": "?"}),
            json!({"$blob": 5}),
            json!({"$blob": "AA==", "x": 1}),
            json!(u64::MAX),
        ] {
            assert!(value_from_json(json.clone()).is_err(), "{json}");
        }
    }

    #[test]
    fn url_values_are_numbers_only_if_nothing_is_lost() {
        let text = |t: &str| Value::Text(t.to_owned());
        let cases = [
            ("5", Value::Integer(5)),
            ("-5", Value::Integer(-5)),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            ("9223372036854775808", text("9223372036854775808")),
            ("1.5", Value::Real(1.5)),
            ("1.0", Value::Real(1.0)),
            ("1.50", text("1.50")),
            ("007", text("007")),
            ("+5", text("+5")),
            ("-0", text("-0")),
            ("1e400", text("1e400")),
            ("", text("")),
            ("true", text("true")),
            ("\"5\"", text("\"5\"")),
            (" 5", text(" 5")),
        ];
        for (raw, value) in cases {
            assert_eq!(value_from_url(raw.to_owned(), false), value, "{raw}");
            assert_eq!(value_from_url(raw.to_owned(), true), text(raw));
        }
    }

    #[test]
    fn url_positions() {
        let gather = |names: &[&str]| {
            let mut params = UrlParams::default();
            for name in names {
                params.add(name, "1".to_owned())?;
            }
            params.finish()
        };
        assert_eq!(gather(&[]), Ok(Params::None));
        assert_eq!(
            gather(&["2:text", "1"]),
            Ok(Params::Positional(vec![Value::Integer(1), Value::Text("1".to_owned())]))
        );
        assert!(matches!(gather(&["a", "b:text"]), Ok(Params::Named(named)) if named.len() == 2));
        for bad in [&["1", "3"][..], &["0"], &["01"], &["1", "a"], &["a", "a"], &["1", "1"], &[""]]
        {
            assert!(gather(bad).is_err(), "{bad:?}");
        }
    }
}
