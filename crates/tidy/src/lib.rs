//! The house rules, as tests: `cargo test -p tidy`. A rule is a pure function from the tree to
//! what breaks it, so that each is also tested on a small tree that does break it.

#![cfg(test)]

mod docs;
mod edges;
mod heads;
mod licences;
mod modules;
mod sizes;
mod text;
mod tree;

/// What breaks a rule: where, and what to do.
type Violations = Vec<String>;

/// Fails with all of them, one a line.
fn assert_none(violations: &Violations) {
    assert!(violations.is_empty(), "{} broken:\n  {}", violations.len(), violations.join("\n  "));
}
