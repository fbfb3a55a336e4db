//! Each source file opens with `//!`; no file has a name that says nothing; `unsafe` stands only
//! in `engine`, each block with its SAFETY argument; no test is ignored without a reason.

use crate::tree::{Tree, crate_of};
use crate::{Violations, assert_none};

const NAMELESS: [&str; 7] = ["util", "utils", "common", "helpers", "misc", "types", "manager"];

fn heads(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    let rust =
        tree.files().filter(|(path, _)| path.starts_with("crates/") && path.ends_with(".rs"));
    for (path, text) in rust {
        let tests_file = path.ends_with("/tests.rs") || path.contains("/tests/");
        if !text.starts_with("//!") && !tests_file {
            broken.push(format!("{path}: open with `//!` and say what lives here"));
        }
        let stem =
            path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).unwrap_or_default();
        if path.split('/').any(|part| NAMELESS.contains(&part)) || NAMELESS.contains(&stem) {
            broken.push(format!("{path}: a name that says nothing; name it after what it is"));
        }
        if text.lines().any(|line| line.trim() == "#[ignore]") {
            broken.push(format!("{path}: an ignored test needs `#[ignore = \"reason\"]`"));
        }
    }
    broken
}

fn unsafety(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    for (path, text) in tree.sources().filter(|(path, _)| crate_of(path) != "tidy") {
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let block = code.contains("unsafe {") || code.contains("unsafe impl");
            let other = code.contains("unsafe fn") || code.contains("unsafe extern");
            if (block || other) && crate_of(path) != "engine" {
                broken.push(format!("{path}:{}: unsafe lives in engine only", n + 1));
            }
            let argued = lines[n.saturating_sub(12)..=n].iter().any(|line| line.contains("SAFETY"));
            if block && !argued {
                broken
                    .push(format!("{path}:{}: an unsafe block without its SAFETY argument", n + 1));
            }
        }
    }
    broken
}

#[test]
fn files_say_what_they_hold() {
    assert_none(&heads(&Tree::here()));
}

#[test]
fn unsafe_is_argued() {
    assert_none(&unsafety(&Tree::here()));
}

#[test]
fn bad_heads_are_seen() {
    let tree = Tree::of(&[
        ("crates/model/src/util.rs", "//! Things.\n"),
        ("crates/model/src/a.rs", "fn x() {}\n#[test]\n#[ignore]\nfn y() {}\n"),
        ("crates/model/src/b.rs", "//! B.\nfn x() { unsafe { y() } }\n"),
        ("crates/engine/src/c.rs", "//! C.\n// SAFETY: it is.\nfn x() { unsafe { y() } }\n"),
    ]);
    assert_eq!(heads(&tree).len(), 3);
    assert_eq!(unsafety(&tree).len(), 2);
}
