//! The sandbox over HTTP: what ordinary report SQL needs goes on working, what is refused is named.

use serde_json::{Value, json};

use crate::harness::TestApp;

fn rows(app: &TestApp, sql: &str) -> Value {
    let reply = app.post("tiny", &json!({ "sql": sql }));
    assert_eq!(reply.status, 200, "{}", reply.text().chars().take(500).collect::<String>());
    reply.rows()
}

#[test]
fn ordinary_report_sql() {
    let app = TestApp::start(&[]).ready();
    let union: Vec<_> = (0..40).map(|n| format!("SELECT {n} AS n")).collect();
    let sql = format!("SELECT count(*), sum(n) FROM ({})", union.join(" UNION "));
    assert_eq!(rows(&app, &sql), json!([[40, 780]]));

    let columns: Vec<_> = (0..1500).map(|n| format!("{n} AS c{n}")).collect();
    let wide = rows(&app, &format!("SELECT {}", columns.join(",")));
    assert_eq!(wide[0].as_array().map(Vec::len), Some(1500));
    assert_eq!(wide[0][1499], 1499);

    let values: Vec<_> = (0..20_000).map(|n| format!("({:07})", 1_000_000 + n)).collect();
    let sql = format!("SELECT count(*) FROM (VALUES {})", values.join(","));
    assert!(sql.len() > 190_000 && sql.len() < 210_000, "{}", sql.len());
    assert_eq!(rows(&app, &sql), json!([[20_000]]));

    let sql = "WITH RECURSIVE months(m) AS (SELECT '2026-01-01' UNION ALL \
               SELECT date(m, '+1 month') FROM months WHERE m < '2026-12-01') \
               SELECT count(*), max(m) FROM months";
    assert_eq!(rows(&app, sql), json!([[12, "2026-12-01"]]));

    let sql = "CREATE VIRTUAL TABLE temp.words USING fts5(text); \
               INSERT INTO words VALUES ('paper jam'), ('toner low'), ('paper out'); \
               SELECT highlight(words, 0, '[', ']') FROM words('paper') ORDER BY rowid";
    assert_eq!(rows(&app, sql), json!([["[paper] jam"], ["[paper] out"]]));
}

#[test]
fn what_is_refused_is_named() {
    let app = TestApp::start(&[]).ready();
    for (sql, name) in [
        ("SELECT load_extension('x')", "load_extension"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("PRAGMA writable_schema = 1", "writable_schema"),
        ("PRAGMA journal_mode = OFF", "journal_mode"),
        ("PRAGMA mmap_size = 100000", "mmap_size"),
        ("PRAGMA cache_size = -1000000", "cache_size"),
        ("PRAGMA temp_store = MEMORY", "temp_store"),
        ("VACUUM INTO '/tmp/there'", "/tmp/there"),
        ("ATTACH '/etc/passwd' AS x", "/etc/passwd"),
        ("CREATE VIRTUAL TABLE x USING fts4(a)", "fts4"),
    ] {
        let detail = app.sql("tiny", sql).problem(403, "sql_not_allowed");
        assert!(detail.contains(name), "{sql}: {detail}");
    }
    let sql = "ATTACH ':memory:' AS m; CREATE TABLE m.t(a); INSERT INTO m.t VALUES (5); \
               SELECT a FROM m.t";
    assert_eq!(rows(&app, sql), json!([[5]]));
}
