//! The layers a setting's value may come from: file, environment, flags. Later ones win.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// The environment's prefix. Two underscores: Kubernetes injects `LITEVISOR_PORT` and the like for
/// a Service called litevisor, and those must not be ours.
const PREFIX: &str = "LITEVISOR__";

/// Where a setting's value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file, with its line.
    File {
        /// The file's path as it was given.
        path: String,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command line, or the command itself (`demo`).
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{path}:{line}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A value before its setting's type is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// A TOML string.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Bool(bool),
    /// A TOML list of strings.
    Texts(Vec<String>),
    /// Text of the environment or of a flag, which may mean any type.
    Untyped(String),
    /// A TOML value that no setting has: its kind's name.
    Other(&'static str),
}

/// Section and key.
pub(super) type Name = (String, String);

/// The layers merged: the last value said for each setting, and where.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    pub(super) values: BTreeMap<Name, (Raw, Origin)>,
    pub(super) errors: Vec<String>,
}

impl Layers {
    /// No values at all: every setting has its default.
    pub fn new() -> Self {
        Layers::default()
    }

    /// Adds a file's text.
    ///
    /// # Errors
    /// Text that is not TOML, with line and column.
    pub fn file(mut self, path: &str, text: &str) -> Result<Self, ConfigError> {
        let root = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let (line, column) = position(text, start);
            ConfigError(vec![format!("{path}:{line}:{column}: {}", error.message())])
        })?;
        for (section, value) in root.get_ref() {
            let line = position(text, section.span().start).0;
            let DeValue::Table(table) = value.get_ref() else {
                self.errors.push(format!(
                    "{path}:{line}: `{}` stands outside of every section; write it below its \
                     section's [header]",
                    section.get_ref()
                ));
                continue;
            };
            if table.is_empty() {
                self.values.insert(
                    (section.get_ref().to_string(), String::new()),
                    (Raw::Other("section"), Origin::File { path: path.to_owned(), line }),
                );
            }
            for (key, value) in table {
                let line = position(text, key.span().start).0;
                let origin = Origin::File { path: path.to_owned(), line };
                let name = (section.get_ref().to_string(), key.get_ref().to_string());
                self.values.insert(name, (raw(value.get_ref()), origin));
            }
        }
        Ok(self)
    }

    /// Adds those variables that begin with `LITEVISOR__`.
    #[must_use]
    pub fn environment(mut self, variables: impl Iterator<Item = (String, String)>) -> Self {
        for (variable, value) in variables {
            let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
            let origin = Origin::Environment(variable.clone());
            match rest.to_ascii_lowercase().split_once("__") {
                Some((section, key)) => {
                    let name = (section.to_owned(), key.to_owned());
                    self.values.insert(name, (Raw::Untyped(value), origin));
                }
                None => self.errors.push(format!(
                    "environment {variable}: a setting is written {PREFIX}SECTION__KEY"
                )),
            }
        }
        self
    }

    /// Adds one value given on the command line as `flag`.
    #[must_use]
    pub fn flag(mut self, flag: &str, section: &str, key: &str, value: impl Into<String>) -> Self {
        self.values.insert(
            (section.to_owned(), key.to_owned()),
            (Raw::Untyped(value.into()), Origin::Flag(flag.to_owned())),
        );
        self
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(integer) => {
            let digits = integer.as_str().replace('_', "");
            i64::from_str_radix(&digits, integer.radix())
                .map_or(Raw::Other("integer"), Raw::Integer)
        }
        DeValue::Boolean(flag) => Raw::Bool(*flag),
        DeValue::Float(_) => Raw::Other("float"),
        DeValue::Datetime(_) => Raw::Other("date"),
        DeValue::Array(values) => {
            let texts = values.iter().map(|value| match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            });
            texts.collect::<Option<_>>().map_or(Raw::Other("list"), Raw::Texts)
        }
        DeValue::Table(_) => Raw::Other("table"),
    }
}

/// Line and column of a byte offset, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
