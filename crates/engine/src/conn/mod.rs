//! A thin safe wrapper over SQLite's C interface: connections on what the VFS serves, statements,
//! parameters, columns.

mod statement;

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rusqlite::ffi;

use crate::vfs::{self, Handed};
pub(crate) use statement::{Prepared, Statement, Step};

/// What SQLite said when it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqlFault {
    /// SQLite's extended result code.
    pub(crate) code: c_int,
    pub(crate) message: String,
    /// Bytes into the text that was given to prepare.
    pub(crate) offset: Option<usize>,
}

impl SqlFault {
    /// SQLite's primary result code.
    pub(crate) fn primary(&self) -> c_int {
        self.code & 0xff
    }

    /// What SQLite says of a stored row that is too long, for one of a result.
    pub(crate) fn row_too_big() -> SqlFault {
        let message = "a row of the result is too big".to_owned();
        SqlFault { code: ffi::SQLITE_TOOBIG, message, offset: None }
    }
}

impl From<SqlFault> for model::Error {
    /// For our own statements: their failing is a fault of ours.
    fn from(fault: SqlFault) -> Self {
        model::Error::internal(format!("SQLite said {}: {}", fault.code, fault.message))
    }
}

/// An open database. Its statements keep it open.
#[derive(Clone)]
pub(crate) struct Connection {
    raw: Arc<Raw>,
}

/// The handle, closed on drop.
struct Raw(NonNull<ffi::sqlite3>);

// SAFETY: SQLite in multi-thread mode allows a connection to move between threads as long as one
// thread at a time uses it. `Connection` and `Statement` clones share the handle, so this is what
// every holder in this crate keeps to: a loader and a session own all clones of theirs, are used
// through `&mut` and move as a whole.
unsafe impl Send for Raw {}
// SAFETY: as above; required only since the handle sits in an `Arc`.
unsafe impl Sync for Raw {}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and every statement on it holds an `Arc` of this and so is
        // finalised by now.
        unsafe { ffi::sqlite3_close(self.0.as_ptr()) };
    }
}

impl Connection {
    /// Opens `handed` as `main`.
    pub(crate) fn open(handed: Handed) -> Result<Connection, SqlFault> {
        let access = match handed {
            Handed::Image(_) => ffi::SQLITE_OPEN_READONLY,
            Handed::Writer(_) | Handed::Scratch(_) => ffi::SQLITE_OPEN_READWRITE,
        };
        let flags = access | ffi::SQLITE_OPEN_NOMUTEX | ffi::SQLITE_OPEN_EXRESCODE;
        let mut raw = ptr::null_mut();
        let code = vfs::hand_over(handed, || {
            // SAFETY: names are NUL-terminated, `raw` is a valid place for the handle.
            unsafe {
                ffi::sqlite3_open_v2(c"main".as_ptr(), &raw mut raw, flags, vfs::NAME.as_ptr())
            }
        });
        let Some(handle) = NonNull::new(raw) else {
            let message = "no memory for a connection".to_owned();
            return Err(SqlFault { code: ffi::SQLITE_NOMEM, message, offset: None });
        };
        let connection = Connection { raw: Arc::new(Raw(handle)) };
        connection.check(code).map(|()| connection)
    }

    /// Attaches `handed` under the schema name `shared`.
    pub(crate) fn attach_shared(&self, handed: Handed) -> Result<(), SqlFault> {
        vfs::hand_over(handed, || self.execute("ATTACH 'shared' AS shared"))
    }

    /// The handle, valid as long as `self`.
    pub(crate) fn handle(&self) -> *mut ffi::sqlite3 {
        self.raw.0.as_ptr()
    }

    /// Runs all statements of `sql`, dropping their rows.
    pub(crate) fn execute(&self, sql: &str) -> Result<(), SqlFault> {
        let text = CString::new(sql).map_err(|_| nul_fault())?;
        let mut at = 0;
        while at < sql.len() {
            let prepared = self.prepare(&text, at, false)?;
            at = prepared.end;
            let Some(mut statement) = prepared.statement else { continue };
            while statement.step()? == Step::Row {}
        }
        Ok(())
    }

