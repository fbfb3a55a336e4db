//! A run ends at its deadline also where SQLite never comes to the progress handler. The clock of
//! these tests goes on by a millisecond at each look.

use model::Monotonic;

use super::*;

/// So many looks until the time is over.
const LOOKS: u64 = 50;

#[test]
fn what_allocates_ends_between_two_looks_of_the_progress_handler() {
    let functions = vec!["length(hex(zeroblob(1000000)))"; 150].join(",");
    let list: Vec<_> = (0..30_000).map(|n| n.to_string()).collect();
    for sql in [
        format!("SELECT {functions}"),
        format!("SELECT 1 WHERE 5 IN ({})", list.join(",")),
        // It writes, so it starts over on a scratch.
        format!("CREATE TABLE t AS SELECT {functions}"),
    ] {
        let mut bench = bench();
        bench.limits.row_bytes_max = 64 << 20;
        bench.deadline = Monotonic(LOOKS * 1_000_000);
        let error = bench.error(&sql);
        assert_eq!(error.code, ErrorCode::QueryTimeout, "{}: {error:?}", &sql[..60]);
        bench.deadline = Monotonic(u64::MAX);
        assert!(!bench.rows(&sql.replace("CREATE TABLE t AS", "")).is_empty(), "there is time");
        bench.image.parked(Vec::clear);
        assert_eq!(bench.heap.used(), 0);
    }
}

#[test]
fn short_statements_end_between_one_another() {
    let mut bench = bench();
    bench.deadline = Monotonic(LOOKS * 1_000_000);
    let many = "SELECT 1;".repeat(usize::try_from(LOOKS).unwrap());
    assert_eq!(bench.error(&many).code, ErrorCode::QueryTimeout);
    let mut bench = Bench { deadline: Monotonic(u64::MAX), ..bench };
    assert_eq!(bench.rows(&many), ["1"]);
    bench.deadline = Monotonic(0);
    assert_eq!(bench.error("SELECT 1").code, ErrorCode::QueryTimeout);
}

#[test]
fn row_numbers_that_are_used_up_are_the_statement_s_fault() {
    let error = bench().error(
        "CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (9223372036854775807); \
         INSERT INTO t VALUES (NULL)",
    );
    assert_eq!(error.code, ErrorCode::SqlError, "{error:?}");
}
