//! Looks within SQLite's own long loops: each of these statements goes on for long within one VM step,
//! without allocating. The clock goes on by a millisecond at each look.

use model::{ErrorCode, Monotonic};

use super::tests::bench;

/// Looks that the long step must come to. Reading what it works on comes to some dozens.
const LOOKS: u64 = 400;

/// `query` ends at a deadline that passes [`LOOKS`] looks after `setup`.
fn ends(setup: &str, query: &str) {
    ends_after(LOOKS, setup, query);
}

fn ends_after(looks: u64, setup: &str, query: &str) {
    let mut bench = bench();
    let before = bench.looks();
    if !setup.is_empty() {
        bench.rows(setup);
    }
    let prepared = bench.looks() - before;
    bench.deadline = Monotonic((bench.looks() + prepared + looks) * 1_000_000);
    let sql = format!("{setup}; {query}");
    let error = bench.error(&sql);
    assert_eq!(error.code, ErrorCode::QueryTimeout, "{query}: {error}");
    bench.image.parked(Vec::clear);
    assert_eq!(bench.heap.used(), 0, "{query}");
}

/// One document of `words`, `times` over.
fn document(words: &str, times: u32) -> String {
    format!(
        "CREATE VIRTUAL TABLE temp.f USING fts5(a); \
         INSERT INTO f VALUES (replace(printf('%.*c', {times}, 'x'), 'x', '{words} '))"
    )
}

#[test]
fn snippets_and_highlights_end() {
    let document = document("ab cd", 30_000);
    for what in ["snippet(f, 0, '<', '>', '..', 64)", "highlight(f, 0, '<', '>')", "bm25(f)"] {
        ends(&document, &format!("SELECT {what} FROM f('ab OR cd')"));
    }
}

#[test]
fn documents_that_are_read_for_a_query_end() {
    let document = "CREATE VIRTUAL TABLE temp.f USING fts5(a, columnsize=0, content='t'); \
                    CREATE TEMP TABLE t(a); \
                    INSERT INTO t VALUES (replace(printf('%.*c', 200000, 'x'), 'x', 'ab ') || 'zz'); \
                    INSERT INTO f(rowid, a) SELECT rowid, a FROM t";
    for what in ["snippet(f, 0, '<', '>', '..', 64)", "highlight(f, 0, '<', '>')", "bm25(f)"] {
        ends(document, &format!("SELECT {what} FROM f('zz')"));
    }
}

#[test]
fn phrases_and_words_near_one_another_end() {
    let document = document("ab cd", 100_000);
    ends(&document, "SELECT count(*) FROM f('\"ab cd ab cd ab ab\"')");
    let words = "ab cd ".repeat(30);
    ends(&document, &format!("SELECT count(*) FROM f('NEAR({words}, 3)')"));
    ends(&document, &format!("SELECT count(*) FROM f('NEAR({words}, 100000)')"));
}

#[test]
fn the_sort_of_a_document_s_words_ends() {
    let words = "SELECT group_concat(value, ' ') FROM generate_series(1, 50000)";
    let setup = format!("CREATE VIRTUAL TABLE temp.f USING fts5(a); BEGIN; INSERT INTO f {words}");
    ends(&setup, "COMMIT");
}

#[test]
fn searches_in_json_end() {
    let made = "CREATE TEMP TABLE t AS SELECT json_group_array(value) AS a, \
                json_group_object(value, 1) AS o FROM generate_series(1, 100000)";
    let paths = vec!["'$[#-1]'"; 20].join(",");
    ends(made, &format!("SELECT json_extract(a, {paths}) FROM t"));
    let dots = "CREATE TEMP TABLE t AS SELECT printf('%.*c', 1000000, '.') AS d";
    ends(dots, "SELECT key FROM t, json_tree('{\"' || d || '\":1}', '$.\"' || d || '\"')");
    ends(made, "SELECT sum(json_valid(jsonb(a), 8)) FROM t, generate_series(1, 100)");
    let keys: Vec<_> = (0..20).map(|n| format!("'$.k{n}', 1")).collect();
    ends(made, &format!("SELECT json_insert(o, {}) FROM t", keys.join(",")));
}

#[test]
fn edits_of_large_json_end() {
    let made =
        "CREATE TEMP TABLE t AS SELECT json_group_array(1) AS a FROM generate_series(1, 800000)";
    let paths = vec!["'$[0]'"; 400].join(",");
    ends_after(200, made, &format!("SELECT length(json_remove(a, {paths})) FROM t"));
    let pairs = vec!["'$[0]', 1"; 400].join(",");
    ends_after(200, made, &format!("SELECT length(json_array_insert(a, {pairs})) FROM t"));
}

#[test]
fn a_tokenizer_names_some_characters_only() {
    let bench = bench();
    let table = |count: usize| {
        let characters = "☃".repeat(count);
        format!(
            "CREATE VIRTUAL TABLE temp.f USING fts5(a, tokenize=\"unicode61 tokenchars '{characters}'\")"
        )
    };
    assert_eq!(bench.error(&table(7_000)).code, ErrorCode::SqlError);
    let sql = format!(
        "{}; INSERT INTO f VALUES ('a ☃☃ b'); SELECT highlight(f, 0, '<', '>') FROM f('☃☃')",
        table(1_000)
    );
    assert_eq!(bench.rows(&sql), ["a <☃☃> b"]);
}

#[test]
fn long_values_in_straight_line_code_end() {
    let values = "CREATE TEMP TABLE t AS SELECT printf('%.*c', 4000000, '0') AS a, \
                  printf('%.*c', 4000000, '0') AS b";
    for one in [
        "length(a)",
        "a < b",
        "a < b COLLATE NOCASE",
        "substr(a, -1)",
        "CAST(a AS REAL)",
        "CAST(a AS INTEGER)",
        "a + 1",
        "abs(a)",
    ] {
        ends(values, &format!("SELECT {} FROM t", vec![one; 600].join(",")));
    }
    let blobs = values.replace("printf('%.*c', 4000000, '0')", "zeroblob(4000000) || x'00'");
    ends(&blobs, &format!("SELECT {} FROM t", vec!["a < b"; 600].join(",")));
}

#[test]
fn patterns_of_many_counts_end() {
    let text = "CREATE TEMP TABLE t AS SELECT 'é' || hex(randomblob(500000)) || 'é' AS a";
    for pattern in [r"(0{1,50}){1,50}x", r"[0-7]*0[0-9A-F]{900}é$", r"\b([0-9A-F]{1,40}){9}x\b"] {
        ends(text, &format!("SELECT a REGEXP '{pattern}' FROM t"));
    }
}

#[test]
fn what_is_not_long_alone_ends_between_rows() {
    let rows = "FROM t, generate_series(1, 1000)";
    let text = "CREATE TEMP TABLE t AS SELECT printf('%.*c', 8000, 'a') AS a, \
                zeroblob(2000000) || x'01' AS b";
    for one in [
        "a LIKE '%' || printf('%.*c', 900, 'a') || 'b'",
        "a GLOB '*' || printf('%.*c', 900, 'a') || 'b'",
        "a REGEXP '[ab]*a[ab]{90}b$'",
        "instr(b, x'02')",
    ] {
        ends_after(60, text, &format!("SELECT sum({one}) {rows}"));
    }
}
