//! Texts that must not be in the repository: paths of somebody's machine, markers of unfinished
//! work, and words that hide that a thing is not done.

use crate::tree::Tree;
use crate::{Violations, assert_none};

/// Built from pieces, so that this file does not hold them.
fn banned() -> Vec<(String, &'static str)> {
    vec![
        (["/ho", "me/"].concat(), "a path of a machine"),
        (["/ro", "ot/"].concat(), "a path of a machine"),
        (["/wo", "rk/"].concat(), "a path of a machine"),
        (["TO", "DO"].concat(), "open an issue instead"),
        (["FIX", "ME"].concat(), "mend it or open an issue"),
        (["XX", "X"].concat(), "mend it or open an issue"),
    ]
}

fn texts(tree: &Tree) -> Violations {
    let banned = banned();
    let mut broken = Violations::new();
    for (path, text) in
        tree.files().filter(|(path, _)| !path.starts_with("LICENSE") && !path.ends_with(".lock"))
    {
        for (n, line) in text.lines().enumerate() {
            for (word, why) in &banned {
                if line.contains(word.as_str()) {
                    broken.push(format!("{path}:{}: {word:?}: {why}", n + 1));
                }
            }
        }
    }
    broken
}

#[test]
fn no_banned_texts() {
    assert_none(&texts(&Tree::here()));
}

#[test]
fn a_banned_text_is_seen() {
    let bad = ["see /ro", "ot/notes, TO", "DO"].concat();
    assert_eq!(texts(&Tree::of(&[("docs/x.md", bad.as_str())])).len(), 2);
}
