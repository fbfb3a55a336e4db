//! Whatever operation on a file fails, and at whatever look a run is over: it ends with an error or
//! with the right rows, nothing stays charged, and the image is what it was.

use model::Monotonic;

use super::*;
use crate::vfs::failpoint;

/// Operations, or looks, that one script may come to: far more than any here does.
const STEPS_MAX: u64 = 20_000;

/// A reading one that spills, and a writing one that rolls back.
const SCRIPTS: &[&str] = &[
    "SELECT count(*), sum(pages) FROM reads JOIN devices d ON d.id = device_id JOIN models m ON m.id = model",
    "CREATE TEMP TABLE t AS SELECT id, hex(zeroblob(300)) AS wide FROM devices; \
     SELECT count(*), max(wide) FROM (SELECT * FROM t ORDER BY wide, id DESC)",
    "UPDATE devices SET price = 0 WHERE id < 'd0100'; SAVEPOINT s; DELETE FROM reads; ROLLBACK TO s; \
     CREATE INDEX i ON devices(price); SELECT (SELECT count(*) FROM reads), (SELECT sum(price) FROM devices)",
];

/// Runs `sql` on a reader of its own, again and again, each time armed for a later step, until it
/// is armed for none that comes.
fn each_step(sql: &str, code: ErrorCode, arm: impl Fn(&mut Bench, u64), fired: impl Fn() -> bool) {
    let bench = bench();
    let expected = bench.rows(sql);
    let mut steps = 0;
    loop {
        let mut fresh = Bench { shared: bench.shared.clone(), ..Bench::new(bench.image.clone()) };
        let mut kept = Kept::default();
        arm(&mut fresh, steps);
        let outcome = fresh.run(sql, &mut kept);
        let fired = fired();
        let ended = match outcome {
            Ok(_) => {
                assert_eq!(kept.rows, expected, "{sql}: {steps}");
                true
            }
            Err(Failure::Error { error, .. }) => {
                assert_eq!(error.code, code, "{sql}: {steps}: {error:?}");
                false
            }
            Err(missing) => panic!("{sql}: {steps}: {missing:?}"),
        };
        fresh.deadline = Monotonic(u64::MAX);
        if steps % 16 == 0 {
            assert_eq!(fresh.rows(sql), expected, "after {steps} in {sql}");
        }
        let Bench { heap, readers, .. } = fresh;
        drop(readers);
        bench.image.parked(Vec::clear);
        assert_eq!(heap.used(), 0, "{sql}: {steps}");
        if ended && !fired {
            break;
        }
        steps += 1;
        assert!(steps < STEPS_MAX, "{sql} never ends");
    }
    assert!(steps > 10, "{sql} came to {steps} steps only");
    assert_eq!(bench.rows("PRAGMA integrity_check"), ["ok"]);
}

#[test]
fn any_operation_on_a_file_may_fail() {
    for sql in SCRIPTS {
        let arm = |_: &mut Bench, steps| failpoint::arm(steps);
        each_step(sql, ErrorCode::Internal, arm, failpoint::fired);
    }
}

#[test]
fn any_look_may_be_the_last() {
    for sql in SCRIPTS {
        let arm = |bench: &mut Bench, looks| bench.deadline = Monotonic((looks + 1) * 1_000_000);
        each_step(sql, ErrorCode::QueryTimeout, arm, || false);
    }
}
