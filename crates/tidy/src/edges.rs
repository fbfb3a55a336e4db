//! Cargo edges equal the picture in ARCHITECTURE.md, and heavy libraries are named only in the
//! crates that fence them. `bench`, `testkit`, `tidy` and dev-dependencies are apart.

use crate::tree::{Tree, crate_of, is_tests, without_tests};
use crate::{Violations, assert_none};

/// Which of our crates each may depend on.
const EDGES: [(&str, &[&str]); 6] = [
    ("model", &[]),
    ("engine", &["model"]),
    ("source", &["model"]),
    ("export", &["model"]),
    ("hypervisor", &["engine", "model", "source"]),
    ("litevisor", &["engine", "export", "hypervisor", "model", "source"]),
];

/// Crates for building and testing the others.
const APART: [&str; 3] = ["bench", "testkit", "tidy"];

/// Libraries and the only crates that may name them.
const FENCES: [(&str, &[&str]); 12] = [
    ("rusqlite", &["engine"]),
    ("libsqlite3-sys", &["engine"]),
    ("mongodb", &["source"]),
    ("bson", &["source"]),
    ("axum", &["litevisor"]),
    ("hyper", &["litevisor"]),
    ("hyper-util", &["litevisor"]),
    ("tower", &["litevisor"]),
    ("tower-http", &["litevisor"]),
    ("clap", &["litevisor"]),
    ("prometheus-client", &["litevisor"]),
    ("tokio", &["source", "hypervisor", "litevisor"]),
];

/// The names in a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && !line.starts_with('#') && line.contains('=') {
            names.extend(line.split(['.', '=', ' ']).next());
        }
    }
    names
}

fn edges(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    for (path, manifest) in tree.files() {
        let Some(name) =
            path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        if APART.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(known, _)| *known == name) else {
            broken.push(format!("{path}: a crate that the picture does not have"));
            continue;
        };
        for dependency in dependencies(manifest) {
            let ours =
                EDGES.iter().any(|(known, _)| *known == dependency) || APART.contains(&dependency);
            if ours && !allowed.contains(&dependency) {
                broken.push(format!("{path}: {name} -> {dependency} is no edge of the picture"));
            }
            if let Some((_, fence)) = FENCES.iter().find(|(library, _)| *library == dependency)
                && !fence.contains(&name)
            {
                broken.push(format!("{path}: {dependency} is fenced to {}", fence.join(", ")));
            }
        }
    }
    broken
}

/// `mongodb::bson` and the like, re-exported or spelt out, cannot go around the fence either.
fn mentions(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    for (path, text) in tree.sources() {
        let name = crate_of(path);
        if APART.contains(&name) || is_tests(path) {
            continue;
        }
        for line in without_tests(text) {
            let code = line.split("//").next().unwrap_or_default();
            for (library, fence) in FENCES {
                let word = library.replace('-', "_") + "::";
                let at = code.find(&word);
                let whole = at.is_some_and(|at| {
                    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if whole && !fence.contains(&name) {
                    broken.push(format!(
                        "{path}: names {library}, which is fenced to {}",
                        fence.join(", ")
                    ));
                }
            }
        }
    }
    broken
}

/// Every crate takes the workspace's lints (`unsafe_code = "forbid"` among them); `engine` alone
/// has its own.
fn lints(tree: &Tree) -> Violations {
    tree.files()
        .filter(|(path, _)| path.starts_with("crates/") && path.ends_with("/Cargo.toml"))
        .filter(|(path, _)| crate_of(path) != "engine")
        .filter(|(_, manifest)| !manifest.contains("[lints]\nworkspace = true"))
        .map(|(path, _)| format!("{path}: take the workspace's lints"))
        .collect()
}

#[test]
fn lints_are_the_workspaces() {
    assert_none(&lints(&Tree::here()));
}

#[test]
fn edges_equal_the_picture() {
    assert_none(&edges(&Tree::here()));
}

#[test]
fn libraries_stay_behind_their_fences() {
    assert_none(&mentions(&Tree::here()));
}

#[test]
fn a_wrong_edge_is_seen() {
    let tree = Tree::of(&[
        (
            "crates/engine/Cargo.toml",
            "[dependencies]\nsource.workspace = true\nmongodb = \"3\"\n[dev-dependencies]\ntestkit.workspace = true\n",
        ),
        ("crates/helpers/Cargo.toml", "[dependencies]\n"),
        ("crates/export/src/lib.rs", "use axum::Router; // hyper::x is only a comment\n"),
    ]);
    assert_eq!(lints(&tree).len(), 1, "engine has its own");
    assert_eq!(edges(&tree).len(), 3, "{:?}", edges(&tree));
    assert_eq!(mentions(&tree).len(), 1, "{:?}", mentions(&tree));
}
