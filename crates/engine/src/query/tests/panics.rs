//! A panic in any callback ends its request as a fault of ours and harms nothing else.

use super::*;
use crate::callback::failpoint;

/// Callbacks that one script may make: far more than any here does.
const CALLBACKS_MAX: u64 = 20_000;

/// Every kind of callback, of file and of statement.
const SCRIPTS: &[&str] = &[
    "SELECT count(*), sum(pages) FROM reads JOIN devices d ON d.id = device_id JOIN models m ON m.id = model",
    "SELECT id REGEXP '7$', to_zone('2024-01-01', 'Europe/Paris') FROM devices WHERE id < 'd0003'",
    "SELECT sum(a.value) FROM generate_series(1, 3) AS a JOIN generate_series(1, 2) AS b ON b.value > 0",
    "CREATE TEMP TABLE t AS SELECT * FROM devices; CREATE INDEX temp.i ON t(price, id); \
     SELECT count(*) FROM t WHERE price > 1",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT sum(i) FROM n",
    "UPDATE devices SET price = 0 WHERE id < 'd0100'; SAVEPOINT s; DELETE FROM reads; ROLLBACK TO s; \
     SELECT (SELECT count(*) FROM reads), (SELECT sum(price) FROM devices)",
];

#[test]
fn a_panic_in_any_callback_ends_its_request_only() {
    let bench = bench();
    for sql in SCRIPTS {
        let expected = bench.rows(sql);
        let mut steps = 0;
        loop {
            // A reader of its own, so that opening and attaching are tried, too.
            let fresh = Bench { readers: Readers::new(8), ..bench_like(&bench) };
            let mut kept = Kept::default();
            failpoint::arm(steps);
            let outcome = fresh.run(sql, &mut kept);
            let fired = failpoint::fired();
            match outcome {
                // SQLite does without what some callbacks would have told it.
                Ok(_) => assert_eq!(kept.rows, expected, "{sql}: {steps}"),
                Err(Failure::Error { error, .. }) => {
                    assert!(fired && error.code == ErrorCode::Internal, "{sql}: {steps}: {error}");
                }
                Err(missing) => panic!("{sql}: {steps}: {missing:?}"),
            }
            assert_eq!(fresh.rows(sql), expected, "after {steps} in {sql}");
            if !fired {
                break;
            }
            steps += 1;
            assert!(steps < CALLBACKS_MAX, "{sql} never ends");
        }
        assert!(steps > 10, "{sql} made {steps} callbacks only");
    }
    assert_eq!(bench.rows("SELECT count(*) FROM devices"), [DEVICES.to_string()]);
}

#[test]
fn a_panic_that_nothing_came_of_is_forgotten() {
    let bench = bench();
    assert!(
        crate::callback::caught(|| std::panic::resume_unwind(Box::new(()))).is_none_or(|()| false)
    );
    assert_eq!(bench.error("SELECT nothing").code, ErrorCode::SqlError);
}

fn bench_like(bench: &Bench) -> Bench {
    Bench { shared: bench.shared.clone(), ..Bench::new(bench.image.clone()) }
}
