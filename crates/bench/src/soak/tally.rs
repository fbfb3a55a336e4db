//! What the callers saw: how often each kind of answer came, and everything that must not come.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::report::say;

/// Wrongs that are kept with their words; the rest are only counted.
const WRONGS_SHOWN: usize = 20;

#[derive(Default)]
struct Seen {
    answers: BTreeMap<(&'static str, String), u64>,
    wrongs: u64,
    shown: Vec<String>,
}

/// Shared by all callers.
#[derive(Default)]
pub(super) struct Tally(Mutex<Seen>);

impl Tally {
    fn with<T>(&self, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An answer that may come.
    pub(super) fn answer(&self, caller: &'static str, what: impl Into<String>) {
        self.with(|seen| *seen.answers.entry((caller, what.into())).or_default() += 1);
    }

    /// Something that must not be.
    pub(super) fn wrong(&self, what: String) {
        self.with(|seen| {
            seen.wrongs += 1;
            if seen.shown.len() < WRONGS_SHOWN {
                say(&format!("WRONG: {what}"));
                seen.shown.push(what);
            }
        });
    }

    /// Notes that `holds` must hold.
    pub(super) fn must(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong(what());
        }
    }

    /// Prints all of it; whether nothing was wrong.
    pub(super) fn report(&self) -> bool {
        self.with(|seen| {
            for ((caller, what), count) in &seen.answers {
                say(&format!("{caller:>9}  {what:<28} {count:>9}"));
            }
            say(&format!("wrong: {}", seen.wrongs));
            for wrong in &seen.shown {
                say(&format!("  {wrong}"));
            }
            seen.wrongs == 0
        })
    }
}
