//! A prepared statement: parameters in, rows out.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::NonNull;

use model::Cell;
use rusqlite::ffi;

use super::{Connection, SqlFault};
use crate::overdue;

/// What prepare found.
pub(crate) struct Prepared {
    pub(crate) statement: Option<Statement>,
    /// Bytes into the text where the next statement may begin.
    pub(crate) end: usize,
}

/// What a step brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Row,
    Done,
}

/// A statement, finalised on drop.
pub(crate) struct Statement {
    raw: NonNull<ffi::sqlite3_stmt>,
    connection: Connection,
    /// Reused from row to row; the cells in it are of one row only, see [`Statement::row`].
    cells: Vec<Cell<'static>>,
    /// The row's texts that were not UTF-8, made so.
    replaced: Vec<String>,
    /// Bytes of the row's texts and blobs.
    bytes: u64,
}

/// The row that the last step brought.
pub(crate) struct Row<'a> {
    pub(crate) cells: &'a [Cell<'a>],
    /// How many of its texts were not UTF-8.
    pub(crate) replaced: u64,
    /// Bytes of its texts and blobs together. Counted where their lengths are at hand.
    pub(crate) bytes: u64,
}

// SAFETY: a statement moves together with its connection, see `Raw`. The cells left behind from an
// earlier row are never read again.
unsafe impl Send for Statement {}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is live, and its connection is still open.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

impl Statement {
    pub(super) fn new(raw: NonNull<ffi::sqlite3_stmt>, connection: Connection) -> Statement {
        Statement { raw, connection, cells: Vec::new(), replaced: Vec::new(), bytes: 0 }
    }

    fn raw(&self) -> *mut ffi::sqlite3_stmt {
        self.raw.as_ptr()
    }

