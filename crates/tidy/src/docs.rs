//! What the code has, the docs have: every error code a page, every limit a row, every link a
//! target. (Settings, metrics and routes are held against their pages by `litevisor`'s own tests,
//! which can ask the code itself.)

use std::collections::BTreeSet;

use crate::tree::Tree;
use crate::{Violations, assert_none};

fn error_pages(tree: &Tree) -> Violations {
    let list = tree.text("crates/model/src/error.rs").unwrap_or_default();
    let codes: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| {
            line.split_once("= \"")?.1.split_once("\", retryable:").map(|(slug, _)| slug)
        })
        .collect();
    let pages: BTreeSet<&str> = tree
        .files()
        .filter_map(|(path, _)| path.strip_prefix("docs/errors/")?.strip_suffix(".md"))
        .filter(|name| *name != "README")
        .collect();
    let mut broken: Violations =
        codes.difference(&pages).map(|code| format!("docs/errors/{code}.md is missing")).collect();
    broken.extend(
        pages.difference(&codes).map(|page| format!("docs/errors/{page}.md is of no code")),
    );
    for page in &pages {
        let text = tree.text(&format!("docs/errors/{page}.md")).unwrap_or_default();
        let examples = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        let is_of = |example: &str| example.contains(&format!("\"code\":\"{page}\""));
        if examples.filter(|example| is_of(example)).count() != 1 {
            broken.push(format!("docs/errors/{page}.md does not show one body with its code"));
        }
    }
    let index = tree.text("docs/errors/README.md").unwrap_or_default();
    broken.extend(
        codes
            .iter()
            .filter(|code| !index.contains(&format!("]({code}.md)")))
            .map(|code| format!("docs/errors/README.md does not list {code}")),
    );
    if codes.is_empty() {
        broken.push("no error codes were found".into());
    }
    broken
}

/// A bound as `limits.rs` has it: name, value, and the doc comment above.
struct Limit {
    name: String,
    value: String,
    why: String,
    section: String,
}

fn read_limits(list: &str) -> Vec<Limit> {
    let (mut found, mut why, mut section) = (Vec::new(), Vec::new(), String::new());
    for line in list.lines() {
        if let Some(title) = line.strip_prefix("// --- ") {
            section = title.trim_end_matches(['-', ' ']).to_owned();
        } else if let Some(doc) = line.strip_prefix("/// ") {
            why.push(doc.to_owned());
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let name = rest.split(':').next().unwrap_or_default().to_owned();
            let value = rest
                .split_once("= ")
                .map_or("", |(_, value)| value.trim_end_matches(';'))
                .to_owned();
            found.push(Limit { name, value, why: why.join(" "), section: section.clone() });
            why.clear();
        } else if line.is_empty() {
            why.clear();
        }
    }
    found
}

/// The page that the limits make.
fn limits_page(list: &str) -> String {
    let mut page = String::from(
        "# Operating limits\n\nEvery bound of the program, as `crates/model/src/limits/` has it (this page is made \
         from there: `UPDATE_SNAPSHOTS=1 cargo test -p tidy`). The last word of a name is its unit. Those that are \
         settings are explained in [configuration](configuration.md).\n",
    );
    let mut section = String::new();
    for limit in read_limits(list) {
        if limit.section != section {
            section.clone_from(&limit.section);
            page += &format!("\n## {section}\n\n| bound | value | why |\n|---|---|---|\n");
        }
        let why = limit.why.replace('|', "\\|").replace("[`", "`").replace("`]", "`");
        page += &format!("| `{}` | `{}` | {why} |\n", limit.name, limit.value);
    }
    page
}

/// Where the limits are: the file, and its rooms by layer.
const LIMITS: &str = "crates/model/src/limits";