    /// Prepares the first statement of `sql` at or after byte `start`; none if there is only
    /// space and comments. `keep`: the statement will live long.
    pub(crate) fn prepare(
        &self,
        sql: &CStr,
        start: usize,
        keep: bool,
    ) -> Result<Prepared, SqlFault> {
        let bytes = sql.to_bytes_with_nul();
        let rest = bytes.get(start..).unwrap_or(b"\0");
        let (mut raw, mut tail): (_, *const c_char) = (ptr::null_mut(), ptr::null());
        let len = c_int::try_from(rest.len()).map_err(|_| nul_fault())?;
        let flags = if keep { ffi::SQLITE_PREPARE_PERSISTENT } else { 0 };
        // SAFETY: `rest` holds `len` bytes, the last of them NUL; the out pointers are valid.
        let code = unsafe {
            ffi::sqlite3_prepare_v3(
                self.handle(),
                rest.as_ptr().cast(),
                len,
                flags as _,
                &raw mut raw,
                &raw mut tail,
            )
        };
        if code != ffi::SQLITE_OK {
            let mut fault = self.fault(code);
            fault.offset = self.error_offset().map(|offset| start + offset);
            return Err(fault);
        }
        let used = (tail as usize).saturating_sub(rest.as_ptr() as usize);
        let statement = NonNull::new(raw).map(|raw| Statement::new(raw, self.clone()));
        Ok(Prepared { statement, end: start + used })
    }

    /// One of our own statements.
    pub(crate) fn statement(&self, sql: &str) -> Result<Statement, SqlFault> {
        let text = CString::new(sql).map_err(|_| nul_fault())?;
        self.prepare(&text, 0, true)?.statement.ok_or_else(nul_fault)
    }

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    pub(crate) fn changes(&self) -> u64 {
        // SAFETY: the handle is open.
        u64::try_from(unsafe { ffi::sqlite3_changes64(self.handle()) }).unwrap_or(0)
    }

    /// Rows changed since the connection was opened.
    pub(crate) fn total_changes(&self) -> i64 {
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_total_changes64(self.handle()) }
    }

    /// Sets a limit (`SQLITE_LIMIT_*`).
    pub(crate) fn limit(&self, which: c_int, value: u64) {
        let value = c_int::try_from(value).unwrap_or(c_int::MAX);
        // SAFETY: the handle is open.
        unsafe { ffi::sqlite3_limit(self.handle(), which, value) };
    }

    /// Sets a boolean option (`SQLITE_DBCONFIG_*`).
    pub(crate) fn option(&self, which: c_int, on: bool) {
        let previous = ptr::null_mut::<c_int>();
        // SAFETY: the boolean options take an int and a pointer that may be null.
        unsafe { ffi::sqlite3_db_config(self.handle(), which, c_int::from(on), previous) };
    }

    fn check(&self, code: c_int) -> Result<(), SqlFault> {
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.fault(code)) }
    }

    fn fault(&self, code: c_int) -> SqlFault {
        // SAFETY: the handle is open; SQLite's message is NUL-terminated and copied at once.
        let message = unsafe {
            let text = ffi::sqlite3_errmsg(self.handle());
            if text.is_null() {
                String::new()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        };
        SqlFault { code, message, offset: None }
    }

    fn error_offset(&self) -> Option<usize> {
        // SAFETY: the handle is open.
        usize::try_from(unsafe { ffi::sqlite3_error_offset(self.handle()) }).ok()
    }
}

fn nul_fault() -> SqlFault {
    let message = "the SQL is empty, too long or holds a NUL character".to_owned();
    SqlFault { code: ffi::SQLITE_ERROR, message, offset: None }
}
