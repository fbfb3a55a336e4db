//! Cargo edges equal the picture in ARCHITECTURE.md, and heavy libraries are named only in the
//! crates that fence them. `bench`, `fuzz`, `testkit`, `tidy` and dev-dependencies are apart.

use crate::tree::{Tree, crate_of, is_tests, without_tests};
use crate::{Violations, assert_none};

/// Where the picture is: the table of the code map.
const PICTURE: &str = "ARCHITECTURE.md";

/// Which of our crates each depends on, as the picture has it, and those that are exempt.
#[derive(Debug, Default)]
struct Picture<'a> {
    edges: Vec<(&'a str, Vec<&'a str>)>,
    exempt: Vec<&'a str>,
}

impl<'a> Picture<'a> {
    /// Reads the rows `| names | what | names, a dash, "all of the above" or "exempt" |`.
    fn of(tree: &'a Tree) -> Picture<'a> {
        let mut picture = Picture::default();
        let rows = tree.text(PICTURE).unwrap_or_default().lines();
        for row in rows.filter(|row| row.starts_with("| `")) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
            let (Some(names), Some(targets)) = (cells.first(), cells.last()) else { continue };
            for name in quoted(names) {
                let above = || picture.edges.iter().map(|(name, _)| *name).collect();
                match targets.trim() {
                    "exempt" => picture.exempt.push(name),
                    "all of the above" => picture.edges.push((name, above())),
                    targets => picture.edges.push((name, quoted(targets))),
                }
            }
        }
        picture
    }

    fn targets(&self, name: &str) -> Option<&[&'a str]> {
        self.edges.iter().find(|(known, _)| *known == name).map(|(_, targets)| targets.as_slice())
    }
}

/// The words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Crates for building and testing the others.
const APART: [&str; 4] = ["bench", "fuzz", "testkit", "tidy"];

/// Libraries and the only crates that may name them.
const FENCES: [(&str, &[&str]); 19] = [
    ("rusqlite", &["engine"]),
    ("libsqlite3-sys", &["engine"]),
    ("regex-automata", &["engine"]),
    // A thread that runs SQL confines itself; the process as a whole is the program's to confine,
    // which alone knows what the configuration names.
    ("seccompiler", &["engine"]),
    ("landlock", &["litevisor"]),
    ("mongodb", &["source"]),
    ("bson", &["source"]),
    ("bolero", &["fuzz"]),
    ("axum", &["litevisor"]),
    ("hyper", &["litevisor"]),
    ("hyper-util", &["litevisor"]),
    ("aho-corasick", &["litevisor"]),
    ("rustls", &["litevisor"]),
    ("tokio-rustls", &["litevisor"]),
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
    let picture = Picture::of(tree);
    let mut broken = Violations::new();
    if picture.exempt.len() != APART.len() || !APART.iter().all(|one| picture.exempt.contains(one))
    {
        broken.push(format!("{PICTURE}: exempt are {:?}, here {APART:?}", picture.exempt));
    }
    for (name, _) in &picture.edges {
        if tree.text(&format!("crates/{name}/Cargo.toml")).is_none() {
            broken.push(format!("{PICTURE}: there is no crate {name}"));
        }
    }
    for (path, manifest) in tree.files() {
        let Some(name) =
            path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        if APART.contains(&name) {
            continue;
        }
        let Some(drawn) = picture.targets(name) else {
            broken.push(format!("{path}: a crate that the picture does not have"));
            continue;
        };
        let dependencies = dependencies(manifest);
        for missing in drawn.iter().filter(|target| !dependencies.contains(target)) {
            broken.push(format!("{PICTURE}: {path} has no edge {name} -> {missing}"));
        }
        for dependency in dependencies {
            let ours = picture.targets(dependency).is_some() || APART.contains(&dependency);
            if ours && !drawn.contains(&dependency) {
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

#[cfg(test)]
const A_PICTURE: &str = "\
| crate | what lives there | may depend on |
|---|---|---|
| `model` | values | – |
| `engine` | SQLite | `model` |
| `source` | documents | `model` |
| `litevisor` | the program | all of the above |
| `testkit`, `bench`, `fuzz`, `tidy` | tests | exempt |
";

#[test]
fn a_wrong_edge_is_seen() {
    let model = ("crates/model/Cargo.toml", "[dependencies]\n");
    let engine = ("crates/engine/Cargo.toml", "[dependencies]\nmodel.workspace = true\n");
    let source = (
        "crates/source/Cargo.toml",
        "[dependencies]\nmodel.workspace = true\n[dev-dependencies]\ntestkit.workspace = true\n",
    );
    let all = "[dependencies]\nmodel.workspace = true\nengine.workspace = true\nsource.workspace = true\n";
    let program = ("crates/litevisor/Cargo.toml", all);
    let picture = (PICTURE, A_PICTURE);
    let found = |files: &[(&str, &str)]| edges(&Tree::of(files));
    assert_eq!(found(&[picture, model, engine, source, program]), Violations::new());

    let wrong = (
        engine.0,
        "[dependencies]\nmodel.workspace = true\nsource.workspace = true\nmongodb = \"3\"\n",
    );
    assert_eq!(found(&[picture, model, wrong, source, program]).len(), 2);
    let lacking = (engine.0, "[dependencies]\n");
    assert_eq!(
        found(&[picture, model, lacking, source, program]),
        ["ARCHITECTURE.md: crates/engine/Cargo.toml has no edge engine -> model"]
    );
    let unknown = ("crates/helpers/Cargo.toml", "[dependencies]\n");
    assert_eq!(found(&[picture, model, engine, source, program, unknown]).len(), 1);
    // A crate that is drawn and not there; its users lack the edge's end, not the edge.
    assert_eq!(
        found(&[picture, model, engine, program]),
        ["ARCHITECTURE.md: there is no crate source"]
    );
    assert!(found(&[model, engine, source, program]).len() > 4, "no picture at all");
}

#[test]
fn a_library_outside_its_fence_is_seen() {
    let tree = Tree::of(&[
        ("crates/engine/Cargo.toml", "[dependencies]\n"),
        ("crates/helpers/Cargo.toml", "[dependencies]\n"),
        ("crates/export/src/lib.rs", "use axum::Router; // hyper::x is only a comment\n"),
    ]);
    assert_eq!(lints(&tree).len(), 1, "engine has its own");
    assert_eq!(mentions(&tree).len(), 1, "{:?}", mentions(&tree));
}
