//! A file is a room: at most 400 lines without its tests, a function at most 70.

use crate::tree::{Tree, is_tests, without_tests};
use crate::{Violations, assert_none};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// Functions that may be longer, with their length. May only shrink: an entry that is longer than
/// the function, or names none, fails.
const LONG_FUNCTIONS: [(&str, usize); 0] = [];

fn files(tree: &Tree) -> Violations {
    tree.sources()
        .filter(|(path, _)| !is_tests(path))
        .map(|(path, text)| (path, without_tests(text).len()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| {
            format!("{path}: {lines} lines; split it into rooms of at most {FILE_LINES_MAX}")
        })
        .collect()
}

/// Every function as `path:name` with its length in lines.
fn function_lengths(path: &str, text: &str) -> Vec<(String, usize)> {
    let lines = without_tests(text);
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = &line[..line.len() - trimmed.len()];
        let Some(at) = trimmed.find("fn ") else { continue };
        let before = &trimmed[..at];
        let is_item = before.split_whitespace().all(|word| {
            word.starts_with("pub")
                || ["const", "async", "unsafe", "extern", "\"C\"", "crate)", "super)"]
                    .contains(&word)
                || word.starts_with("in ")
        });
        if !is_item {
            continue;
        }
        let name: String =
            trimmed[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = lines[start..].iter().position(|line| {
            line.strip_prefix(indent)
                .is_some_and(|rest| rest == "}" || rest.ends_with(';') && !rest.starts_with(' '))
        });
        if let Some(length) = end {
            found.push((format!("{path}:{name}"), length + 1));
        }
    }
    found
}

fn functions(tree: &Tree, exceptions: &[(&str, usize)]) -> Violations {
    let all: Vec<(String, usize)> = tree
        .sources()
        .filter(|(path, _)| !is_tests(path))
        .flat_map(|(path, text)| function_lengths(path, text))
        .filter(|(_, lines)| *lines > FUNCTION_LINES_MAX)
        .collect();
    let mut broken: Violations = all
        .iter()
        .filter(|(name, lines)| {
            !exceptions.iter().any(|(known, most)| known == name && lines <= most)
        })
        .map(|(name, lines)| format!("{name}: {lines} lines, of at most {FUNCTION_LINES_MAX}"))
        .collect();
    for (known, most) in exceptions {
        if !all.iter().any(|(name, lines)| name == known && lines == most) {
            broken.push(format!(
                "{known}: the exception of {most} lines is stale: shrink or remove it"
            ));
        }
    }
    broken
}

#[test]
fn files_are_rooms() {
    assert_none(&files(&Tree::here()));
}

#[test]
fn functions_are_short() {
    assert_none(&functions(&Tree::here(), &LONG_FUNCTIONS));
}

#[test]
fn long_ones_are_seen() {
    let long = format!(
        "//! Room.\nimpl X {{\n    pub fn go() {{\n{}    }}\n}}\n",
        "        work();\n".repeat(80)
    );
    let huge = "let x = 1;\n".repeat(401);
    let tested =
        format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "let x = 1;\n".repeat(500));
    let tree = Tree::of(&[
        ("crates/engine/src/long.rs", long.as_str()),
        ("crates/engine/src/huge.rs", huge.as_str()),
        ("crates/engine/src/tested.rs", tested.as_str()),
    ]);
    assert_eq!(files(&tree).len(), 1);
    assert_eq!(functions(&tree, &[]).len(), 1);
    let name = "crates/engine/src/long.rs:go";
    assert_eq!(functions(&tree, &[(name, 82)]), Violations::new());
    assert_eq!(functions(&tree, &[(name, 90)]).len(), 1, "a stale exception");
}
