//! The replacements against SQLite's own, on a connection that has only those; and what they charge.

use std::fmt::Write as _;

use model::{Account, ErrorCode, Monotonic};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::PageSize;
use crate::fixture::{Bench, fleet_image};

/// SQLite's own and ours.
struct Pair {
    own: Connection,
    ours: Bench,
}

impl Pair {
    fn new() -> Pair {
        crate::init().expect("SQLite as it is configured");
        let own = Connection::open_in_memory().expect("a plain connection");
        Pair { own, ours: Bench::new(fleet_image(PageSize::Tiny, &[])) }
    }

    /// Type and bytes of what both give.
    fn both(&self, call: &str) -> [String; 2] {
        let sql = format!("SELECT typeof(v) || hex(v) || length(v) FROM (SELECT {call} AS v)");
        let own = self.own.query_row(&sql, [], |row| row.get::<_, Option<String>>(0));
        let own = own.expect(call).unwrap_or("NULL".to_owned());
        let ours = self.ours.rows(&sql);
        [own, ours.concat()]
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Few different bytes, so that they often meet: letters, NUL, whole characters and parts of some.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b"a",
        b"b",
        b" ",
        b"1",
        b".",
        b"\0",
        "é".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        b"\xc3",
        b"\xa9",
        b"\x82\xac",
        b"\xe2\x82",
        b"\xff",
        b"\xc3\xa9\xa9\xa9\xa9",
    ];
    prop::collection::vec(prop::sample::select(PARTS), 0..9).prop_map(|parts| parts.concat())
}

/// An expression for a value of any type.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => bytes().prop_map(|bytes| format!("CAST(x'{}' AS TEXT)", hex(&bytes))),
        3 => bytes().prop_map(|bytes| format!("x'{}'", hex(&bytes))),
        1 => Just("NULL".to_owned()),
        1 => (-20i64..20).prop_map(|n| n.to_string()),
        1 => (-20i32..20).prop_map(|n| format!("{:?}", f64::from(n) / 8.0)),
        1 => (0..4).prop_map(|n| format!("zeroblob({n})")),
    ]
}

const CALLS: &[&str] = &[
    "trim(A)",
    "ltrim(A)",
    "rtrim(A)",
    "trim(A, B)",
    "ltrim(A, B)",
    "rtrim(A, B)",
    "instr(A, B)",
    "replace(A, B, C)",
    "unhex(A)",
    "unhex(A, B)",
    "unhex(hex(A) || B, C)",
    // The arguments stay what they are.
    "typeof(B) || instr(A, B) || typeof(B) || quote(A)",
    // From columns, and where a call is a constant of many rows.
    "(select hex(group_concat(replace(v, B, C))) || sum(instr(v, B)) \
     from (select A as v union all select B))",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn they_give_what_sqlites_own_give(values in prop::collection::vec((value(), value(), value()), 1..4)) {
        thread_local! {
            static PAIR: Pair = Pair::new();
        }
        PAIR.with(|pair| {
            for (a, b, c) in &values {
                for call in CALLS {
                    let call: String = call.chars().map(|letter| match letter {
                        'A' => a.clone(),
                        'B' => b.clone(),
                        'C' => c.clone(),
                        other => other.to_string(),
                    }).collect();
                    let [own, ours] = pair.both(&call);
                    prop_assert_eq!(own, ours, "{}", call);
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn long_arguments_give_the_same_too() {
    let pair = Pair::new();
    for call in [
        "trim(printf('%.*c', 3000, 'a') || 'x' || printf('%.*c', 3000, 'é'), 'bcdeaéfg')",
        "replace(printf('%.*c', 9000, 'a'), 'aa', 'b')",
        "replace(printf('%.*c', 9000, 'a'), 'a', 'bcd')",
        "instr(printf('%.*c', 9000, 'é') || 'ab', 'éab')",
        // Enough different characters for the table to grow.
        "trim((SELECT group_concat(char(value), '') FROM generate_series(1000, 3000)), \
         (SELECT group_concat(char(value), '') FROM generate_series(1200, 3000)) || char(1000))",
    ] {
        let plain = "(WITH RECURSIVE g(value) AS (SELECT START UNION ALL SELECT value + 1 FROM g WHERE value < 3000) SELECT * FROM g)";
        let call = ["1000", "1200"].iter().fold(call.to_owned(), |call, start| {
            call.replace(&format!("generate_series({start}, 3000)"), &plain.replace("START", start))
        });
        let [own, ours] = pair.both(&call);
        assert_eq!(own, ours, "{call}");
    }
}

#[test]
fn a_result_beyond_the_longest_value_is_refused() {
    let mut bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    bench.limits.row_bytes_max = 100_000;
    let rows = bench.rows("SELECT length(replace(printf('%.*c', 50000, 'a'), 'a', 'bb'))");
    assert_eq!(rows, ["100000"]);
    let error = bench.error("SELECT length(replace(printf('%.*c', 50001, 'a'), 'a', 'bb'))");
    assert_eq!(error.code, ErrorCode::ResultTooLarge, "{error}");
}

#[test]
fn their_memory_is_charged() {
    let mut bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    bench.limits.row_bytes_max = 1 << 26;
    bench.heap = Account::root(4 << 20);
    let fits = "SELECT length(replace(printf('%.*c', 200000, 'a'), 'a', 'bb'))";
    assert_eq!(bench.rows(fits), ["400000"]);
    let error =
        bench.error("SELECT length(replace(printf('%.*c', 200000, 'a'), 'a', hex(zeroblob(50))))");
    assert_eq!(error.code, ErrorCode::QueryMemoryExceeded, "{error}");
}

#[test]
fn a_long_one_ends_at_its_deadline() {
    let mut bench = Bench::new(fleet_image(PageSize::Tiny, &[]));
    for sql in [
        // No character is as long as the first one, so that all are tried one after another.
        "SELECT trim(printf('%.*c', 100000, 'a'), \
         CAST(x'c3a9a9a9a9a9' AS TEXT) || printf('%.*c', 20, 'b') || 'a')",
        "SELECT trim(printf('%.*c', 900000, 'a'), 'a')",
        "SELECT trim('b', printf('%.*c', 900000, 'a'))",
        "SELECT replace(printf('%.*c', 900000, 'a'), 'a', 'b')",
        "SELECT unhex(printf('%.*c', 300, 'z'), printf('%.*c', 9000, 'y') || 'z')",
    ] {
        bench.deadline = Monotonic(u64::MAX);
        bench.rows(sql);
        // The bench's clock goes on by a millisecond a look, and these are a few VM steps.
        bench.deadline = Monotonic((bench.looks() + 4) * 1_000_000);
        assert_eq!(bench.error(sql).code, ErrorCode::QueryTimeout, "{sql}");
    }
}
