//! The list against the linked SQLite, and what is refused against the real authorizer.

use std::collections::BTreeSet;

use model::ErrorCode;

use super::{ACTIONS, Kind, Verdict, find, rules};
use crate::PageSize;
use crate::fixture::{Bench, fleet_image};

fn bench() -> Bench {
    Bench::new(fleet_image(PageSize::Tiny, &[0, 1]))
}

/// What the linked SQLite knows and the table does not.
fn unnamed(bench: &Bench, kind: Kind, sql: &str) -> Vec<String> {
    let names = bench.rows(sql);
    assert!(!names.is_empty(), "{sql}");
    names.into_iter().filter(|name| find(kind, name).is_none()).collect()
}

#[test]
fn all_that_the_linked_sqlite_knows_is_allowed_or_refused_by_name() {
    let bench = bench();
    let none: [String; 0] = [];
    let functions = "SELECT DISTINCT name FROM pragma_function_list";
    assert_eq!(unnamed(&bench, Kind::Function, functions), none);
    assert_eq!(unnamed(&bench, Kind::Pragma, "SELECT name FROM pragma_pragma_list"), none);
    // Tables of PRAGMAs are modules by the PRAGMA's name; the PRAGMA is asked about when read.
    let modules =
        "SELECT name FROM pragma_module_list WHERE name NOT LIKE 'pragma\\_%' ESCAPE '\\'";
    assert_eq!(unnamed(&bench, Kind::Module, modules), none);
    // SQLite registers these when they are first read.
    for module in ["json_each", "json_tree", "jsonb_each", "jsonb_tree"] {
        bench.rows(&format!("SELECT * FROM {module}('[1]')"));
        assert!(find(Kind::Module, module).is_some(), "{module}");
    }
}

#[test]
fn every_question_of_the_authorizer_has_its_rule() {
    for (code, name) in ACTIONS {
        assert!(find(Kind::Action, name).is_some(), "{code} {name}");
    }
    let codes: BTreeSet<_> = ACTIONS.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.len(), ACTIONS.len());
    assert_eq!(codes, (0..=33).collect(), "SQLite's interface numbers them so");
    assert!(super::refused_action(34).is_some(), "what SQLite may ask one day");
}

#[test]
fn each_name_has_one_rule_and_each_rule_a_reason() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        assert!(!rule.why.is_empty());
        let settable = matches!(rule.verdict, Verdict::Allowed | Verdict::Refused);
        assert!(settable || rule.kind == Kind::Pragma, "{rule:?}");
        for name in rule.names.split_whitespace() {
            assert_eq!(name, name.to_lowercase());
            assert!(seen.insert((rule.kind, name)), "{name} twice");
        }
    }
}

/// Statements that are refused, and what the message must name.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT load_extension('x')", "load_extension"),
    ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
    ("SELECT Fts3_Tokenizer('simple', x'00')", "fts3_tokenizer"),
    ("SELECT sqlite_log(1, 'x')", "sqlite_log"),
    ("SELECT fts5(NULL)", "fts5"),
    ("SELECT rtreenode(2, x'00')", "rtreenode"),
    ("CREATE VIRTUAL TABLE f USING fts3(a)", "fts3"),
    ("CREATE VIRTUAL TABLE temp.f USING FTS4(a)", "FTS4"),
    ("CREATE VIRTUAL TABLE f USING anything(a)", "anything"),
    ("SELECT * FROM fts3tokenize('simple')", "fts3tokenize"),
    ("ATTACH '/tmp/x' AS y", "/tmp/x"),
    ("ATTACH 'file:x?vfs=unix' AS y", "file:x"),
    ("ATTACH 'x' || 'y' AS y", "an expression"),
    ("VACUUM INTO '/tmp/x'", "/tmp/x"),
    ("PRAGMA writable_schema = 1", "writable_schema"),
    ("PRAGMA main.Writable_Schema(RESET)", "Writable_Schema"),
    ("PRAGMA journal_mode = OFF", "journal_mode"),
    ("PRAGMA mmap_size = 1000000", "mmap_size"),
    ("PRAGMA cache_size = -1000000", "cache_size"),
    ("PRAGMA temp_store = 2", "temp_store"),
    ("PRAGMA temp_store_directory", "temp_store_directory"),
    ("PRAGMA page_size = 512", "page_size"),
    ("PRAGMA max_page_count = 1", "max_page_count"),
    ("PRAGMA wal_checkpoint", "wal_checkpoint"),
    ("PRAGMA locking_mode = NORMAL", "locking_mode"),
    ("PRAGMA soft_heap_limit = 1", "soft_heap_limit"),
    ("PRAGMA vdbe_trace = 1", "vdbe_trace"),
    ("PRAGMA no_such_thing", "no_such_thing"),
    ("PRAGMA foreign_keys = 'nonsense'", "on or off"),
    ("PRAGMA user_version = 'nonsense'", "whole number"),
];

#[test]
fn what_is_refused_is_named() {
    let bench = bench();
    for (sql, name) in REFUSED {
        let error = bench.error(sql);
        assert_eq!(error.code, ErrorCode::SqlNotAllowed, "{sql}: {error}");
        assert!(error.message.contains(name), "{sql}: {error}");
    }
}

#[test]
fn what_a_report_needs_is_allowed() {
    let bench = bench();
    for sql in [
        "SELECT count(*) FROM pragma_table_info('devices')",
        "PRAGMA table_info(devices)",
        "PRAGMA journal_mode",
        "PRAGMA Foreign_Keys = ON; PRAGMA foreign_keys",
        "PRAGMA user_version = 7",
        "CREATE TEMP TABLE p(a PRIMARY KEY); CREATE TEMP TABLE c(a REFERENCES p); \
         PRAGMA foreign_keys = off; INSERT INTO c VALUES (1)",
        "PRAGMA main.optimize(0x10002)",
        "PRAGMA main.integrity_check(5)",
        "SELECT * FROM pragma_foreign_key_check",
        "VACUUM",
        "ATTACH ':memory:' AS m; CREATE TABLE m.t(a); DETACH m",
        "ALTER TABLE devices ADD COLUMN x; ALTER TABLE devices RENAME COLUMN x TO y; \
         ALTER TABLE devices DROP COLUMN y; ALTER TABLE devices RENAME TO machines",
        "CREATE TEMP TABLE t(a NOT NULL, CONSTRAINT c CHECK (a > 0)); \
         ALTER TABLE t ALTER COLUMN a DROP NOT NULL; ALTER TABLE t DROP CONSTRAINT c",
        "CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES ('one two'); \
         SELECT highlight(f, 0, '<', '>'), bm25(f), snippet(f, 0, '', '', '', 3) FROM f('one')",
        "CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f VALUES ('one two'); \
         CREATE VIRTUAL TABLE temp.v USING fts5vocab(f, row); SELECT * FROM v",
        "CREATE VIRTUAL TABLE temp.r USING rtree_i32(id, a, b); INSERT INTO r VALUES (1, 2, 3)",
        "SELECT value FROM json_tree('[1, [2]]')",
        "ANALYZE main; SELECT count(*) FROM sqlite_stat1",
        "REINDEX devices",
    ] {
        bench.rows(sql);
    }
}
