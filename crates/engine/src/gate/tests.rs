//! The comparison against SQLite's own, and the gate itself.

use model::{ErrorCode, Monotonic};
use proptest::prelude::*;
use rusqlite::Connection;

use super::pattern::{self, Wildcards};
use crate::fixture::{Bench, Kept, fleet_image};
use crate::{Failure, PageSize};

const LIKE: [u8; 4] = [b'%', b'_', 0, 1];
const GLOB: [u8; 4] = [b'*', b'?', b'[', 0];

fn bytes(parts: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(parts), 0..10).prop_map(|parts| parts.concat())
}

const TEXT: &[&[u8]] =
    &[b"a", b"A", b"b", b"]", b"-", b"^", b"%", "é".as_bytes(), b"\xc3", b"\xa9", b"\xe2\x82"];
const PATTERN: &[&[u8]] = &[
    b"a",
    b"A",
    b"b",
    b"%",
    b"%",
    b"_",
    b"*",
    b"*",
    b"?",
    b"[ab]",
    b"[^a-c]",
    b"[]-]",
    b"[a",
    b"^",
    "é".as_bytes(),
    b"\xc3",
    b"\xa9",
    b"[\xc3\xa9-\xff]",
    b"\\",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_compares_as_sqlite_does(text in bytes(TEXT), pattern in bytes(PATTERN), escape in 0..4usize) {
        thread_local! {
            static OWN: Connection = {
                crate::init().expect("SQLite as it is configured");
                Connection::open_in_memory().expect("a plain connection")
            };
        }
        let escape = ["", "\\", "%", "é"][escape];
        let given = pattern::only(escape.as_bytes());
        OWN.with(|own| {
            let ask = |sql: &str| own.query_row(sql, (&pattern, &text), |row| row.get::<_, bool>(0));
            let texts = "CAST(?2 AS TEXT)";
            let like = match escape {
                "" => format!("SELECT {texts} LIKE CAST(?1 AS TEXT)"),
                escape => format!("SELECT {texts} LIKE CAST(?1 AS TEXT) ESCAPE '{escape}'"),
            };
            let ours = pattern::matches(&pattern, &text, &Wildcards::of(LIKE, given));
            prop_assert_eq!(ours, Ok(ask(&like).expect("LIKE")), "{}", like);
            let glob = ask(&format!("SELECT {texts} GLOB CAST(?1 AS TEXT)")).expect("GLOB");
            let ours = pattern::matches(&pattern, &text, &Wildcards::of(GLOB, None));
            prop_assert_eq!(ours, Ok(glob), "GLOB");
            Ok(())
        })?;
    }
}

pub(super) fn bench() -> Bench {
    let mut bench = Bench::new(fleet_image(PageSize::Tiny, &[0, 1]));
    bench.limits.row_bytes_max = 1 << 26;
    bench
}

#[test]
fn long_comparisons_end_at_their_deadline() {
    let mut bench = bench();
    let a = |count: u32| format!("printf('%.*c', {count}, 'a')");
    for sql in [
        format!("SELECT {} LIKE '%' || {} || 'b'", a(4_000_000), a(900)),
        format!("SELECT {} LIKE '%' || {} || 'b' ESCAPE '\\'", a(4_000_000), a(900)),
        format!("SELECT {} GLOB '*[ab]' || {} || '?c'", a(4_000_000), a(900)),
    ] {
        bench.deadline = Monotonic((bench.looks() + 2_000) * 1_000_000);
        assert_eq!(bench.error(&sql).code, ErrorCode::QueryTimeout, "{sql}");
    }
    bench.deadline = Monotonic(u64::MAX);
    let sql =
        format!("SELECT {0} || 'b' LIKE '%AAAB', {0} LIKE '%b%', {0} GLOB '*B'", a(30_000_000));
    assert_eq!(bench.rows(&sql), ["1|0|0"]);
}

#[test]
fn like_goes_on_using_indexes() {
    let plan = "EXPLAIN QUERY PLAN SELECT count(*) FROM devices WHERE id GLOB 'd000*'";
    assert!(bench().rows(plan).concat().contains("SEARCH"), "{:?}", bench().rows(plan));
}

#[test]
fn a_patch_that_would_take_long_is_refused() {
    let bench = bench();
    let object =
        |keys: u32| format!("(SELECT json_group_object(value, 1) FROM generate_series(1, {keys}))");
    let patch = |one: u32, other: u32| {
        format!("SELECT length(json_patch({}, {}))", object(one), object(other))
    };
    assert_eq!(bench.rows(&patch(5_000, 3_000)).len(), 1);
    assert_eq!(bench.rows(&patch(100_000, 10)).len(), 1);
    for (one, other) in [(40_000, 40_000), (1, 40_000)] {
        let error = bench.error(&patch(one, other));
        assert_eq!(error.code, ErrorCode::SqlError);
        assert!(error.message.contains("json_patch"), "{error}");
    }
}

#[test]
fn a_format_of_dates_has_a_bound() {
    use model::limits::STRFTIME_FORMAT_BYTES_MAX;

    let bench = Bench::new(fleet_image(PageSize::Normal, &[0]));
    let one = |sql: &str| {
        let mut kept = Kept::default();
        match bench.run(sql, &mut kept) {
            Ok(_) => Ok(kept.rows.join(",")),
            Err(Failure::Error { error, .. }) => Err(error.message),
            Err(Failure::NeedTables(_)) => Err("tables".to_owned()),
        }
    };
    assert_eq!(one("SELECT strftime('%Y-%m', '2026-11-23')").as_deref(), Ok("2026-11"));
    assert!(one("SELECT strftime(NULL), strftime(), strftime(7), strftime('%s')").is_ok());
    // It may stand in an index, as ever.
    let sql = "CREATE INDEX month ON devices (strftime('%Y', price)); SELECT count(*) FROM devices \
               INDEXED BY month WHERE strftime('%Y', price) > ''";
    assert!(one(sql).is_ok_and(|rows| rows != "0"));
    let format = |bytes: usize| {
        format!("SELECT length(strftime(substr(hex(zeroblob(70000)), 1, {bytes}), 0))")
    };
    let most = STRFTIME_FORMAT_BYTES_MAX;
    assert_eq!(one(&format(most)), Ok(most.to_string()));
    assert_eq!(
        one(&format(most + 1)),
        Err(format!("the format of strftime is longer than {most} bytes"))
    );
}
