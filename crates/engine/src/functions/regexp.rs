//! `text REGEXP pattern`, in time linear in the text (crate `regex`).

use std::cell::RefCell;

use model::Cell;
use model::limits::{
    DEADLINE_LOOK_ALLOCATIONS, REGEX_CACHE_PATTERNS, REGEX_COMPILED_BYTES, REGEX_SHORT_BYTES,
    REGEX_WORK, REGEX_WORK_OF_A_STEP,
};
use regex::{Regex, RegexBuilder};

use super::context::Answer;
use super::walk::Walk;
use crate::overdue::{self, Ended};

thread_local! {
    /// Compiled patterns, most recently used last. A statement mostly has one.
    static COMPILED: RefCell<Vec<Compiled>> = const { RefCell::new(Vec::new()) };
}

/// Nobody sees it: the run ends with the error of its deadline.
const OVER: &str = "regexp: the time is over";

/// A pattern, for short texts and for long ones.
struct Compiled {
    regex: Regex,
    /// Once a long text asks for it.
    walk: Option<Walk>,
}

impl Compiled {
    fn of(pattern: &str) -> Result<Compiled, regex::Error> {
        let built = RegexBuilder::new(pattern)
            .size_limit(REGEX_COMPILED_BYTES)
            .dfa_size_limit(REGEX_COMPILED_BYTES)
            .build()?;
        Ok(Compiled { regex: built, walk: None })
    }

    /// Crate `regex` looks at no deadline, and for each byte it may look at the whole pattern.
    fn matches(&mut self, text: &str) -> Result<bool, Ended> {
        if text.len() <= REGEX_SHORT_BYTES {
            return self.at_once(text, text.len() / 4);
        }
        if self.walk.is_none() {
            self.walk = Walk::of(self.regex.as_str());
        }
        let work = |walk: &Walk| text.len().saturating_mul(walk.states());
        match &mut self.walk {
            Some(walk) if work(walk) > REGEX_WORK => walk.matches(text),
            // Where there is none, the other automaton was not too large for it.
            walk => {
                let steps = walk.as_ref().map_or(text.len(), work) / REGEX_WORK_OF_A_STEP;
                self.at_once(text, steps)
            }
        }
    }

    /// Asks the crate, which takes as long as so many allocations.
    fn at_once(&self, text: &str, steps: usize) -> Result<bool, Ended> {
        match overdue::steps(1 + steps as u64) {
            true => Err(Ended),
            false => Ok(self.regex.is_match(text)),
        }
    }
}

/// SQLite calls `X REGEXP Y` as `regexp(Y, X)`. NULL where either is; numbers count as text.
pub(super) fn regexp(pattern: Cell<'_>, text: Cell<'_>) -> Answer {
    let (Some(pattern), Some(text)) = (as_text(pattern), as_text(text)) else {
        return Answer::Null;
    };
    COMPILED.with_borrow_mut(|compiled| {
        let known = compiled.iter().rposition(|known| known.regex.as_str() == pattern);
        if let Some(index) = known {
            let last = compiled.len() - 1;
            compiled.swap(index, last);
        } else {
            // Compiling takes as long as many allocations.
            if overdue::steps(DEADLINE_LOOK_ALLOCATIONS) {
                return Answer::Error(OVER.to_owned());
            }
            match Compiled::of(&pattern) {
                Err(error) => return Answer::Error(format!("regexp: {error}")),
                Ok(new) => {
                    if compiled.len() >= REGEX_CACHE_PATTERNS {
                        compiled.remove(0);
                    }
                    compiled.push(new);
                }
            }
        }
        match compiled.last_mut().map(|compiled| compiled.matches(&text)) {
            Some(Ok(matches)) => Answer::Integer(i64::from(matches)),
            Some(Err(Ended)) => Answer::Error(OVER.to_owned()),
            None => Answer::Null,
        }
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
