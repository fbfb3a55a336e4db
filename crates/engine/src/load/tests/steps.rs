//! Whatever fails in a boot, and wherever it is ended: it ends with an error or with all rows, and
//! nothing stays charged.

use std::cell::Cell as Count;

use super::*;
use crate::pace::{Verdict, asking, every_step};

/// A small boot with two publishes; what it charges is `account`'s.
fn boot(blank: &Blank, account: &Arc<Account>) -> Result<Image, Error> {
    let mut loader = Loader::new(blank.image(), account, LIMITS)?;
    loader.begin_table(0, &TableShape::default(), None)?;
    loader.begin_table(1, &TableShape::default(), None)?;
    for n in 0..60_i64 {
        let id = format!("{:05}", n * 37 % 60);
        let _ = loader.sink(0).row(&[Cell::Text(&id), Cell::Integer(n), Cell::Blob(b"x")]);
        let _ = loader.sink(1).row(&[Cell::Integer(n), Cell::Null]);
    }
    loader.end_table(0)?;
    loader.publish()?;
    loader.end_table(1)?;
    loader.publish()
}

/// Tries a boot with a failure at each step, until it comes to none.
fn boot_at_each_step(code: ErrorCode, arm: fn(u64), fired: fn() -> bool) {
    const STEPS_MAX: u64 = 50_000;
    let account = Account::root(u64::MAX);
    let blank = Blank::build(&two_tables(), Part::Tenant, PageSize::Tiny).unwrap();
    let whole = boot(&blank, &account).unwrap().bytes();
    for steps in 0..STEPS_MAX {
        arm(steps);
        let outcome = asking(&at_look, || boot(&blank, &account));
        let fired = fired();
        match outcome {
            // SQLite does without some of what it asks for.
            Ok(image) => {
                assert_eq!(image.loaded().len(), 2, "{steps}");
                let (_dir, db) = reopen(&image);
                let rows =
                    "SELECT (SELECT count(*) FROM \"de\"\"vices\") + (SELECT count(*) FROM log)";
                assert_eq!((ask(&db, rows), image.bytes()), (120, whole), "{steps}");
            }
            Err(error) => {
                let known = error.code == code;
                assert!(fired && known, "{steps}: {error:?}");
            }
        }
        assert_eq!(account.used(), 0, "{steps}");
        if !fired {
            assert!(steps > 20, "it came to {steps} steps only");
            return;
        }
    }
    panic!("it never ends");
}

#[test]
fn any_operation_on_a_file_may_fail_in_a_boot() {
    use crate::vfs::failpoint::{arm, fired};
    boot_at_each_step(ErrorCode::Internal, arm, fired);
}

#[test]
fn any_allocation_may_fail_in_a_boot() {
    use crate::heap::failpoint::{arm, fired};
    boot_at_each_step(ErrorCode::InstanceTooLarge, arm, fired);
}

thread_local! {
    /// Looks until one ends the boot; `None`: it has, or none will.
    static LEFT: Count<Option<u64>> = const { Count::new(None) };
}

fn at_look() -> Verdict {
    let left = LEFT.get();
    LEFT.set(left.and_then(|left| left.checked_sub(1)));
    if left == Some(0) { Verdict::End } else { Verdict::GoOn }
}

#[test]
fn a_boot_may_be_ended_at_any_vm_step() {
    every_step::turn_on();
    boot_at_each_step(ErrorCode::Internal, |steps| LEFT.set(Some(steps)), || LEFT.get().is_none());
}

#[test]
fn a_boot_may_be_given_up_at_any_row() {
    let account = Account::root(u64::MAX);
    let blank = Blank::build(&two_tables(), Part::Tenant, PageSize::Tiny).unwrap();
    // Into a table of few rows, and into one whose pages are built.
    for expected in [None, Some(1 << 20)] {
        for last in 0..100_i64 {
            let mut loader = Loader::new(blank.image(), &account, LIMITS).unwrap();
            loader.begin_table(0, &TableShape::default(), None).unwrap();
            let row = |n: i64| [Cell::Integer(n), Cell::Integer(n), Cell::Blob(&[9; 40])];
            assert_eq!(loader.sink(0).row(&row(1)), Flow::Continue);
            loader.end_table(0).unwrap();
            let before = loader.publish().unwrap();
            loader.begin_table(1, &TableShape::default(), expected).unwrap();
            for n in 0..last {
                let row = [Cell::Integer(n), Cell::Text("some text")];
                assert_eq!(loader.sink(1).row(&row), Flow::Continue);
            }
            drop(loader);
            // What was published stays what it was, to the last byte and as a base for others.
            assert_eq!(before.loaded().len(), 1, "{last}");
            let mut again = Loader::new(&before, &account, LIMITS).unwrap();
            again.begin_table(1, &TableShape::default(), expected).unwrap();
            assert_eq!(again.sink(1).row(&[Cell::Integer(7), Cell::Null]), Flow::Continue);
            again.end_table(1).unwrap();
            let whole = again.publish().unwrap();
            drop(again);
            let rows = "SELECT 10 * (SELECT count(*) FROM \"de\"\"vices\") + count(*) FROM log";
            for (image, wanted) in [(&before, 10), (&whole, 11)] {
                let (_dir, db) = reopen(image);
                assert_eq!(ask(&db, rows), wanted, "{last}");
            }
            drop((before, whole));
            assert_eq!(account.used(), 0, "{last}");
        }
    }
}
