//! A request: its statements one after another, on a reader as long as they only read, on a
//! private scratch from the start once one of them writes.

use std::ffi::CString;
use std::rc::Rc;

use model::limits::WINDOWS_MAX;
use model::{Error, ErrorCode, RowSink, Summary, TableSet};
use rusqlite::ffi;

use super::binding::{self, Used};
use super::interrupt::Stop;
use super::progress::Look;
use super::session::{KeptStatement, Session};
use super::stream::Stream;
use super::watch::Joined;
use super::{Failure, Readers, Run, Script, faults, script};
use crate::conn::{SqlFault, Statement, Step};
use crate::heap::Purse;
use crate::ledger;
use crate::load::quoted;
use crate::overdue;

/// Why an attempt ended early.
enum Ended {
    /// Tables are missing.
    Missing(TableSet),
    /// A statement writes: start over on a scratch.
    Writes,
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Ended::Failed(error)
    }
}

/// Runs a script and sends the rows of its last statement to `sink`: `begin`, rows, then `finish`
/// or `fail`. A sink that says [`model::Flow::Stop`] gets `finish` with the rows it had, and ends its
/// output for the reason it keeps.
pub fn run(
    script: &Script,
    run: &Run<'_>,
    readers: &Readers,
    sink: &mut dyn RowSink,
) -> Result<Summary, Failure> {
    let (max_rows, row_bytes_max) = (run.limits.max_rows, run.limits.row_bytes_max);
    let mut stream = Stream { sink, begun: false, max_rows, row_bytes_max, as_of: run.as_of };
    let begun_error = match request(script, run, readers, &mut stream) {
        Ok(summary) => {
            stream.sink.finish(&summary);
            return Ok(summary);
        }
        Err(Ended::Failed(error)) => short_of_memory(error),
        Err(Ended::Missing(tables)) if !stream.begun => return Err(Failure::NeedTables(tables)),
        Err(Ended::Missing(_)) => Error::new(
            ErrorCode::InstanceBooting,
            "the query came upon a table that is not loaded yet; send it again",
        ),
        Err(Ended::Writes) => Error::internal("a request asked for a scratch twice"),
    };
    stream.fail(&begun_error);
    Err(Failure::Error { error: begun_error, begun: stream.begun })
}

/// What failed in opening a connection for want of memory is the query's fault or the replica's
/// shortage, as anywhere else.
fn short_of_memory(error: Error) -> Error {
    match ledger::refused().filter(|_| error.code == ErrorCode::Internal) {
        Some(refusal) => faults::refused(refusal).with_internal(error.to_string()),
        None => error,
    }
}

fn request(
    script: &Script,
    run: &Run<'_>,
    readers: &Readers,
    stream: &mut Stream<'_>,
) -> Result<Summary, Ended> {
    let stop = Stop::of(run);
    if let Some(error) = stop.due() {
        return Err(error.into());
    }
    let ask = || {
        if let Some(pace) = run.pace {
            pace.look();
        }
        stop.due()
    };
    let look = Look::new(&ask);
    let over = || look.ends_with(stop.due());
    let _paying = ledger::pay(run.account, Purse::new(run.heap));
    let mut kept = match readers.take(run.image, run.shared, run.limits, |_| true) {
        Some(kept) => kept,
        None => readers.adopt(Session::reader(run.image, run.shared, run.limits)?),
    };
    let session = &mut kept.session;
    let connection = session.connection.clone();
    let mut attempt = Attempt { script, session, look: &look, scratch: false };
    let outcome =
        overdue::watched(&over, || look.during(&connection, || attempt.kept_or_new(run, stream)));
    drop(connection);
    match outcome {
        Err(Ended::Writes) if !stream.begun => {}
        Err(ended) => return Err(ended),
        Ok(summary) => {
            if kept.session.plain {
                readers.give(run.image, kept);
            }
            return Ok(summary);
        }
    }
    drop(kept);
    let mut session = Session::scratch(run.image, run.shared, run.limits, run.account)?;
    let connection = session.connection.clone();
    let mut attempt = Attempt { script, session: &mut session, look: &look, scratch: true };
    overdue::watched(&over, || look.during(&connection, || attempt.statements(run, stream)))
}

