//! Reading TOML with positions: a [`Node`] knows its value, its key as a person would write it and
//! where in the file it stands, so that every complaint can name all three.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::catalog::render::quote;

/// What is wrong with a catalog, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key, like `tables[2].columns[1].as` (list positions from 0); empty for a fault of TOML.
    pub key: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, ", {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for CatalogError {}

/// An error at byte `offset` of `text`.
pub(super) fn error_at(
    text: &str,
    offset: usize,
    key: &str,
    message: impl Into<String>,
) -> CatalogError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let message = shown_on_a_line(&message.into());
    CatalogError {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        key: key.to_owned(),
        message,
    }
}

/// A message quotes what the file has, which may be line ends and worse.
fn shown_on_a_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// A value of the file.
#[derive(Clone)]
pub(super) struct Node<'a> {
    text: &'a str,
    value: &'a DeValue<'a>,
    span: Range<usize>,
    key: String,
}

/// A table of the file whose keys are all known ones.
pub(super) struct Fields<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    key: String,
}

/// The file's top table, as TOML has parsed it.
pub(super) fn top<'a>(
    text: &'a str,
    parsed: &'a Spanned<DeTable<'a>>,
    known: &[&str],
) -> Result<Fields<'a>, CatalogError> {
    Fields { text, table: parsed.get_ref(), span: 0..0, key: String::new() }.checked(known)
}

/// Parses the TOML of a file.
pub(super) fn parse_toml(text: &str) -> Result<Spanned<DeTable<'_>>, CatalogError> {
    DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        error_at(text, offset, "", format!("this is not TOML: {}", error.message()))
    })
}

impl<'a> Node<'a> {
    /// An error that points at this value.
    pub(super) fn error(&self, message: impl Into<String>) -> CatalogError {
        error_at(self.text, self.span.start, &self.key, message)
    }

    /// The value itself.
    pub(super) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    /// The key, like `tables[2].name`.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Where it starts, in bytes, and the file it stands in.
    pub(super) fn place(&self) -> (&'a str, usize) {
        (self.text, self.span.start)
    }

    fn expected(&self, what: &str) -> CatalogError {
        self.error(format!("expected {what}, found {}", self.value.type_str()))
    }

    /// A string.
    pub(super) fn string(&self) -> Result<&'a str, CatalogError> {
        self.value.as_str().ok_or_else(|| self.expected("a string in quotes"))
    }

    /// true or false.
    pub(super) fn boolean(&self) -> Result<bool, CatalogError> {
        self.value.as_bool().ok_or_else(|| self.expected("true or false"))
    }

    /// The elements of a list.
    pub(super) fn list(&self, of_what: &str) -> Result<Vec<Node<'a>>, CatalogError> {
        let array =
            self.value.as_array().ok_or_else(|| self.expected(&format!("a list of {of_what}")))?;
        let element = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| Node {
            text: self.text,
            value: value.get_ref(),
            span: value.span(),
            key: format!("{}[{i}]", self.key),
        };
        Ok(array.iter().enumerate().map(element).collect())
    }

    /// A table, all of whose keys are among `known`.
    pub(super) fn fields(&self, known: &[&str]) -> Result<Fields<'a>, CatalogError> {
        let table = self
            .value
            .as_table()
            .ok_or_else(|| self.expected(&format!("a table with {}", known.join(", "))))?;
        Fields { text: self.text, table, span: self.span.clone(), key: self.key.clone() }
            .checked(known)
    }
}

impl<'a> Fields<'a> {
    fn checked(self, known: &[&str]) -> Result<Self, CatalogError> {
        for (name, _) in self.table {
            if !known.contains(&name.get_ref().as_ref()) {
                let remedy = match nearest(name.get_ref(), known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                let key = self.key_of(name.get_ref());
                let message = format!("unknown key; {remedy}");
                return Err(error_at(self.text, name.span().start, &key, message));
            }
        }
        Ok(self)
    }

    fn key_of(&self, name: &str) -> String {
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        // A key is named as TOML writes it: `""` is one, and so is one with dots in it.
        let name =
            &if name.is_empty() || !name.chars().all(bare) { quote(name) } else { name.to_owned() };
        if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) }
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.table.get(name)?;
        let (text, key) = (self.text, self.key_of(name));
        Some(Node { text, value: value.get_ref(), span: value.span(), key })
    }

    /// The value of a key that must be there; `remedy` says what to write.
    pub(super) fn required(&self, name: &str, remedy: &str) -> Result<Node<'a>, CatalogError> {
        self.get(name).ok_or_else(|| {
            error_at(self.text, self.span.start, &self.key_of(name), format!("missing: {remedy}"))
        })
    }
}

/// The candidate that `word` is most likely a misspelling of.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| *edits <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's edit distance, with one row of memory.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
