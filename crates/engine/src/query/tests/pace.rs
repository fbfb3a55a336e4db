//! Who is asked while SQLite works, and a run that ends wherever it is asked.

use std::cell::Cell as Count;

use super::*;
use crate::pace::{Verdict, asking, moved};

#[test]
fn files_ask_after_so_many_bytes_whoever_asked_last() {
    let (outer, inner) = (Count::new(0), Count::new(0));
    let counts = |count: &Count<u32>| {
        count.set(count.get() + 1);
        Verdict::End
    };
    assert_eq!(moved(1 << 30), Verdict::GoOn, "nobody is to be asked");
    asking(&|| counts(&outer), || {
        let ends = (0..1_000).filter(|_| moved(4_096) == Verdict::End).count();
        assert_eq!((ends, outer.get()), (1_000 * 4_096 / (64 * 1024), 62));
        asking(&|| counts(&inner), || moved(1 << 20));
        assert_eq!((outer.get(), inner.get()), (62, 1));
        assert_eq!(moved(1 << 20), Verdict::End);
        assert_eq!((outer.get(), inner.get()), (63, 1));
    });
    assert_eq!(moved(1 << 30), Verdict::GoOn);
}

/// A thousand numbers, each with so much beside it, sorted: the VM steps do not depend on it.
fn sort(bytes: usize) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 8000) \
         SELECT sum(r * k) FROM (SELECT row_number() OVER (ORDER BY i * 7919 % 8009, pad) r, i % 10 k \
         FROM (SELECT i, zeroblob({bytes}) pad FROM n))"
    )
}

#[test]
fn the_bytes_of_a_sort_are_asked_for() {
    let looks = |sql: &str| {
        let bench = bench();
        assert_eq!(bench.rows(sql).len(), 1);
        bench.clock.monotonic().0 / 1_000_000
    };
    let (narrow, wide) = (looks(&sort(1)), looks(&sort(1_000)));
    // 8 MB, written and read at least once.
    assert!(wide >= narrow + 2 * 8_000_000 / (64 * 1024), "{narrow} and {wide} looks");
}

#[test]
fn a_run_ends_wherever_it_is_asked_and_leaves_nothing() {
    let scripts = [
        sort(300),
        "CREATE TEMP TABLE t AS SELECT d.*, r.rowid n FROM devices d JOIN reads r ON r.device_id = d.id; \
         CREATE INDEX temp.i ON t(price, id, site); SELECT count(*) FROM t WHERE price > 1"
            .to_owned(),
        "UPDATE devices SET price = price + 1; CREATE INDEX j ON reads(pages, at); \
         SAVEPOINT s; DELETE FROM reads; ROLLBACK TO s; RELEASE s; VACUUM; SELECT count(*) FROM reads"
            .to_owned(),
    ];
    for sql in scripts {
        let (mut look, mut ended) = (1, 0);
        let plain = bench();
        let expected = plain.rows(&sql);
        loop {
            let bench = Bench { deadline: Monotonic(look * 1_000_000), ..bench() };
            let mut kept = Kept::default();
            match bench.run(&sql, &mut kept) {
                Ok(_) => {
                    assert_eq!(kept.rows, expected);
                    break;
                }
                Err(Failure::Error { error, .. }) => {
                    assert_eq!(
                        error.code,
                        ErrorCode::QueryTimeout,
                        "look {look} of {sql}: {error}"
                    );
                    ended += 1;
                }
                Err(other) => panic!("{other:?}"),
            }
            bench.readers.clear();
            assert_eq!(bench.heap.used(), 0, "look {look} of {sql}");
            look += 1 + look / 16;
        }
        assert!(ended > 10, "{sql} was asked {look} times");
    }
}