/// One go at a script on one session.
struct Attempt<'a> {
    script: &'a Script,
    session: &'a mut Session,
    look: &'a Look<'a>,
    scratch: bool,
}

impl Attempt<'_> {
    /// The whole script by a statement kept for it, or from its text.
    fn kept_or_new(&mut self, run: &Run<'_>, stream: &mut Stream<'_>) -> Result<Summary, Ended> {
        let Some(kept) = self.session.take_statement(&self.script.sql) else {
            return self.statements(run, stream);
        };
        let KeptStatement { sql, mut statement, columns, brief } = kept;
        let mut used = Used::none(&self.script.params);
        // SAFETY: `keep_statement` clears the bindings; on errors the statement is dropped.
        unsafe { binding::bind(&mut statement, &self.script.params, &mut used)? };
        used.check(&self.script.params)?;
        self.session.watch.forget();
        self.session.watch.stepping.set(true);
        let summary = stream.rows(&mut statement, &columns).map_err(|f| self.ended(f, 0))?;
        self.session.plain &= !self.session.watch.seen.unusual.get();
        self.session.keep_statement(KeptStatement { sql, statement, columns, brief });
        Ok(summary)
    }

    fn statements(&mut self, run: &Run<'_>, stream: &mut Stream<'_>) -> Result<Summary, Ended> {
        let sql = &self.script.sql;
        let text = checked(sql, run.limits.sql_bytes_max)?;
        let mut used = Used::none(&self.script.params);
        let joined = self.session.watch.joined(sql);
        let first = script::skip_blank(sql, 0);
        let mut start = first;
        while start < sql.len() {
            // Short statements never come to a look within their VM steps.
            if let Some(error) = self.look.due() {
                return Err(error.into());
            }
            let (statement, end) = self.prepare(&text, start, &joined)?;
            let next = script::skip_blank(sql, end);
            let Some(mut statement) = statement else {
                start = next;
                continue;
            };
            // SAFETY: `self.script` outlives the statement, or its bindings are cleared.
            unsafe { binding::bind(&mut statement, &self.script.params, &mut used)? };
            let last = next >= sql.len();
            if !last {
                self.complete(&mut statement, start)?;
                start = next;
                continue;
            }
            used.check(&self.script.params)?;
            return self.last(statement, start, start == first, stream);
        }
        let nothing = "there is no statement in the SQL";
        Err(Error::new(ErrorCode::SqlError, nothing).at_offset(0).into())
    }

    /// Prepares the statement at `start` and judges what it touches.
    fn prepare(
        &mut self,
        text: &CString,
        start: usize,
        joined: &Joined,
    ) -> Result<(Option<Statement>, usize), Ended> {
        let watch = &self.session.watch;
        watch.forget();
        watch.stepping.set(false);
        let prepared = self
            .session
            .connection
            .prepare(text, start, true)
            .map_err(|fault| self.failed(fault, start))?;
        let Some(statement) = prepared.statement else { return Ok((None, prepared.end)) };
        watch.touch_all_for(&script::first_word(&self.script.sql, start));
        watch.touch_joined(joined);
        let seen = &watch.seen;
        let missing = seen.missing.get();
        if !missing.is_empty() {
            return Err(Ended::Missing(missing));
        }
        let writes = seen.scratch.get() || !(statement.readonly() || seen.private_write.get());
        if writes && !self.scratch {
            return Err(Ended::Writes);
        }
        self.session.plain &= !seen.unusual.get() && statement.readonly();
        watch.stepping.set(true);
        Ok((Some(statement), prepared.end))
    }

    /// Runs a statement that is not the last: its rows are dropped.
    fn complete(&mut self, statement: &mut Statement, start: usize) -> Result<(), Ended> {
        loop {
            match statement.step() {
                Ok(Step::Row) => {}
                Ok(Step::Done) => break,
                Err(fault) => return Err(self.ended(fault, start)),
            }
        }
        statement.reset();
        self.refuse_shared_in_main(start)
    }

    /// Runs the last statement and sends its rows.
    fn last(
        &mut self,
        mut statement: Statement,
        start: usize,
        only: bool,
        stream: &mut Stream<'_>,
    ) -> Result<Summary, Ended> {
        let columns = self.session.columns(&statement);
        let before = self.session.connection.total_changes();
        let mut summary = if columns.is_empty() {
            // Without rows nothing is sent before all went well.
            self.complete(&mut statement, start)?;
            stream.nothing()
        } else {
            stream.rows(&mut statement, &columns).map_err(|fault| self.ended(fault, start))?
        };
        if columns.is_empty() {
            let same = self.session.connection.total_changes() == before;
            summary.changes = Some(if same { 0 } else { self.session.connection.changes() });
        }
        self.session.plain &= !self.session.watch.seen.unusual.get();
        if only && self.session.plain && !columns.is_empty() {
            let sql = self.script.sql.as_str().into();
            let brief = !self.session.watch.seen.slow.get();
            self.session.keep_statement(KeptStatement { sql, statement, columns, brief });
        }
        Ok(summary)
    }

    fn ended(&self, fault: SqlFault, start: usize) -> Ended {
        let missing = self.session.watch.seen.missing.get();
        if !missing.is_empty() {
            return Ended::Missing(missing);
        }
        if fault.primary() == ffi::SQLITE_READONLY && !self.scratch {
            return Ended::Writes;
        }
        Ended::Failed(self.failed(fault, start))
    }

    /// What ended a statement: its time, or what SQLite says.
    fn failed(&self, fault: SqlFault, start: usize) -> Error {
        let due = self.look.take();
        due.unwrap_or_else(|| faults::explain(fault, &self.session.watch, &self.script.sql, start))
    }

    /// A view or trigger in `main` that reads a shared table would fail whenever it is used, since
    /// SQLite looks its names up in `main` only. So it is refused when it is made.
    fn refuse_shared_in_main(&mut self, start: usize) -> Result<(), Ended> {
        let watch = Rc::clone(&self.session.watch);
        let views = watch.seen.views.take();
        let triggered = watch.seen.triggered.take();
        let mut probes: Vec<String> =
            views.iter().map(|view| format!("SELECT * FROM main.{}", quoted(view))).collect();
        for table in &triggered {
            let table = format!("main.{}", quoted(table));
            let columns = self.session.connection.statement(&format!("SELECT * FROM {table}"));
            let sets: Vec<String> = columns.map_or_else(
                |_| Vec::new(),
                |all| {
                    let names = (0..all.columns()).map(|index| quoted(&all.column_name(index)));
                    names.map(|name| format!("{name}={name}")).collect()
                },
            );
            probes.push(format!("INSERT INTO {table} DEFAULT VALUES"));
            probes.push(format!("DELETE FROM {table}"));
            probes.push(format!("UPDATE {table} SET {}", sets.join(",")));
        }
        watch.stepping.set(false);
        for probe in probes {
            let Err(fault) = self.session.connection.statement(&probe) else { continue };
            let table = fault.message.strip_prefix("no such table: main.");
            if table.is_some_and(|table| watch.is_shared(table)) {
                let error = faults::shared_in_main(&fault.message);
                return Err(error.at_offset(start as u64).into());
            }
        }
        Ok(())
    }
}

/// The SQL as SQLite wants it, within its bound.
fn checked(sql: &str, bytes_max: u64) -> Result<CString, Error> {
    if sql.len() as u64 > bytes_max {
        return Err(Error::new(
            ErrorCode::RequestInvalid,
            format!("the SQL is longer than {bytes_max} bytes (query.sql_bytes_max)"),
        ));
    }
    if script::words(sql, "OVER") > WINDOWS_MAX {
        return Err(Error::new(
            ErrorCode::RequestInvalid,
            format!("the SQL has more than {WINDOWS_MAX} window functions"),
        ));
    }
    CString::new(sql).map_err(|nul| {
        Error::new(ErrorCode::SqlError, "the SQL holds a NUL character")
            .at_offset(nul.nul_position() as u64)
    })
}
