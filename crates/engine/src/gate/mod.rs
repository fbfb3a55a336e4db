//! The gate before functions of SQLite's own that cannot be replaced by name: LIKE and GLOB, since the
//! planner uses indexes only for SQLite's, `json_patch`, whose work is SQLite's to do, and `strftime`,
//! which may stand in an index. Its
//! compile flags put it there (`engine/sqlite/litevisor.h`), and looks at the deadline into its long loops.

#[cfg(test)]
mod looks;
mod pattern;
#[cfg(test)]
mod tests;

use std::ffi::{c_int, c_uint};

use model::limits::{
    DEADLINE_LOOK_ALLOCATIONS, JSON_PATCH_WORK, LIKE_WORK, LIKE_WORK_OF_A_STEP,
    STRFTIME_FORMAT_BYTES_MAX,
};
use rusqlite::ffi;

use crate::callback::caught;
use crate::overdue;
use pattern::Wildcards;

type Gate = unsafe extern "C" fn(
    c_int,
    *mut ffi::sqlite3_context,
    c_int,
    *mut *mut ffi::sqlite3_value,
) -> c_int;

unsafe extern "C" {
    /// Asked before each call, if set; 0 lets SQLite do it.
    static mut litevisor_gate: Option<Gate>;
    /// Asked in long loops, with their steps since it was asked last; anything but 0 ends them.
    static mut litevisor_over: Option<extern "C" fn(c_uint) -> c_int>;
}

const LIKE: c_int = 1;
const JSON_PATCH: c_int = 2;
const STRFTIME: c_int = 3;

/// Puts the gate up, for all connections. Before SQLite is initialised, and once.
pub(crate) fn install() {
    // SAFETY: nothing of SQLite runs yet, and the variable is written nowhere else.
    unsafe { litevisor_gate = Some(gate) };
    // SAFETY: the same.
    unsafe { litevisor_over = Some(over) };
}

extern "C" fn over(steps: c_uint) -> c_int {
    c_int::from(overdue::steps(steps.into()))
}

unsafe extern "C" fn gate(
    which: c_int,
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> c_int {
    let done = caught(|| {
        if count < 1 {
            return false;
        }
        // SAFETY: SQLite gives `count` arguments, which stay during the call.
        let values = unsafe {
            std::slice::from_raw_parts(values.cast_const(), usize::try_from(count).unwrap_or(0))
        };
        match which {
            // SAFETY: the context is that of a running LIKE or GLOB, the values its arguments.
            LIKE => unsafe { like(context, values) },
            // SAFETY: the same of json_patch.
            JSON_PATCH => unsafe { json_patch(context, values) },
            // SAFETY: the same of strftime.
            STRFTIME => unsafe { strftime(context, values) },
            _ => false,
        }
    });
    if done.is_none() {
        // SAFETY: the context is the running function's; the message is static.
        unsafe { ffi::sqlite3_result_error(context, c"the function failed".as_ptr(), -1) };
    }
    c_int::from(done.unwrap_or(true))
}

/// The product of two values' lengths, if both are texts.
///
/// # Safety
/// The values are arguments of a running function.
unsafe fn product(one: *mut ffi::sqlite3_value, other: *mut ffi::sqlite3_value) -> u64 {
    // SAFETY: the caller's. Asking for the bytes of what is no text would convert it.
    let len = |value| unsafe {
        match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_TEXT | ffi::SQLITE_BLOB => {
                u64::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0)
            }
            _ => 0,
        }
    };
    len(one).saturating_mul(len(other))
}

/// Does a comparison that may take long; whether it was done.
///
/// # Safety
/// `context` and `values` are those of a running LIKE or GLOB.
unsafe fn like(context: *mut ffi::sqlite3_context, values: &[*mut ffi::sqlite3_value]) -> bool {
    let [pattern, text, escape @ ..] = values else { return false };
    // SAFETY: the caller's; both are texts from here on, and stay as they are during the call. The
    // user data of both functions is four bytes of wildcards.
    unsafe {
        let is_text = |value| ffi::sqlite3_value_type(value) == ffi::SQLITE_TEXT;
        let work = product(*pattern, *text);
        if overdue::steps(1 + work / LIKE_WORK_OF_A_STEP) {
            ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERRUPT);
            return true;
        }
        if work < LIKE_WORK || !is_text(*pattern) || !is_text(*text) {
            return false;
        }
        let handle = ffi::sqlite3_context_db_handle(context);
        let longest = ffi::sqlite3_limit(handle, ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
        if ffi::sqlite3_value_bytes(*pattern) > longest {
            return false; // SQLite refuses it
        }
        let given = match escape {
            [] => None,
            [escape, ..] if is_text(*escape) => match pattern::only(bytes(*escape)) {
                Some(escape) => Some(escape),
                None => return false, // SQLite refuses it
            },
            _ => return false,
        };
        let wildcards = ffi::sqlite3_user_data(context).cast::<[u8; 4]>().read();
        let wildcards = Wildcards::of(wildcards, given);
        match pattern::matches(bytes(*pattern), bytes(*text), &wildcards) {
            Ok(matches) => ffi::sqlite3_result_int(context, c_int::from(matches)),
            Err(_) => ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERRUPT),
        }
    }
    true
}

/// Refuses a format without end, each of whose fields costs as much as a call; whether it was one.
///
/// # Safety
/// `context` and `values` are those of a running strftime.
unsafe fn strftime(context: *mut ffi::sqlite3_context, values: &[*mut ffi::sqlite3_value]) -> bool {
    let [format, ..] = values else { return false };
    // SAFETY: the caller's. What is neither text nor blob is a number of some digits.
    let long = unsafe { product(*format, *format) } > (STRFTIME_FORMAT_BYTES_MAX as u64).pow(2);
    if long {
        let why =
            format!("the format of strftime is longer than {STRFTIME_FORMAT_BYTES_MAX} bytes");
        let length = c_int::try_from(why.len()).unwrap_or(0);
        // SAFETY: the caller's; SQLite copies the message, whose length it is told.
        unsafe { ffi::sqlite3_result_error(context, why.as_ptr().cast(), length) };
    }
    long
}

/// A text up to its end, which for these functions is its first NUL.
///
/// # Safety
/// `value` is a text, an argument of a running function that stays for `'a`.
unsafe fn bytes<'a>(value: *mut ffi::sqlite3_value) -> &'a [u8] {
    // SAFETY: the caller's; texts end with a NUL.
    unsafe {
        let start = ffi::sqlite3_value_text(value);
        if start.is_null() { &[] } else { std::ffi::CStr::from_ptr(start.cast()).to_bytes() }
    }
}

/// Refuses a patch that may take long: SQLite looks for each key of the one among all of the other.
///
/// # Safety
/// `context` and `values` are those of a running `json_patch`.
unsafe fn json_patch(
    context: *mut ffi::sqlite3_context,
    values: &[*mut ffi::sqlite3_value],
) -> bool {
    let [target, patch, ..] = values else { return false };
    // SAFETY: the caller's. Keys that the patch brings are looked for among those it brought before.
    let work = unsafe { product(*target, *patch).max(product(*patch, *patch)) };
    if work < JSON_PATCH_WORK {
        let ended = overdue::steps(1 + work / (JSON_PATCH_WORK / DEADLINE_LOOK_ALLOCATIONS));
        if ended {
            // SAFETY: the caller's.
            unsafe { ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERRUPT) };
        }
        return ended;
    }
    let message = c"json_patch: the two are too large together; use json_set, or json_each";
    // SAFETY: the caller's; the message is static.
    unsafe { ffi::sqlite3_result_error(context, message.as_ptr(), -1) };
    true
}
