//! Finding out beforehand which tables a script is going to touch.

use std::cell::Cell;
use std::ffi::CString;

use model::limits::{PROBE_PROGRESS_LOOKS, PROBE_SCRATCH_BYTES, PROBE_STATEMENTS_MAX};
use model::{Account, Error, TableSet};

use super::progress::Look;
use super::session::Session;
use super::{QueryLimits, Script, script};
use crate::conn::Step;
use crate::heap::Purse;
use crate::image::Image;
use crate::ledger;

/// The tables a script is going to touch, tenant and shared ones. Its statements are prepared
/// against images without rows and, but for the last, also run there, so that later ones find the
/// temp tables and views they read. Best effort: [`super::run`] finds the rest.
pub fn tables_needed(blank: &Image, shared_blank: Option<&Image>, script: &Script) -> TableSet {
    probe(blank, shared_blank, script).unwrap_or_default()
}

fn probe(blank: &Image, shared: Option<&Image>, script: &Script) -> Result<TableSet, Error> {
    let sql = &script.sql;
    let text = CString::new(sql.as_str()).map_err(|nul| Error::internal(nul.to_string()))?;
    let limits = QueryLimits {
        max_rows: None,
        row_bytes_max: PROBE_SCRATCH_BYTES,
        sql_bytes_max: sql.len() as u64 + 1,
        cpu_time_max: None,
    };
    let account = Account::root(PROBE_SCRATCH_BYTES);
    let _paying = ledger::pay(&account, Purse::new(&account));
    let mut start = script::skip_blank(sql, 0);
    let several = script::skip_blank(sql, script::skip_statement(sql, start)) < sql.len();
    let session = if several {
        Session::scratch(blank, shared, &limits, &account)?
    } else {
        Session::reader(blank, shared, &limits)?
    };
    let looks = Cell::new(0);
    let ask = || {
        looks.set(looks.get() + 1);
        (looks.get() > PROBE_PROGRESS_LOOKS).then(|| Error::internal("the probe took too long"))
    };
    let look = Look::new(&ask);
    let joined = session.watch.joined(sql);
    let mut statements = 0;
    look.during(&session.connection, || {
        while start < sql.len() && statements < PROBE_STATEMENTS_MAX {
            statements += 1;
            start = match session.connection.prepare(&text, start, false) {
                Err(_) => script::skip_statement(sql, start),
                Ok(prepared) => {
                    session.watch.touch_all_for(&script::first_word(sql, start));
                    session.watch.touch_joined(&joined);
                    let next = script::skip_blank(sql, prepared.end);
                    if let Some(mut statement) = prepared.statement
                        && next < sql.len()
                    {
                        while matches!(statement.step(), Ok(Step::Row)) {}
                    }
                    next
                }
            };
            start = script::skip_blank(sql, start);
        }
    });
    Ok(session.watch.seen.touched.get())
}
