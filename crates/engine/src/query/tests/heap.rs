//! SQLite's heap: who pays for it, what happens at the cap, and what if any allocation fails.

use super::*;
use crate::heap::failpoint;

/// Allocations that one script may make: far more than any here does.
const ALLOCATIONS_MAX: u64 = 50_000;

const SCRIPTS: &[&str] = &[
    "SELECT count(*), sum(pages) FROM reads JOIN devices d ON d.id = device_id JOIN models m ON m.id = model",
    "SELECT group_concat(id ORDER BY price, id DESC), to_zone('2024-01-01', 'Europe/Paris') FROM devices",
    "SELECT value FROM json_each('[1, [2, 3]]') UNION SELECT id FROM devices WHERE id < 'd0003' ORDER BY 1 DESC",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT count(DISTINCT i % 7), \
     string_agg(i, '-') FROM n",
    "UPDATE devices SET price = 0 WHERE id < 'd0100'; SAVEPOINT s; DELETE FROM reads; ROLLBACK TO s; \
     CREATE INDEX i ON devices(price); SELECT (SELECT count(*) FROM reads), (SELECT sum(price) FROM devices)",
];

#[test]
fn any_allocation_may_fail() {
    let bench = bench();
    for sql in SCRIPTS {
        let expected = bench.rows(sql);
        let mut steps = 0;
        loop {
            let fresh = Bench { shared: bench.shared.clone(), ..Bench::new(bench.image.clone()) };
            let mut kept = Kept::default();
            failpoint::arm(steps);
            let outcome = fresh.run(sql, &mut kept);
            let fired = failpoint::fired();
            match outcome {
                // SQLite does without some of what it asks for.
                Ok(_) => assert_eq!(kept.rows, expected, "{sql}: {steps}"),
                Err(Failure::Error { error, .. }) => {
                    assert!(fired, "{sql}: {steps}: {error}");
                    let code = ErrorCode::QueryMemoryExceeded;
                    assert_eq!(error.code, code, "{sql}: {steps}: {error:?}");
                }
                Err(missing) => panic!("{sql}: {steps}: {missing:?}"),
            }
            // Now and then, since it takes as long as the rest.
            if steps % 8 == 0 {
                assert_eq!(fresh.rows(sql), expected, "after {steps} in {sql}");
            }
            let Bench { heap, readers, .. } = fresh;
            drop(readers);
            // The image is shared with the outer bench, and the readers parked on it are not.
            bench.image.parked(Vec::clear);
            assert_eq!(heap.used(), 0, "{sql}: {steps}");
            if !fired {
                break;
            }
            steps += 1;
            assert!(steps < ALLOCATIONS_MAX, "{sql} never ends");
        }
        assert!(steps > 100, "{sql} made {steps} allocations only");
    }
    assert_eq!(bench.rows("PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn the_cap_ends_the_query_alone() {
    let mut bench = bench();
    bench.limits.row_bytes_max = 64 << 20;
    bench.heap = Account::root(4 << 20);
    for sql in [
        "SELECT randomblob(8000000)",
        "SELECT length(group_concat(hex(randomblob(2000)))) FROM reads a, reads b",
        "SELECT json_group_array(a.device_id) FROM reads a, reads b",
        "SELECT count(*) FROM (SELECT DISTINCT a.device_id || b.pages FROM reads a, reads b LIMIT 3)",
    ] {
        let mut kept = Kept::default();
        match bench.run(sql, &mut kept) {
            Err(Failure::Error { error, .. }) => {
                assert_eq!(error.code, ErrorCode::QueryMemoryExceeded, "{sql}: {error:?}");
            }
            Ok(summary) => assert!(sql.contains("DISTINCT"), "{sql}: {summary:?}"),
            Err(missing) => panic!("{sql}: {missing:?}"),
        }
        assert_eq!(bench.rows("SELECT count(*) FROM devices"), [DEVICES.to_string()]);
    }
    bench.image.parked(Vec::clear);
    assert_eq!(bench.heap.used(), 0);
}

#[test]
fn a_kept_reader_stays_charged_until_it_goes() {
    let bench = bench();
    bench.rows("SELECT count(*) FROM devices");
    let held = bench.heap.used();
    assert!((5_000..400_000).contains(&held), "{held}");
    for _ in 0..100 {
        bench.rows("SELECT count(*) FROM devices");
    }
    assert!(bench.heap.used() < 2 * held, "{} after {held}", bench.heap.used());
    bench.image.parked(Vec::clear);
    assert_eq!(bench.heap.used(), 0);
}

#[test]
fn a_parents_cap_is_the_replicas_shortage() {
    let mut bench = bench();
    let budget = Account::root(2 << 20);
    bench.heap = Account::child(&budget, u64::MAX);
    bench.limits.row_bytes_max = 64 << 20;
    assert_eq!(bench.error("SELECT randomblob(8000000)").code, ErrorCode::Overloaded);
    assert_eq!(budget.used(), bench.heap.used());
}
