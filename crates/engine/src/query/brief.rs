//! The short way: a statement that a kept reader has prepared, that calls and reads nothing which
//! may take long within one VM step, and that ends within a few thousand steps and rows, may run on
//! a thread that must not block. What takes longer is dropped unseen and goes the long way.

use model::limits::BRIEF_STEPS;
use model::{Error, RowSink, Summary};

use super::binding::{self, Used};
use super::held::Held;
use super::progress::Look;
use super::session::{KeptStatement, Session};
use super::stream::Stream;
use super::{Readers, Run, Script};
use crate::ledger;

/// Runs `script` the short way if it can be: `begin`, rows and `finish` go to `sink` once it has
/// ended well. `None`: nothing was sent, [`super::run`] it. Looks neither at the deadline nor at
/// the interrupt, since it ends before they matter; what it charges is nothing.
pub fn run_brief(
    script: &Script,
    run: &Run<'_>,
    readers: &Readers,
    sink: &mut dyn RowSink,
) -> Option<Summary> {
    let sql = script.sql.as_str();
    let wanted = |session: &Session| session.keeps_brief(sql);
    let mut kept = readers.take(run.image, run.shared, run.limits, wanted)?;
    let session = &mut kept.session;
    let mut statement = session.take_statement(sql)?;
    let mut held = std::mem::take(&mut session.held);
    held.clear();
    let outcome = ledger::lend(run.account, &session.purse, || {
        attempt(script, run, session, &mut statement, &mut held)
    });
    // A reader of which anything else is to be said is not kept.
    let outcome = outcome?;
    statement.brief = outcome.is_some();
    if let Some(summary) = &outcome {
        held.replay(&statement.columns, sink);
        sink.finish(summary);
    }
    session.held = held;
    session.keep_statement(statement);
    readers.give(run.image, kept);
    outcome
}

/// `None`: it failed. `Some(None)`: it was not brief.
fn attempt(
    script: &Script,
    run: &Run<'_>,
    session: &Session,
    kept: &mut KeptStatement,
    held: &mut Held,
) -> Option<Option<Summary>> {
    let mut used = Used::none(&script.params);
    // SAFETY: `keep_statement` clears the bindings; where it is not reached the statement is
    // dropped, while `script` lives.
    unsafe { binding::bind(&mut kept.statement, &script.params, &mut used) }.ok()?;
    used.check(&script.params).ok()?;
    kept.statement.count_steps_anew();
    session.watch.forget();
    session.watch.stepping.set(true);
    let ask = || Some(Error::internal("too many steps for the short way"));
    let look = Look::new(&ask);
    let mut stream = Stream {
        sink: held,
        begun: false,
        max_rows: run.limits.max_rows,
        row_bytes_max: run.limits.row_bytes_max,
        as_of: run.as_of,
    };
    let stepped = look.during_every(BRIEF_STEPS, &session.connection, || {
        stream.rows(&mut kept.statement, &kept.columns)
    });
    if look.take().is_some() || held.is_full() {
        return Some(None);
    }
    let summary = stepped.ok()?;
    (!session.watch.seen.unusual.get()).then_some(Some(summary))
}

#[cfg(test)]
mod tests {
    use super::super::Params;
    use super::super::tests::bench;
    use super::*;
    use crate::fixture::{Bench, Kept};

    fn brief(bench: &Bench, sql: &str, sink: &mut Kept) -> Option<Summary> {
        let script = Script { sql: sql.to_owned(), params: bench.params.clone() };
        bench.with_run(|run| run_brief(&script, run, &bench.readers, sink))
    }

    /// Once the long way, then the short way; whether that was gone, and with the same rows.
    fn goes(bench: &Bench, sql: &str) -> bool {
        let mut long = Kept::default();
        assert!(brief(bench, sql, &mut long).is_none(), "nothing is prepared yet: {sql}");
        let summary = bench.run(sql, &mut long).unwrap();
        let mut short = Kept::default();
        let Some(again) = brief(bench, sql, &mut short) else {
            assert!(short.columns.is_none() && short.finished.is_none(), "{sql}");
            return false;
        };
        assert_eq!((again.rows, again.cut), (summary.rows, summary.cut), "{sql}");
        assert_eq!((&short.rows, &short.columns), (&long.rows, &long.columns), "{sql}");
        assert!(short.finished.is_some() && short.failed.is_none());
        true
    }

    #[test]
    fn what_goes_the_short_way() {
        for sql in [
            "SELECT id, price, x'00ff', NULL, 1.5 FROM devices WHERE id = 'd0007'",
            "SELECT d.id, max(r.pages) FROM devices d JOIN reads r ON device_id = d.id WHERE d.id = 'd0003'",
            "SELECT count(*) FROM devices WHERE id < 'd0004'",
            "WITH few AS (SELECT id FROM devices WHERE id < 'd0004') SELECT id FROM few ORDER BY id DESC",
            "SELECT 'ü' || char(0), '' WHERE 1 = 0",
        ] {
            let quick = !sql.contains("char(");
            assert_eq!(goes(&bench(), sql), quick, "{sql}");
        }
    }

    #[test]
    fn what_goes_the_long_way() {
        for sql in [
            // May take long within one step.
            "SELECT replace(id, 'd', 'e') FROM devices WHERE id = 'd0007'",
            "SELECT id FROM devices WHERE id LIKE 'd0007'",
            "SELECT trim(id, 'd') FROM devices WHERE id = 'd0007'",
            "SELECT value FROM json_each('[1]')",
            "SELECT value FROM generate_series(1, 2)",
            "SELECT name FROM sqlite_schema WHERE name = 'devices'",
            // Too many steps, rows, bytes.
            "SELECT count(*) FROM reads a, reads b WHERE a.pages < b.pages",
            "WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < 65) SELECT x FROM c",
            "SELECT zeroblob(20000)",
            // No plain SELECT, or no single one.
            "SELECT 1; SELECT 2",
            "CREATE TEMP TABLE x(a); SELECT a FROM x",
            "UPDATE devices SET price = 1 WHERE id = 'd0007' RETURNING id",
            "PRAGMA table_info(devices)",
        ] {
            assert!(!goes(&bench(), sql), "{sql}");
        }
    }

    #[test]
    fn one_that_was_not_brief_is_not_tried_again_and_stays_prepared() {
        let bench = bench();
        let sql = "SELECT count(*) FROM reads a, reads b WHERE a.pages < b.pages";
        assert!(!goes(&bench, sql));
        assert_eq!(bench.readers.len(), 1);
        let wanted = |session: &Session| session.keeps_brief(sql);
        bench.with_run(|run| {
            assert!(bench.readers.take(run.image, run.shared, run.limits, wanted).is_none());
        });
        assert_eq!(bench.rows(sql), bench.rows(sql));
    }

    #[test]
    fn steps_of_earlier_runs_do_not_count() {
        let bench = bench();
        let sql = "SELECT id FROM devices WHERE id < 'd0009'";
        assert!(goes(&bench, sql));
        for _ in 0..BRIEF_STEPS {
            assert!(brief(&bench, sql, &mut Kept::default()).is_some());
        }
    }

    #[test]
    fn parameters_that_do_not_fit_are_left_to_the_long_way() {
        let mut bench = bench();
        let sql = "SELECT pages FROM reads WHERE device_id = ?1 ORDER BY 1 LIMIT 1";
        bench.params = Params::Positional(vec![super::super::Value::Text("d0003".to_owned())]);
        assert!(goes(&bench, sql));
        bench.params = Params::None;
        assert!(brief(&bench, sql, &mut Kept::default()).is_none());
    }
}
