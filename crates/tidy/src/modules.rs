//! The top-level modules of each crate form an acyclic graph. Every codebase of this size whose
//! compiler or tests do not check this has grown a knot.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Tree, is_tests, without_tests};
use crate::{Violations, assert_none};

const CHECKED: [&str; 8] =
    ["model", "engine", "source", "export", "hypervisor", "litevisor", "testkit", "bench"];

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The top-level module that a file belongs to; none for `lib.rs` and `main.rs`, which wire.
fn module_of(path_in_src: &str) -> Option<String> {
    let first = path_in_src.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main", "bin", "tests"].contains(&name)).then(|| name.to_owned())
}

/// Names that `lib.rs` re-exports, with the module each lives in: `crate::Image` is `image`.
fn re_exports(root: &str, modules: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let flat = root.replace('\n', " ");
    for part in flat.split("use ").skip(1) {
        let part = part
            .split(';')
            .next()
            .unwrap_or_default()
            .trim_start_matches("crate::")
            .trim_start_matches("self::");
        let Some((module, rest)) = part.split_once("::") else { continue };
        if modules.contains(module) {
            for name in rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|name| !name.is_empty())
            {
                names.insert(name.to_owned(), module.to_owned());
            }
        }
    }
    names
}

/// First segments after `crate::`, also in `crate::{a::B, c::D}`.
fn crate_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let ident = |text: &str| -> String {
            text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut start) = (0_usize, 0);
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => {
                        found.push(ident(&list[start..i]));
                        break;
                    }
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.push(ident(&list[start..i]));
                        start = i + 1;
                    }
                    _ => {}
                }
            }
        } else {
            found.push(ident(rest));
        }
    }
    found
}

/// First segments after as many `super::` as lead from the file to the crate's root.
fn climbing_paths(path_in_src: &str, code: &str) -> Vec<String> {
    let levels = path_in_src.split('/').count() - usize::from(path_in_src.ends_with("/mod.rs"));
    let climb = "super::".repeat(levels);
    let starts = code.match_indices(&climb).filter(|(at, _)| {
        !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    });
    // Read as if the climb were spelt `crate::`, up to the statement's end.
    starts
        .flat_map(|(at, _)| {
            let rest = code[at + climb.len()..].split(';').next().unwrap_or_default();
            crate_paths(&["crate::", rest].concat())
        })
        .collect()
}

fn graph(tree: &Tree, name: &str) -> Graph {
    let prefix = format!("crates/{name}/src/");
    let files: Vec<(&str, &str)> = tree
        .sources()
        .filter_map(|(path, text)| path.strip_prefix(&prefix).map(|rest| (rest, text)))
        .filter(|(rest, _)| !is_tests(&format!("/{rest}")))
        .collect();
    let modules: BTreeSet<String> = files.iter().filter_map(|(rest, _)| module_of(rest)).collect();
    let root = files.iter().find(|(rest, _)| *rest == "lib.rs").map_or("", |(_, text)| *text);
    let names = re_exports(root, &modules);
    let mut graph = Graph::new();
    for (rest, text) in files {
        let Some(module) = module_of(rest) else { continue };
        let code: Vec<&str> = without_tests(text)
            .into_iter()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect();
        let code = code.join("\n");
        for path in crate_paths(&code).into_iter().chain(climbing_paths(rest, &code)) {
            let target = if modules.contains(&path) { Some(&path) } else { names.get(&path) };
            if let Some(target) = target.filter(|target| **target != module) {
                graph.entry(module.clone()).or_default().insert(target.clone());
            }
        }
    }
    graph
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
    CHECKED
        .iter()
        .filter_map(|name| {
            let knot = knot(graph(tree, name));
            (!knot.is_empty()).then(|| format!("{name}: modules in or above a cycle: {knot:?}"))
        })
        .collect()
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
    let knot = knot(graph(&tree, "engine"));
    assert_eq!(knot.keys().collect::<Vec<_>>(), ["a", "b"]);
}
