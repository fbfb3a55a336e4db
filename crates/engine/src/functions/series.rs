//! `generate_series(start, stop, step)`, as SQLite's own extension has it: an eponymous virtual
//! table with the hidden columns `start`, `stop` and `step`.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use rusqlite::ffi;

use crate::callback::caught;
use crate::conn::Connection;

/// Without `stop` the series ends here, as in SQLite's extension.
const DEFAULT_STOP: i64 = 0xffff_ffff;
const COLUMN_VALUE: c_int = 0;
const COLUMN_START: c_int = 1;
const COLUMN_STEP: c_int = 3;

#[repr(C)]
struct Cursor {
    base: ffi::sqlite3_vtab_cursor,
    start: i64,
    stop: i64,
    step: i64,
    /// `None` after the last.
    value: Option<i64>,
    rowid: i64,
}

/// Defines the table on `connection`; SQLite's result code.
pub(super) fn define(connection: &Connection) -> c_int {
    // SAFETY: the handle is open, the name NUL-terminated, the module static.
    unsafe {
        ffi::sqlite3_create_module_v2(
            connection.handle(),
            c"generate_series".as_ptr(),
            &raw const MODULE,
            ptr::null_mut(),
            None,
        )
    }
}

static MODULE: ffi::sqlite3_module = ffi::sqlite3_module {
    iVersion: 0,
    xCreate: None, // eponymous only: no CREATE VIRTUAL TABLE
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xDestroy: None,
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(eof),
    xColumn: Some(column),
    xRowid: Some(rowid),
    xUpdate: None,
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
};

fn guarded(callback: impl FnOnce() -> c_int) -> c_int {
    caught(callback).unwrap_or(ffi::SQLITE_ERROR)
}

unsafe extern "C" fn connect(
    db: *mut ffi::sqlite3,
    _aux: *mut c_void,
    _count: c_int,
    _arguments: *const *const c_char,
    out: *mut *mut ffi::sqlite3_vtab,
    _message: *mut *mut c_char,
) -> c_int {
    guarded(|| {
        let declaration = c"CREATE TABLE x(value, start HIDDEN, stop HIDDEN, step HIDDEN)";
        // SAFETY: SQLite calls with its own open handle and a valid place for the table; all zero
        // is a valid `sqlite3_vtab`.
        unsafe {
            let code = ffi::sqlite3_declare_vtab(db, declaration.as_ptr());
            if code == ffi::SQLITE_OK {
                ffi::sqlite3_vtab_config(db, ffi::SQLITE_VTAB_INNOCUOUS);
                *out = Box::into_raw(Box::new(std::mem::zeroed()));
            }
            code
        }
    })
}

unsafe extern "C" fn disconnect(table: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: the table came from `Box::into_raw` in `connect` and is given back once.
    drop(unsafe { Box::from_raw(table) });
    ffi::SQLITE_OK
}

