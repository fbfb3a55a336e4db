//! The modules of each crate form an acyclic graph, at every level: those at its top, and those
//! within each module. Every codebase of this size whose compiler or tests do not check this has
//! grown a knot. A module and what is within it are one: either may use the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Tree, is_tests, without_tests};
use crate::{Violations, assert_none};

const CHECKED: [&str; 9] =
    ["model", "engine", "source", "export", "hypervisor", "litevisor", "testkit", "bench", "fuzz"];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// A path's segments, from the crate's root.
type Path = Vec<String>;

/// A crate's modules by their paths, with their code.
type Modules = BTreeMap<Path, String>;

/// The module that a file holds; none for binaries, which wire.
fn module_of(path_in_src: &str) -> Option<Path> {
    let path = path_in_src.strip_suffix(".rs")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let segments: Path = path.split('/').map(str::to_owned).collect();
    match segments.first().map(String::as_str) {
        Some("lib") => Some(Path::new()),
        Some("main" | "bin") => None,
        _ => Some(segments),
    }
}

fn modules(tree: &Tree, name: &str) -> Modules {
    let prefix = format!("crates/{name}/src/");
    let files = tree.sources().filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    files
        .filter(|(rest, _)| !is_tests(&format!("/{rest}")))
        .filter_map(|(rest, text)| {
            let lines = without_tests(text);
            let code = lines.iter().map(|line| line.split("//").next().unwrap_or_default());
            Some((module_of(rest)?, code.collect::<Vec<_>>().join("\n")))
        })
        .collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// All paths of a use tree (`a::{B, c::D}`), each after `base`; what follows the tree is not read.
fn expand(base: &[String], tree: &str, found: &mut Vec<Path>) {
    let tree = tree.trim_start();
    if let Some(list) = tree.strip_prefix('{') {
        let (mut depth, mut start) = (0_u32, 0);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                ',' if depth == 0 => {
                    expand(base, &list[start..at], found);
                    start = at + 1;
                }
                '}' if depth == 0 => return expand(base, &list[start..at], found),
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let end = tree.find(|c| !is_word(c)).unwrap_or(tree.len());
    let mut path = base.to_vec();
    if end > 0 && &tree[..end] != "self" {
        path.push(tree[..end].to_owned());
    }
    match tree[end..].strip_prefix("::") {
        Some(rest) if end > 0 => expand(&path, rest, found),
        _ => found.push(path),
    }
}

/// Paths from the crate's root that the module at `own` uses, by `crate::` or `super::`.
fn used(own: &[String], code: &str) -> Vec<Path> {
    let mut found = Vec::new();
    for (word, up) in [("crate::", own.len()), ("super::", 1)] {
        for (at, _) in code.match_indices(word) {
            if code[..at].ends_with(|c: char| is_word(c) || c == '$' || c == ':') {
                continue;
            }
            let (mut rest, mut up) = (&code[at + word.len()..], up);
            while let Some(higher) = rest.strip_prefix("super::") {
                (rest, up) = (higher, up + 1);
            }
            if let Some(base) = own.len().checked_sub(up) {
                expand(&own[..base], rest, &mut found);
            }
        }
    }
    found
}

/// Names that each module passes on from modules within it: `image::Chunk` is `image::chunk`'s.
fn passed_on(modules: &Modules) -> BTreeMap<Path, Path> {
    let mut names = BTreeMap::new();
    for (own, code) in modules {
        let uses = code.split("use ").skip(1).filter_map(|part| part.split(';').next());
        for part in uses {
            let part = part.trim_start_matches("self::").trim_start_matches("crate::");
            let mut paths = Vec::new();
            expand(own, part, &mut paths);
            for path in paths {
                let Some((name, home)) = path.split_last() else { continue };
                if home.len() > own.len() && modules.contains_key(&home[..=own.len()]) {
                    names.insert([own, std::slice::from_ref(name)].concat(), home.to_vec());
                }
            }
        }
    }
    names
}

/// The module in which what a path names lives.
fn home(path: &[String], modules: &Modules, passed_on: &BTreeMap<Path, Path>) -> Path {
    for end in (0..=path.len()).rev() {
        if modules.contains_key(&path[..end]) {
            let named = path.get(..=end).and_then(|named| passed_on.get(named));
            // Passed on downwards only, so this ends.
            return named.map_or(path[..end].to_vec(), |home| {
                self::home(&[home.as_slice(), &path[end..=end]].concat(), modules, passed_on)
            });
        }
    }
    Path::new()
}

/// The graphs of a crate: by the module in which they are, its modules with those they use.
fn graphs(tree: &Tree, name: &str) -> BTreeMap<Path, Graph> {
    let modules = modules(tree, name);
    let passed_on = passed_on(&modules);
    let mut graphs: BTreeMap<Path, Graph> = BTreeMap::new();
    for (own, code) in &modules {
        for path in used(own, code) {
            let target = home(&path, &modules, &passed_on);
            let common = own.iter().zip(&target).take_while(|(a, b)| a == b).count();
            // Within one another: no edge.
            let (Some(from), Some(to)) = (own.get(common), target.get(common)) else { continue };
            let graph = graphs.entry(own[..common].to_vec()).or_default();
            graph.entry(from.clone()).or_default().insert(to.clone());
        }
    }
    graphs
}

/// What is left after taking away, again and again, every module that depends on nothing left.
fn knot(mut graph: Graph) -> Graph {
    loop {
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        for targets in graph.values_mut() {
            targets.retain(|target| left.contains(target));
        }
        let before = graph.len();
        graph.retain(|_, targets| !targets.is_empty());
        if graph.len() == before {
            return graph;
        }
    }
}

fn cycles(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    for name in CHECKED {
        for (within, graph) in graphs(tree, name) {
            let knot = knot(graph);
            if !knot.is_empty() {
                let within = [&[name.to_owned()], within.as_slice()].concat().join("::");
                broken.push(format!("{within}: modules in or above a cycle: {knot:?}"));
            }
        }
    }
    broken
}

#[test]
fn modules_are_acyclic() {
    assert_none(&cycles(&Tree::here()));
}

#[test]
fn a_cycle_is_seen() {
    let tree = Tree::of(&[
        ("crates/engine/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use a::Thing;\n"),
        ("crates/engine/src/a.rs", "use crate::b::x;\n"),
        ("crates/engine/src/b.rs", "use crate::{\n  c::{y, z},\n  Thing,\n};\n"),
        ("crates/engine/src/c.rs", "// crate::a is only a comment\n"),
        ("crates/model/src/d/e.rs", "use super::super::f::x;\nuse super::f::y;\n"),
        ("crates/model/src/d/f.rs", "use super::e;\n"),
        ("crates/model/src/f.rs", "use super::d;\n"),
    ]);
    assert_eq!(cycles(&tree).len(), 2, "{:?}", cycles(&tree));
    let graph = graphs(&tree, "engine").remove(&Path::new()).expect("a graph");
    assert_eq!(knot(graph).keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_cycle_within_a_module_is_seen() {
    let tree = Tree::of(&[
        // Of siblings in a folder, by paths up and through what the folder passes on.
        ("crates/engine/src/a/mod.rs", "mod b;\nmod c;\nmod d;\npub(crate) use d::{Deep, deep};\n"),
        ("crates/engine/src/a/b.rs", "use super::c::{self, C};\n"),
        ("crates/engine/src/a/c.rs", "fn f() { super::Deep::new(); }\n"),
        ("crates/engine/src/a/d.rs", "use crate::{\n  x::X,\n  a::{b::{B, y}},\n};\n"),
        // Through a folder: what is in it counts as it.
        ("crates/model/src/p/q/mod.rs", "mod r;\nuse super::Shared;\n"),
        ("crates/model/src/p/q/r.rs", "use super::super::s::S;\n"),
        ("crates/model/src/p/s.rs", "use super::q::Q;\n"),
        // No cycles: a folder and what is in it, names that only look alike.
        ("crates/source/src/m/mod.rs", "mod n;\nuse n::N;\nuse crate::m::o::O;\n"),
        ("crates/source/src/m/n.rs", "use super::o::O;\nuse super::Own;\n"),
        ("crates/source/src/m/o.rs", "use other::n::N;\npub(super) fn n() {}\n"),
    ]);
    let found = cycles(&tree);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().any(|it| it.starts_with("engine::a:")), "{found:#?}");
    assert!(found.iter().any(|it| it.starts_with("model::p:")), "{found:#?}");
}
