//! Whatever operation on a file fails, and at whatever look a run is over: it ends with an error or
//! with the right rows, nothing stays charged, and the image is what it was.

use std::cell::Cell;
use std::rc::Rc;

use model::Monotonic;

use super::*;
use crate::Pace;
use crate::pace::every_step;
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
/// is armed for none that comes; how many there were.
fn each_step(
    sql: &str,
    code: ErrorCode,
    arm: impl Fn(&mut Bench, u64),
    fired: impl Fn() -> bool,
) -> u64 {
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
        (fresh.interrupt, fresh.pace) = (Interrupt::new(), None);
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
    steps
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

/// Ones of few rows, since each of their VM steps is tried.
const SHORT: &[&str] = &[
    "SELECT site, count(*), sum(pages) OVER (ORDER BY site), group_concat(at ORDER BY at DESC) \
     FROM devices d JOIN reads ON device_id = d.id JOIN models m ON m.id = model \
     WHERE d.id IN ('d0001', 'd0005', 'd0007') GROUP BY site ORDER BY 2 DESC, 1",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i * 7 % 31 FROM n) \
     SELECT i, (SELECT max(price) FROM devices WHERE id < 'd0004') FROM n EXCEPT SELECT 2, 0 ORDER BY 1",
    "CREATE TABLE keep(a PRIMARY KEY, b); CREATE TRIGGER t AFTER INSERT ON keep BEGIN \
     UPDATE devices SET price = new.b WHERE id = new.a; END; \
     INSERT INTO keep SELECT id, 3 FROM devices WHERE id < 'd0004'; SAVEPOINT s; \
     DELETE FROM devices WHERE id < 'd0003'; ROLLBACK TO s; CREATE INDEX i ON keep(b); \
     ALTER TABLE keep ADD COLUMN c DEFAULT 5; \
     SELECT sum(price), (SELECT sum(c) FROM keep) FROM devices WHERE id < 'd0005'",
    "CREATE VIRTUAL TABLE temp.f USING fts5(t); INSERT INTO f VALUES ('one two'), ('two three'); \
     SELECT rowid FROM f WHERE f MATCH 'two' ORDER BY rowid",
];

/// Interrupts at a look.
struct AtLook {
    left: Rc<Cell<Option<u64>>>,
    interrupt: Interrupt,
}

impl Pace for AtLook {
    fn look(&self) {
        match self.left.get() {
            Some(0) => {
                self.left.set(None);
                self.interrupt.interrupt(Why::ShuttingDown);
            }
            left => self.left.set(left.map(|left| left - 1)),
        }
    }
}

#[test]
fn it_may_be_interrupted_at_any_vm_step() {
    every_step::turn_on();
    for sql in SHORT {
        let left = Rc::new(Cell::new(None));
        let arm = |bench: &mut Bench, steps| {
            left.set(Some(steps));
            let (left, interrupt) = (Rc::clone(&left), bench.interrupt.clone());
            bench.pace = Some(Box::new(AtLook { left, interrupt }));
        };
        let steps = each_step(sql, ErrorCode::ShuttingDown, arm, || left.get().is_none());
        assert!(steps > 100, "{sql} came to {steps} steps only");
    }
}