/// `idxNum` has bit 0, 1, 2 for start, stop, step; their values come in that order.
unsafe extern "C" fn best_index(
    _table: *mut ffi::sqlite3_vtab,
    info: *mut ffi::sqlite3_index_info,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a valid structure, whose arrays have `nConstraint` elements.
        let (info, constraints, usages) = unsafe {
            let info = &mut *info;
            let count = usize::try_from(info.nConstraint).unwrap_or(0);
            if count == 0 {
                (info, &[][..], &mut [][..])
            } else {
                let constraints = std::slice::from_raw_parts(info.aConstraint, count);
                let usages = std::slice::from_raw_parts_mut(info.aConstraintUsage, count);
                (info, constraints, usages)
            }
        };
        let mut chosen: [Option<usize>; 3] = [None; 3];
        let mut unusable = 0u8;
        for (index, constraint) in constraints.iter().enumerate() {
            let slot = constraint.iColumn - COLUMN_START;
            let equal = i32::from(constraint.op) == ffi::SQLITE_INDEX_CONSTRAINT_EQ;
            let Some(slot) = usize::try_from(slot).ok().filter(|s| *s < 3 && equal) else {
                continue;
            };
            if constraint.usable == 0 {
                unusable |= 1 << slot;
            } else {
                chosen[slot] = Some(index);
            }
        }
        info.idxNum = 0;
        let mut argument = 0;
        for (slot, index) in chosen.iter().enumerate() {
            let Some(index) = index else { continue };
            argument += 1;
            usages[*index].argvIndex = argument;
            usages[*index].omit = 1;
            info.idxNum |= 1 << slot;
            unusable &= !(1 << slot);
        }
        if unusable != 0 || chosen[0].is_none() {
            return ffi::SQLITE_CONSTRAINT; // not this plan: the arguments are not known yet
        }
        let both = chosen[0].is_some() && chosen[1].is_some();
        (info.estimatedCost, info.estimatedRows) = if both { (2.0, 1000) } else { (1e9, 1 << 31) };
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn open(
    _table: *mut ffi::sqlite3_vtab,
    out: *mut *mut ffi::sqlite3_vtab_cursor,
) -> c_int {
    guarded(|| {
        // SAFETY: all zero is a valid base; the rest is plain.
        let base = unsafe { std::mem::zeroed() };
        let cursor = Cursor { base, start: 0, stop: 0, step: 1, value: None, rowid: 0 };
        // SAFETY: SQLite gives a valid place.
        unsafe { *out = Box::into_raw(Box::new(cursor)).cast() };
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn close(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: the cursor came from `Box::into_raw` in `open` and is given back once.
    drop(unsafe { Box::from_raw(cursor.cast::<Cursor>()) });
    ffi::SQLITE_OK
}

/// # Safety
/// `cursor` came from `open` and no other reference to it lives.
unsafe fn of<'a>(cursor: *mut ffi::sqlite3_vtab_cursor) -> &'a mut Cursor {
    // SAFETY: the caller's.
    unsafe { &mut *cursor.cast::<Cursor>() }
}

unsafe extern "C" fn filter(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    used: c_int,
    _name: *const c_char,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite calls with a cursor of ours.
        let cursor = unsafe { of(cursor) };
        let mut given = [None; 3];
        let (mut next, mut null) = (0, false);
        for (slot, value) in given.iter_mut().enumerate() {
            if used & (1 << slot) != 0 && next < usize::try_from(count).unwrap_or(0) {
                // SAFETY: SQLite gives `count` values.
                unsafe {
                    let raw = *values.add(next);
                    null |= ffi::sqlite3_value_type(raw) == ffi::SQLITE_NULL;
                    *value = Some(ffi::sqlite3_value_int64(raw));
                }
                next += 1;
            }
        }
        let [start, stop, step] = given;
        cursor.start = start.unwrap_or(0);
        cursor.stop = stop.unwrap_or(DEFAULT_STOP);
        cursor.step = step.filter(|step| *step != 0).unwrap_or(1);
        cursor.rowid = 1;
        cursor.value = (!null).then_some(cursor.start).filter(|value| within(cursor, *value));
        ffi::SQLITE_OK
    })
}

fn within(cursor: &Cursor, value: i64) -> bool {
    if cursor.step > 0 { value <= cursor.stop } else { value >= cursor.stop }
}

unsafe extern "C" fn next(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    guarded(|| {
        // SAFETY: SQLite calls with a cursor of ours.
        let cursor = unsafe { of(cursor) };
        let following = cursor.value.and_then(|value| value.checked_add(cursor.step));
        cursor.value = following.filter(|value| within(cursor, *value));
        cursor.rowid += 1;
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn eof(cursor: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: SQLite calls with a cursor of ours.
    c_int::from(unsafe { of(cursor) }.value.is_none())
}

unsafe extern "C" fn column(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    context: *mut ffi::sqlite3_context,
    index: c_int,
) -> c_int {
    // SAFETY: SQLite calls with a cursor of ours.
    let cursor = unsafe { of(cursor) };
    let value = match index {
        COLUMN_VALUE => cursor.value.unwrap_or(0),
        COLUMN_START => cursor.start,
        COLUMN_STEP => cursor.step,
        _ => cursor.stop,
    };
    // SAFETY: the context is SQLite's own.
    unsafe { ffi::sqlite3_result_int64(context, value) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn rowid(
    cursor: *mut ffi::sqlite3_vtab_cursor,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls with a cursor of ours and a valid place.
    unsafe { *out = of(cursor).rowid };
    ffi::SQLITE_OK
}
