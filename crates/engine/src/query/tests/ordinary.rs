//! What the bounds must leave alone: the SQL of ordinary, if large, reports, at the default limits.

use model::limits::{QUERY_HEAP_DEFAULT_BYTES, ROW_BYTES_DEFAULT, SQL_DEFAULT_BYTES};

use super::*;

fn each(count: usize, text: &str, between: &str) -> String {
    (0..count).map(|n| text.replace('#', &n.to_string())).collect::<Vec<_>>().join(between)
}

#[test]
fn large_reports_work() {
    let mut bench = bench();
    bench.heap = Account::root(QUERY_HEAP_DEFAULT_BYTES);
    bench.limits.row_bytes_max = ROW_BYTES_DEFAULT;
    bench.limits.sql_bytes_max = SQL_DEFAULT_BYTES;
    let union = "SELECT device_id, sum(pages) FROM reads WHERE pages % 40 = # GROUP BY 1";
    assert!(!bench.rows(&each(40, union, " UNION ALL ")).is_empty());
    let columns = each(1_500, "sum(pages + #) AS c#", ",");
    assert_eq!(bench.rows(&format!("SELECT {columns} FROM reads")).len(), 1);
    let windows = each(200, "sum(pages) OVER (PARTITION BY device_id ORDER BY pages + #)", ",");
    assert_eq!(bench.rows(&format!("SELECT {windows} FROM reads LIMIT 3")).len(), 3);
    let long =
        format!("SELECT count(*) FROM devices WHERE id IN ({})", each(20_000, "'d#xyz'", ","));
    assert!(long.len() > 200_000);
    assert_eq!(bench.rows(&long), ["0"]);
    let days = "WITH RECURSIVE day(d) AS (VALUES ('2026-01-01') UNION ALL \
                SELECT date(d, '+1 day') FROM day WHERE d < '2026-12-31') SELECT count(*) FROM day";
    assert_eq!(bench.rows(days), ["365"]);
    let search = "CREATE VIRTUAL TABLE temp.f USING fts5(a); INSERT INTO f SELECT id || ' pump' FROM devices; \
                  SELECT count(*) FROM f('pump AND d0003')";
    assert_eq!(bench.rows(search), ["1"]);
    let like =
        "SELECT count(*) FROM devices WHERE id LIKE '%03' AND replace(trim(id), 'd', '') > '0'";
    assert_eq!(bench.rows(like).len(), 1);
}
