//! Tests of the functions, and of what SQLite is compiled with.

use crate::PageSize;
use crate::fixture::{Bench, fleet_image};

#[test]
fn generate_series_counts() {
    let bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    let cases = [
        ("SELECT group_concat(value) FROM generate_series(1, 5)", "1,2,3,4,5"),
        ("SELECT group_concat(value) FROM generate_series(1, 10, 4)", "1,5,9"),
        ("SELECT group_concat(value) FROM generate_series(3, 1, -1)", "3,2,1"),
        ("SELECT count(*) FROM generate_series(5, 1)", "0"),
        ("SELECT count(*) FROM generate_series(1, NULL)", "0"),
        ("SELECT group_concat(value) FROM generate_series(7, 9, 0)", "7,8,9"),
        (
            "SELECT max(value) FROM generate_series(9223372036854775800, 9223372036854775807, 5)",
            "9223372036854775805",
        ),
        ("SELECT sum(value) FROM generate_series WHERE start = 2 AND stop = 4", "9"),
        ("SELECT sum(b.value) FROM generate_series(1, 3) a, generate_series(1, a.value) b", "10"),
        ("SELECT value FROM generate_series(5) LIMIT 1", "5"),
    ];
    for (sql, wanted) in cases {
        assert_eq!(bench.rows(sql), [wanted], "{sql}");
    }
    bench.error("SELECT * FROM generate_series");
}

#[test]
fn regexp_matches() {
    let bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    let cases = [
        ("SELECT 'abc' REGEXP '^a.c$'", "1"),
        ("SELECT 'abc' REGEXP 'd'", "0"),
        ("SELECT 'Straße' REGEXP '(?i)STRAßE'", "1"),
        ("SELECT NULL REGEXP 'a'", "NULL"),
        ("SELECT 'a' REGEXP NULL", "NULL"),
        ("SELECT 123 REGEXP '^\\d+$'", "1"),
        (
            "SELECT sum('a' || value REGEXP 'a' || (value % 40)) \
             = sum(instr('a' || value, 'a' || (value % 40)) > 0) FROM generate_series(1, 400)",
            "1",
        ),
    ];
    for (sql, wanted) in cases {
        assert_eq!(bench.rows(sql), [wanted], "{sql}");
    }
    assert!(bench.error("SELECT 'a' REGEXP '('").message.contains("regexp"));
    assert!(bench.error("SELECT 'a' REGEXP '\\w{9}{9}{99}{99}'").message.contains("regexp"));
}

#[test]
fn to_zone_gives_local_time() {
    let bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    let cases = [
        (
            "SELECT to_zone('2026-07-01T23:30:00.125Z', 'Europe/Amsterdam')",
            "2026-07-02T01:30:00.125",
        ),
        ("SELECT date(to_zone('2026-01-01 23:30', 'Europe/Amsterdam'))", "2026-01-02"),
        ("SELECT to_zone('2026-01-01', 'America/New_York')", "2025-12-31T19:00:00.000"),
        ("SELECT to_zone(0, 'Asia/Tokyo')", "1970-01-01T09:00:00.000"),
        ("SELECT to_zone('2026-01-01T00:00:00+05:00', 'UTC')", "2025-12-31T19:00:00.000"),
        ("SELECT to_zone(NULL, 'UTC')", "NULL"),
        ("SELECT to_zone('yesterday', 'UTC')", "NULL"),
        ("SELECT to_zone(1, NULL)", "NULL"),
    ];
    for (sql, wanted) in cases {
        assert_eq!(bench.rows(sql), [wanted], "{sql}");
    }
    assert!(bench.error("SELECT to_zone(0, 'Mars/Olympus')").message.contains("IANA"));
    assert_eq!(
        bench.rows("CREATE VIEW v AS SELECT to_zone(0, 'UTC') AS t; SELECT t FROM v").len(),
        1
    );
}

#[test]
fn sqlite_is_compiled_as_the_interface_says() {
    let bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    let options = bench.rows("SELECT compile_options FROM pragma_compile_options");
    let has = |option: &str| options.iter().any(|o| o == option);
    for wanted in [
        "ENABLE_MATH_FUNCTIONS",
        "ENABLE_FTS5",
        "ENABLE_RTREE",
        "ENABLE_PERCENTILE",
        "ENABLE_COLUMN_METADATA",
        "OMIT_LOAD_EXTENSION",
        "OMIT_SHARED_CACHE",
        "TEMP_STORE=1",
        "MAX_MMAP_SIZE=0",
        "DEFAULT_CACHE_SIZE=-250",
    ] {
        assert!(has(wanted), "{wanted} is missing from {options:?}");
    }
    for unwanted in
        ["ENABLE_DBSTAT_VTAB", "ENABLE_LOAD_EXTENSION", "USE_URI", "OMIT_JSON", "OMIT_WINDOWFUNC"]
    {
        assert!(!options.iter().any(|o| o.starts_with(unwanted)), "{unwanted} is set");
    }
    let limit = model::limits::READER_CACHE_KIBIBYTES;
    assert!(has(&format!("DEFAULT_CACHE_SIZE=-{limit}")));
    let sql = "SELECT sqrt(4.0), percentile(value, 50), json_extract('{\"a\":1}', '$.a') \
               FROM generate_series(1, 3)";
    assert_eq!(bench.rows(sql), ["2.0|2.0|1"]);
    let sql = "SELECT sum(value) OVER (ORDER BY value) FROM generate_series(1, 3)";
    assert_eq!(bench.rows(sql), ["1", "3", "6"]);
}
