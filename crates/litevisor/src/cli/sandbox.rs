//! `litevisor sandbox`: what a tenant's SQL may do. docs/sandbox.md is the same text.

use std::process::ExitCode;

use engine::sandbox::{Kind, rules};

use super::{Failure, terminal};

const HEAD: &str = "\
# What a tenant's SQL may do

What stands here as allowed is allowed, and everything else is refused with \
[`sql_not_allowed`](errors/sql_not_allowed.md), which names what was refused. This page is what \
`litevisor sandbox` prints. How to write SQL for Litevisor is in [sql.md](sql.md), how much a \
statement may take in [limits.md](limits.md).
";

const KINDS: &[(Kind, &str, &str)] = &[
    (Kind::Action, "Actions", "What a statement does, by the names of SQLite's authorizer."),
    (Kind::Function, "Functions", "Operators such as `LIKE` and `->` are functions."),
    (
        Kind::Pragma,
        "PRAGMAs",
        "As statements and as table-valued functions (`pragma_table_info('devices')`) alike.",
    ),
    (Kind::Module, "Modules of virtual tables", "For `CREATE VIRTUAL TABLE`, or read as they are."),
];

pub(super) fn run() -> Result<ExitCode, Failure> {
    terminal::print(&page())?;
    Ok(ExitCode::SUCCESS)
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (kind, title, about) in KINDS {
        page.push_str(&format!(
            "\n## {title}\n\n{about}\n\n| names | verdict | why |\n|---|---|---|\n"
        ));
        for rule in rules().iter().filter(|rule| rule.kind == *kind) {
            let names: Vec<_> =
                rule.names.split_whitespace().map(|name| format!("`{name}`")).collect();
            let (names, verdict) = (names.join(" "), rule.verdict.words());
            page.push_str(&format!("| {names} | {verdict} | {} |\n", rule.why));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_what_is_printed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sandbox.md");
        let page = super::page();
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(path, &page).expect("written");
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page,
            "docs/sandbox.md is stale: UPDATE_SNAPSHOTS=1 cargo test -p litevisor"
        );
    }
}
