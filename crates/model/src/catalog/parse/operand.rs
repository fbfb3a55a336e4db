//! A filter as written, in TOML or in JSON inside a string, as one tree with positions.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::DeValue;

use super::reader::{CatalogError, Node, error_at};
use crate::Timestamp;

/// One operand, its key and its place.
pub(super) struct Operand<'a> {
    pub(super) tree: Tree<'a>,
    pub(super) key: String,
    text: &'a str,
    offset: usize,
}

/// What an operand is.
pub(super) enum Tree<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Date(Timestamp),
    List(Vec<Operand<'a>>),
    Fields(Vec<(String, Operand<'a>)>),
}

impl<'a> Operand<'a> {
    /// An error that points at this operand.
    pub(super) fn error(&self, message: impl Into<String>) -> CatalogError {
        error_at(self.text, self.offset, &self.key, message)
    }

    /// The operand that `node` holds; a string is JSON text.
    pub(super) fn of_filter(node: &Node<'a>) -> Result<Self, CatalogError> {
        match node.value().as_str() {
            Some(json) => {
                let parsed: Json = serde_json::from_str(json)
                    .map_err(|error| node.error(format!("this string is not JSON: {error}")))?;
                Self::from_json(parsed, node.key().to_owned(), node.place())
            }
            None => Self::from_toml(node.value(), node.key().to_owned(), node.place()),
        }
    }

    fn from_toml(
        value: &'a DeValue<'a>,
        key: String,
        (text, offset): (&'a str, usize),
    ) -> Result<Self, CatalogError> {
        let fault = |message: &str| Err(error_at(text, offset, &key, message));
        let tree = match value {
            DeValue::String(string) => Tree::Text(string.to_string()),
            DeValue::Boolean(boolean) => Tree::Bool(*boolean),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(integer) => Tree::Integer(integer),
                    Err(_) => return fault("a whole number has at most 64 bits"),
                }
            }
            DeValue::Float(float) => match float.as_str().parse::<f64>() {
                Ok(real) if real.is_finite() => Tree::Real(real),
                _ => return fault("a filter compares with finite numbers only"),
            },
            DeValue::Datetime(datetime) => match Timestamp::parse(&datetime.to_string()) {
                Some(timestamp) => Tree::Date(timestamp),
                None => return fault("a date needs an offset, such as 2026-01-31T00:00:00Z"),
            },
            DeValue::Array(array) => {
                let element = |(i, value): (usize, &'a toml::Spanned<DeValue<'a>>)| {
                    let place = (text, value.span().start);
                    Self::from_toml(value.get_ref(), format!("{key}[{i}]"), place)
                };
                Tree::List(array.iter().enumerate().map(element).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                let mut fields = Vec::with_capacity(table.len());
                for (name, value) in table {
                    let (name, place) = (name.get_ref().to_string(), (text, name.span().start));
                    let field = Self::from_toml(value.get_ref(), format!("{key}.{name}"), place)?;
                    fields.push((name, field));
                }
                Tree::Fields(fields)
            }
        };
        Ok(Operand { tree, key, text, offset })
    }

    fn from_json(
        json: Json,
        key: String,
        (text, offset): (&'a str, usize),
    ) -> Result<Self, CatalogError> {
        let tree = match json {
            Json::Null => Tree::Null,
            Json::Bool(boolean) => Tree::Bool(boolean),
            Json::Integer(integer) => Tree::Integer(integer),
            Json::Real(real) => Tree::Real(real),
            Json::Text(string) => Tree::Text(string),
            Json::List(list) => {
                let element =
                    |(i, json)| Self::from_json(json, format!("{key}[{i}]"), (text, offset));
                Tree::List(list.into_iter().enumerate().map(element).collect::<Result<_, _>>()?)
            }
            Json::Fields(json_fields) => {
                let mut fields: Vec<(String, Operand<'a>)> = Vec::with_capacity(json_fields.len());
                for (name, json) in json_fields {
                    let key = format!("{key}.{name}");
                    if fields.iter().any(|(other, _)| *other == name) {
                        return Err(error_at(text, offset, &key, "this key stands here twice"));
                    }
                    fields.push((name, Self::from_json(json, key, (text, offset))?));
                }
                Tree::Fields(fields)
            }
        };
        Ok(Operand { tree, key, text, offset })
    }
}

/// JSON that keeps the order of keys and the keys that repeat.
enum Json {
    Null,
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    List(Vec<Json>),
    Fields(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Json, E> {
        i64::try_from(value)
            .map(Json::Integer)
            .map_err(|_| E::custom("a whole number has at most 64 bits"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Real(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Json::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Fields(fields))
    }
}
