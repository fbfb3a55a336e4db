//! Defining scalar functions in Rust: arguments as cells, panics caught.

use std::ffi::{CStr, c_char, c_int};

use model::Cell;
use rusqlite::ffi;

use crate::callback::caught;
use crate::conn::{Connection, SqlFault};

/// What a function gives.
pub(super) enum Answer {
    Null,
    Integer(i64),
    Text(String),
    Error(String),
}

/// A function of two arguments.
pub(super) type Binary = fn(Cell<'_>, Cell<'_>) -> Answer;

/// Defines `name` with `arity` arguments, all of which `function` takes.
pub(super) fn define(
    connection: &Connection,
    name: &CStr,
    arity: c_int,
    function: Binary,
) -> Result<(), SqlFault> {
    let flags = ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS;
    // SAFETY: the handle is open, the name NUL-terminated; the user data is a function pointer,
    // which needs no destructor.
    let code = unsafe {
        ffi::sqlite3_create_function_v2(
            connection.handle(),
            name.as_ptr(),
            arity,
            flags as _,
            function as *mut _,
            Some(call),
            None,
            None,
            None,
        )
    };
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(SqlFault { code, message: name.to_string_lossy().into_owned(), offset: None })
}

unsafe extern "C" fn call(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    let answer = caught(|| {
        if count != 2 {
            return Answer::Error("wrong number of arguments".to_owned());
        }
        // SAFETY: the user data is what `define` gave, a `Binary`.
        let function = unsafe {
            std::mem::transmute::<*mut std::ffi::c_void, Binary>(ffi::sqlite3_user_data(context))
        };
        // SAFETY: SQLite gives `count` arguments, which stay during the call.
        let (first, second) = unsafe { (cell(*values), cell(*values.add(1))) };
        function(first, second)
    });
    let answer = answer.unwrap_or_else(|| Answer::Error("the function failed".to_owned()));
    // SAFETY: the context is SQLite's own; texts are copied.
    unsafe { give(context, answer) }
}

/// # Safety
/// `context` is the running function's.
unsafe fn give(context: *mut ffi::sqlite3_context, answer: Answer) {
    // SAFETY: the caller's; pointers and lengths belong together, and SQLite copies.
    unsafe {
        match answer {
            Answer::Null => ffi::sqlite3_result_null(context),
            Answer::Integer(value) => ffi::sqlite3_result_int64(context, value),
            Answer::Text(text) => ffi::sqlite3_result_text64(
                context,
                text.as_ptr().cast::<c_char>(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as _,
            ),
            Answer::Error(message) => {
                let len = c_int::try_from(message.len()).unwrap_or(0);
                ffi::sqlite3_result_error(context, message.as_ptr().cast::<c_char>(), len);
            }
        }
    }
}

/// # Safety
/// `value` is an argument of the running function, which stays for `'a`.
unsafe fn cell<'a>(value: *mut ffi::sqlite3_value) -> Cell<'a> {
    // SAFETY: the caller's. The pointer is asked for before the length, as SQLite wants it.
    unsafe {
        let kind = ffi::sqlite3_value_type(value);
        match kind {
            ffi::SQLITE_INTEGER => Cell::Integer(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => Cell::Real(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT | ffi::SQLITE_BLOB => {
                let start: *const u8 = ffi::sqlite3_value_blob(value).cast();
                let len = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
                // Null where it is empty, or where memory was lacking to make it.
                let bytes: &[u8] =
                    if start.is_null() { &[] } else { std::slice::from_raw_parts(start, len) };
                match std::str::from_utf8(bytes) {
                    Ok(text) if kind == ffi::SQLITE_TEXT => Cell::Text(text),
                    _ => Cell::Blob(bytes),
                }
            }
            _ => Cell::Null,
        }
    }
}
