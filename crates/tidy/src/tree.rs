//! The tree under judgement: every text file of the repository, by its path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Paths from the repository's top, with `/`, and their text.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

impl Tree {
    /// This repository.
    pub(crate) fn here() -> Tree {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = BTreeMap::new();
        walk(&top, &PathBuf::new(), &mut files);
        assert!(files.len() > 50, "the repository was not found");
        Tree { files }
    }

    /// A made-up tree, to see a rule fail.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree { files: files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect() }
    }

    /// Every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Rust sources of the program and its crates: `crates/*/src/**.rs`.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| {
            path.starts_with("crates/") && path.contains("/src/") && path.ends_with(".rs")
        })
    }

    /// One file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }
}

fn walk(top: &Path, below: &Path, files: &mut BTreeMap<String, String>) {
    let Ok(entries) = std::fs::read_dir(top.join(below)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let path = below.join(&name);
        let Ok(kind) = entry.file_type() else { continue };
        let skipped =
            name.to_str().is_none_or(|name| SKIPPED.contains(&name) || name.starts_with("target-"));
        if kind.is_dir() && !skipped {
            walk(top, &path, files);
        } else if kind.is_file()
            && !skipped
            && let Ok(text) = std::fs::read_to_string(top.join(&path))
        {
            files.insert(path.to_string_lossy().into_owned(), text);
        }
    }
}

/// The crate that a path of [`Tree::sources`] belongs to.
pub(crate) fn crate_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

/// Whether a source file holds tests only.
pub(crate) fn is_tests(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

/// A file's lines before its inline tests.
pub(crate) fn without_tests(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.windows(2).position(|pair| {
        pair[0].trim() == "#[cfg(test)]"
            && pair[1].trim_start().starts_with("mod ")
            && pair[1].ends_with('{')
    });
    lines[..end.unwrap_or(lines.len())].to_vec()
}
