//! A pattern on a long text, byte by byte, with looks at the deadline: an automaton of crate
//! `regex-automata`, whose states are found as they are needed.

use model::limits::{REGEX_COMPILED_BYTES, REGEX_STATES_OF_A_STEP};
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{Compiler, Config, NFA, State, WhichCaptures};
use regex_automata::util::primitives::StateID;

use crate::overdue::{self, Ended};

pub(super) struct Walk {
    nfa: NFA,
    dfa: DFA,
    cache: Cache,
}

impl Walk {
    /// `None` if the pattern is too large.
    pub(super) fn of(pattern: &str) -> Option<Walk> {
        let config = Config::new()
            .nfa_size_limit(Some(REGEX_COMPILED_BYTES))
            .which_captures(WhichCaptures::None);
        let nfa = Compiler::new().configure(config).build(pattern).ok()?;
        let config = DFA::config()
            .cache_capacity(REGEX_COMPILED_BYTES)
            .skip_cache_capacity_check(true)
            .unicode_word_boundary(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa.clone()).ok()?;
        let cache = dfa.create_cache();
        Some(Walk { nfa, dfa, cache })
    }

    /// How many states the pattern has, at all of which each byte may have to look.
    pub(super) fn states(&self) -> usize {
        self.nfa.states().len()
    }

    pub(super) fn matches(&mut self, text: &str) -> Result<bool, Ended> {
        match self.quickly(text)? {
            Some(matches) => Ok(matches),
            None => thoroughly(&self.nfa, text),
        }
    }

    /// `None` if the text is beyond it: it knows no word boundaries beside letters beyond ASCII.
    fn quickly(&mut self, text: &str) -> Result<Option<bool>, Ended> {
        let weight = 1 + (self.states() / REGEX_STATES_OF_A_STEP) as u64;
        let Walk { dfa, cache, .. } = self;
        let Ok(mut at) = dfa.start_state_forward(cache, &Input::new(text)) else {
            return Ok(None);
        };
        for byte in text.bytes() {
            if overdue::steps(weight) {
                return Err(Ended);
            }
            let Ok(next) = dfa.next_state(cache, at, byte) else { return Ok(None) };
            at = next;
            if at.is_tagged() {
                if at.is_match() || at.is_dead() {
                    return Ok(Some(at.is_match()));
                } else if at.is_quit() {
                    return Ok(None);
                }
            }
        }
        Ok(dfa.next_eoi_state(cache, at).ok().map(|end| end.is_match()))
    }
}

/// The states that the text so far leads to.
struct Reached {
    seen: Vec<bool>,
    states: Vec<StateID>,
}

impl Reached {
    fn none(nfa: &NFA) -> Reached {
        Reached { seen: vec![false; nfa.states().len()], states: Vec::new() }
    }

    fn add(&mut self, state: StateID) {
        if !std::mem::replace(&mut self.seen[state.as_usize()], true) {
            self.states.push(state);
        }
    }

    fn clear(&mut self) {
        for state in self.states.drain(..) {
            self.seen[state.as_usize()] = false;
        }
    }
}

/// All states at once, whatever the pattern.
fn thoroughly(nfa: &NFA, text: &str) -> Result<bool, Ended> {
    let bytes = text.as_bytes();
    let (mut now, mut next) = (Reached::none(nfa), Reached::none(nfa));
    now.add(nfa.start_unanchored());
    for at in 0..=bytes.len() {
        let mut done = 0;
        while let Some(state) = now.states.get(done) {
            done += 1;
            if overdue::steps(1) {
                return Err(Ended);
            }
            match nfa.state(*state) {
                State::ByteRange { trans } => {
                    if at < bytes.len() && trans.matches(bytes, at) {
                        next.add(trans.next);
                    }
                }
                State::Sparse(sparse) if at < bytes.len() => {
                    sparse.matches(bytes, at).into_iter().for_each(|state| next.add(state));
                }
                State::Dense(dense) if at < bytes.len() => {
                    dense.matches(bytes, at).into_iter().for_each(|state| next.add(state));
                }
                State::Sparse(_) | State::Dense(_) | State::Fail => {}
                State::Look { look, next } => {
                    if nfa.look_matcher().matches(*look, bytes, at) {
                        now.add(*next);
                    }
                }
                State::Union { alternates } => alternates.iter().for_each(|state| now.add(*state)),
                State::BinaryUnion { alt1, alt2 } => {
                    now.add(*alt1);
                    now.add(*alt2);
                }
                State::Capture { next, .. } => now.add(*next),
                // What is empty does not lie within a character.
                State::Match { .. } if text.is_char_boundary(at) => return Ok(true),
                State::Match { .. } => {}
            }
        }
        now.clear();
        std::mem::swap(&mut now, &mut next);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    const PARTS: &[&str] = &[
        "a", "b", "é", ".", "[ab]", "\\w", "\\W", "\\b", "\\B", "^", "$", "(a|b)", "(ab){2}",
        "{1,3}", "*", "+?", "|", "(?i:É)", "\\d", "(?m:$)", "[^a]", "()",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_matches_as_the_crate_does(
            parts in prop::collection::vec(prop::sample::select(PARTS), 1..8),
            text in "[abé \n0É]{0,12}",
        ) {
            let pattern = parts.concat();
            let Ok(regex) = Regex::new(&pattern) else { return Ok(()) };
            let mut walk = Walk::of(&pattern).expect("a small pattern");
            let expected = regex.is_match(&text);
            prop_assert_eq!(walk.matches(&text), Ok(expected), "{:?} on {:?}", pattern, text);
            if let Ok(Some(matches)) = walk.quickly(&text) {
                prop_assert_eq!(matches, expected, "{:?} on {:?}", &pattern, &text);
            }
            prop_assert_eq!(thoroughly(&walk.nfa, &text), Ok(expected), "{:?} on {:?}", pattern, text);
        }
    }
}
