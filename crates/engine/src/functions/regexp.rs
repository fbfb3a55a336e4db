//! `text REGEXP pattern`, in time linear in the text (crate `regex`).

use std::cell::RefCell;

use model::Cell;
use model::limits::{REGEX_CACHE_PATTERNS, REGEX_COMPILED_BYTES};
use regex::{Regex, RegexBuilder};

use super::context::Answer;

thread_local! {
    /// Compiled patterns, most recently used last. A statement mostly has one.
    static COMPILED: RefCell<Vec<Regex>> = const { RefCell::new(Vec::new()) };
}

/// SQLite calls `X REGEXP Y` as `regexp(Y, X)`. NULL where either is; numbers count as text.
pub(super) fn regexp(pattern: Cell<'_>, text: Cell<'_>) -> Answer {
    let (Some(pattern), Some(text)) = (as_text(pattern), as_text(text)) else {
        return Answer::Null;
    };
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(index) = compiled.iter().rposition(|regex| regex.as_str() == pattern) {
            let last = compiled.len() - 1;
            compiled.swap(index, last);
        } else {
            let built = RegexBuilder::new(&pattern)
                .size_limit(REGEX_COMPILED_BYTES)
                .dfa_size_limit(REGEX_COMPILED_BYTES)
                .build();
            match built {
                Err(error) => return Answer::Error(format!("regexp: {error}")),
                Ok(regex) => {
                    if compiled.len() >= REGEX_CACHE_PATTERNS {
                        compiled.remove(0);
                    }
                    compiled.push(regex);
                }
            }
        }
        let matches = compiled.last().is_some_and(|regex| regex.is_match(&text));
        Answer::Integer(i64::from(matches))
    })
}

fn as_text(cell: Cell<'_>) -> Option<std::borrow::Cow<'_, str>> {
    match cell {
        Cell::Null => None,
        Cell::Integer(value) => Some(value.to_string().into()),
        Cell::Real(value) => Some(value.to_string().into()),
        Cell::Text(text) => Some(text.into()),
        Cell::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
    }
}