/// All of the limits' text, the layers' rooms in the order of their names after the common part.
fn limits_text(tree: &Tree) -> String {
    let mut files: Vec<_> = tree.sources().filter(|(path, _)| path.starts_with(LIMITS)).collect();
    files.sort_by_key(|(path, _)| (path.matches('/').count(), path.to_string()));
    files.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

fn unused_limits(tree: &Tree) -> Violations {
    let list = &limits_text(tree);
    let mut broken = Violations::new();
    for limit in read_limits(list) {
        let elsewhere = tree
            .sources()
            .any(|(path, text)| !path.starts_with(LIMITS) && text.contains(limit.name.as_str()));
        if !elsewhere && list.matches(limit.name.as_str()).count() < 2 {
            broken.push(format!("limits.rs: {} bounds nothing", limit.name));
        }
        if limit.why.is_empty() {
            broken.push(format!("limits.rs: {} says no reason", limit.name));
        }
    }
    broken
}

fn links(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
            for part in file.split('/').filter(|part| !part.is_empty() && *part != ".") {
                if part == ".." {
                    parts.pop();
                } else {
                    parts.push(part);
                }
            }
            let wanted = parts.join("/");
            if !tree
                .files()
                .any(|(path, _)| path == wanted || path.starts_with(&format!("{wanted}/")))
            {
                broken.push(format!("{path}: the link to {target} leads nowhere"));
            }
        }
    }
    broken
}

/// What `docs/security.md` names as shown, without being there: tests, files, targets of `make`.
fn claims(tree: &Tree) -> Violations {
    let mut broken = Violations::new();
    let page = tree.text("docs/security.md").unwrap_or_default();
    let table = page.split("\n## ").find(|part| part.starts_with("What stops them"));
    let rows = table.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
    let rows = rows.skip(1).filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
    let makefile = format!("\n{}", tree.text("Makefile").unwrap_or_default());
    let mut shown = 0;
    for (row, cell) in rows {
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        let mut proofs = 0;
        for name in names {
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let is_test = name.contains('_') && name.chars().all(word);
            let there = if let Some(target) = name.strip_prefix("make ") {
                makefile.contains(&format!("\n{target}:"))
            } else if is_test {
                let head = format!("fn {name}(");
                tree.files().any(|(path, text)| path.ends_with(".rs") && text.contains(&head))
            } else if name.contains(['/', '.']) {
                let part = format!("/{name}");
                tree.files().any(|(path, _)| path.contains(&part) || path.starts_with(name))
            } else {
                continue;
            };
            proofs += usize::from(is_test || !name.ends_with(".sql"));
            if !there {
                broken.push(format!("docs/security.md: there is no {name}"));
            }
        }
        if proofs == 0 {
            broken.push(format!("docs/security.md: nothing shows {row}"));
        }
        shown += proofs;
    }
    if shown == 0 {
        broken.push("docs/security.md: no tests were found".into());
    }
    broken
}

#[test]
fn what_stops_an_attempt_is_shown_by_tests_that_exist() {
    assert_none(&claims(&Tree::here()));
    let page = "x\n## What stops them\n| attempt | by | shown by |\n|---|---|---|\n| a | b | `a_test`, `no_test` |\n\
                | c | d | `a.sql` |\n| e | f | `make it`, `make not` |\n## Else\n";
    let tree = Tree::of(&[
        ("docs/security.md", page),
        ("x/a.rs", "fn a_test() {}"),
        ("Makefile", "it:\n"),
    ]);
    // A test, a file and a target that are not there; and a row without any proof.
    assert_eq!(claims(&tree).len(), 4, "{:?}", claims(&tree));
}

#[test]
fn every_error_code_has_its_page() {
    assert_none(&error_pages(&Tree::here()));
}

#[test]
fn every_limit_bounds_something() {
    assert_none(&unused_limits(&Tree::here()));
}

#[test]
fn every_limit_is_documented() {
    let tree = Tree::here();
    let page = limits_page(&limits_text(&tree));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md");
        std::fs::write(path, &page).expect("docs/limits.md can be written");
    } else {
        let there = tree.text("docs/limits.md").unwrap_or_default();
        assert!(there == page, "docs/limits.md is stale: UPDATE_SNAPSHOTS=1 cargo test -p tidy");
    }
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(&links(&Tree::here()));
}

#[test]
fn gaps_are_seen() {
    let tree = Tree::of(&[
        ("crates/model/src/error.rs", "    A = \"a_code\", retryable: true;\n"),
        ("docs/errors/c_code.md", "```json\n{\"code\":\"a_code\"}\n```\n"),
        ("docs/errors/b_code.md", "see [there](../nowhere.md) and [here](a.md#x)\n"),
        ("crates/model/src/limits.rs", "pub const ROWS_MAX: u64 = 1;\n"),
    ]);
    // One page missing, two of no code, two without an example of their own, one not listed.
    assert_eq!(error_pages(&tree).len(), 6, "{:?}", error_pages(&tree));
    assert_eq!(unused_limits(&tree).len(), 2, "unused and without a reason");
    assert_eq!(links(&tree).len(), 2);
}