    /// Whether it writes to no database, temp ones included.
    pub(crate) fn readonly(&self) -> bool {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_stmt_readonly(self.raw()) != 0 }
    }

    /// Goes to the next row.
    pub(crate) fn step(&mut self) -> Result<Step, SqlFault> {
        // SAFETY: the statement is live.
        match unsafe { ffi::sqlite3_step(self.raw()) } {
            ffi::SQLITE_ROW | ffi::SQLITE_DONE if overdue::ended() => {
                Err(self.connection.fault(ffi::SQLITE_INTERRUPT))
            }
            ffi::SQLITE_ROW => Ok(Step::Row),
            ffi::SQLITE_DONE => Ok(Step::Done),
            code => Err(self.connection.fault(code)),
        }
    }

    /// Back to before the first row; releases what the run held.
    pub(crate) fn reset(&mut self) {
        // SAFETY: the statement is live. The code repeats the last step's.
        unsafe { ffi::sqlite3_reset(self.raw()) };
    }

    /// Counts VM steps from zero again. SQLite's progress handler goes by this count, which would
    /// otherwise go on from the statement's earlier runs.
    pub(crate) fn count_steps_anew(&mut self) {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_stmt_status(self.raw(), ffi::SQLITE_STMTSTATUS_VM_STEP, 1) };
    }

    /// All parameters NULL again.
    pub(crate) fn clear_bindings(&mut self) {
        // SAFETY: the statement is live.
        unsafe { ffi::sqlite3_clear_bindings(self.raw()) };
    }

    /// How many parameters it has: the largest number.
    pub(crate) fn parameters(&self) -> usize {
        // SAFETY: the statement is live.
        usize::try_from(unsafe { ffi::sqlite3_bind_parameter_count(self.raw()) }).unwrap_or(0)
    }

    /// The name of parameter `number` (from 1) with its prefix; `None` for a plain `?`.
    pub(crate) fn parameter_name(&self, number: usize) -> Option<&str> {
        let number = c_int::try_from(number).ok()?;
        // SAFETY: the statement is live; the name lives as long as it.
        unsafe {
            let name = ffi::sqlite3_bind_parameter_name(self.raw(), number);
            if name.is_null() { None } else { CStr::from_ptr(name).to_str().ok() }
        }
    }

    /// Binds parameter `number` (from 1) without copying.
    ///
    /// # Safety
    /// What `cell` borrows must stay until the parameter is bound anew, the bindings are cleared
    /// or the statement is stepped no more.
    pub(crate) unsafe fn bind(&mut self, number: usize, cell: &Cell<'_>) -> Result<(), SqlFault> {
        // A number beyond c_int is beyond every limit of SQLite's: it answers SQLITE_RANGE.
        let number = c_int::try_from(number).unwrap_or(c_int::MAX);
        let (raw, fixed) = (self.raw(), ffi::SQLITE_STATIC());
        // SAFETY: the statement is live; pointers and lengths belong together; that they stay is
        // the caller's to keep. An empty slice's pointer is not null, and so binds no NULL.
        let code = unsafe {
            match *cell {
                Cell::Null => ffi::sqlite3_bind_null(raw, number),
                Cell::Integer(value) => ffi::sqlite3_bind_int64(raw, number, value),
                Cell::Real(value) => ffi::sqlite3_bind_double(raw, number, value),
                Cell::Text(text) => ffi::sqlite3_bind_text64(
                    raw,
                    number,
                    text.as_ptr().cast::<c_char>(),
                    text.len() as u64,
                    fixed,
                    ffi::SQLITE_UTF8 as _,
                ),
                Cell::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    raw,
                    number,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    fixed,
                ),
            }
        };
        if code == ffi::SQLITE_OK { Ok(()) } else { Err(self.connection.fault(code)) }
    }

    /// How many columns its result has.
    pub(crate) fn columns(&self) -> usize {
        // SAFETY: the statement is live.
        usize::try_from(unsafe { ffi::sqlite3_column_count(self.raw()) }).unwrap_or(0)
    }

    /// Name of result column `index`.
    pub(crate) fn column_name(&self, index: usize) -> String {
        self.meta(index, ffi::sqlite3_column_name).unwrap_or_default()
    }

    /// Schema, table and column that result column `index` comes from; `None` for expressions.
    pub(crate) fn column_origin(&self, index: usize) -> Option<(String, String, String)> {
        Some((
            self.meta(index, ffi::sqlite3_column_database_name)?,
            self.meta(index, ffi::sqlite3_column_table_name)?,
            self.meta(index, ffi::sqlite3_column_origin_name)?,
        ))
    }

    fn meta(
        &self,
        index: usize,
        which: unsafe extern "C" fn(*mut ffi::sqlite3_stmt, c_int) -> *const c_char,
    ) -> Option<String> {
        let index = c_int::try_from(index).ok()?;
        // SAFETY: the statement is live; the text is NUL-terminated and copied at once.
        unsafe {
            let text = which(self.raw(), index);
            if text.is_null() {
                None
            } else {
                Some(CStr::from_ptr(text).to_string_lossy().into_owned())
            }
        }
    }

    /// The row that the last step brought.
    pub(crate) fn row(&mut self, columns: usize) -> Row<'_> {
        self.cells.clear();
        self.replaced.clear();
        self.bytes = 0;
        for index in 0..columns {
            let cell = self.cell(index);
            // SAFETY: lengthens the borrow of SQLite's row. It ends with the next step, reset or
            // drop, all of which need `&mut self`, while the caller's view borrows `self` and is
            // shortened to that borrow below.
            let cell = unsafe { std::mem::transmute::<Cell<'_>, Cell<'static>>(cell) };
            self.cells.push(cell);
        }
        let replaced = self.replaced.len() as u64;
        if replaced > 0 {
            self.mend();
        }
        Row { cells: &self.cells, replaced, bytes: self.bytes }
    }

    /// One value. A text that is not UTF-8 comes as its bytes, and is noted in `replaced`.
    fn cell(&mut self, index: usize) -> Cell<'_> {
        let index = index as c_int;
        // SAFETY: the statement is at a row; SQLite answers NULL for a column out of range. The
        // bytes stay until the next step or reset, and nothing converts the value meanwhile.
        unsafe {
            let value = ffi::sqlite3_column_value(self.raw(), index);
            match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_value_int64(value)),
                ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_value_double(value)),
                ffi::SQLITE_TEXT => {
                    let bytes = value_bytes(value);
                    self.bytes += bytes.len() as u64;
                    match std::str::from_utf8(bytes) {
                        Ok(text) => Cell::Text(text),
                        Err(_) => {
                            self.replaced.push(String::from_utf8_lossy(bytes).into_owned());
                            Cell::Null
                        }
                    }
                }
                ffi::SQLITE_BLOB => {
                    let bytes = value_bytes(value);
                    self.bytes += bytes.len() as u64;
                    Cell::Blob(bytes)
                }
                _ => Cell::Null,
            }
        }
    }

    /// Puts the replaced texts in their places. Rare, so it asks SQLite for the types again.
    fn mend(&mut self) {
        let mut replaced = self.replaced.iter();
        for (index, cell) in self.cells.iter_mut().enumerate() {
            // SAFETY: as in `cell`.
            let kind = unsafe { ffi::sqlite3_column_type(self.raw.as_ptr(), index as c_int) };
            if kind == ffi::SQLITE_TEXT
                && matches!(cell, Cell::Null)
                && let Some(text) = replaced.next()
            {
                // SAFETY: `replaced` is not touched until the next row clears it, which drops
                // these cells first.
                *cell = Cell::Text(unsafe { &*std::ptr::from_ref(text.as_str()) });
            }
        }
    }
}

/// # Safety
/// `value` is a text or blob of a row that stays for `'a`.
unsafe fn value_bytes<'a>(value: *mut ffi::sqlite3_value) -> &'a [u8] {
    // SAFETY: the caller's. The pointer is asked for before the length, as SQLite wants it.
    unsafe {
        let start = ffi::sqlite3_value_blob(value).cast::<u8>();
        let len = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
        if start.is_null() { &[] } else { std::slice::from_raw_parts(start, len) }
    }
}
