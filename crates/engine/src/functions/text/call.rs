//! A call of such a function: its arguments as bytes, its result in SQLite's own memory, so that the
//! heap's ledger charges it.

use std::ffi::{CStr, c_int};
use std::ptr::NonNull;

use rusqlite::ffi;

use crate::callback::caught;
use crate::conn::{Connection, SqlFault};
use crate::overdue::{self, Ended};

/// One call, with its arguments.
pub(super) struct Call<'a> {
    context: *mut ffi::sqlite3_context,
    values: &'a [*mut ffi::sqlite3_value],
}

/// What a function gives.
pub(super) enum Gives<'a> {
    Null,
    Integer(i64),
    /// A text, copied.
    Part(&'a [u8]),
    /// A text, handed over.
    Made(Words),
    /// A blob, handed over.
    Bytes(Words),
}

/// Why it gives nothing.
pub(super) enum Failed {
    NoMemory,
    TooBig,
    Over,
}

impl From<Ended> for Failed {
    fn from(_: Ended) -> Self {
        Failed::Over
    }
}

/// A function.
pub(super) type Function = for<'a> fn(&Call<'a>) -> Result<Gives<'a>, Failed>;

/// Defines `name` with `arity` arguments.
pub(super) fn define(
    connection: &Connection,
    name: &CStr,
    arity: c_int,
    function: Function,
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
            Some(called),
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

unsafe extern "C" fn called(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    let outcome = caught(|| {
        // SAFETY: the user data is what `define` gave, a `Function`.
        let function = unsafe {
            std::mem::transmute::<*mut std::ffi::c_void, Function>(ffi::sqlite3_user_data(context))
        };
        // SAFETY: SQLite gives `count` arguments, at least one, which stay during the call.
        let values = unsafe {
            std::slice::from_raw_parts(values.cast_const(), usize::try_from(count).unwrap_or(0))
        };
        match function(&Call { context, values }) {
            // SAFETY: the context is the running function's.
            Ok(gives) => unsafe { give(context, gives) },
            // SAFETY: as above.
            Err(failed) => unsafe { fail(context, &failed) },
        }
    });
    if outcome.is_none() {
        // SAFETY: as above; the message is static.
        unsafe { ffi::sqlite3_result_error(context, c"the function failed".as_ptr(), -1) };
    }
}

/// # Safety
/// `context` is the running function's.
unsafe fn give(context: *mut ffi::sqlite3_context, gives: Gives<'_>) {
    let utf8 = ffi::SQLITE_UTF8 as _;
    // SAFETY: the caller's; pointers and lengths belong together; SQLite copies the part, and frees
    // what was made, which came from its allocator.
    unsafe {
        match gives {
            Gives::Null => ffi::sqlite3_result_null(context),
            Gives::Integer(value) => ffi::sqlite3_result_int64(context, value),
            Gives::Part(text) => ffi::sqlite3_result_text64(
                context,
                text.as_ptr().cast(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                utf8,
            ),
            Gives::Made(text) => {
                let (start, len) = text.into_raw();
                let free = Some(ffi::sqlite3_free as unsafe extern "C" fn(_));
                ffi::sqlite3_result_text64(context, start.cast(), len as u64, free, utf8);
            }
            Gives::Bytes(blob) => {
                let (start, len) = blob.into_raw();
                let free = Some(ffi::sqlite3_free as unsafe extern "C" fn(_));
                ffi::sqlite3_result_blob64(context, start.cast(), len as u64, free);
            }
        }
    }
}

/// # Safety
/// `context` is the running function's.
unsafe fn fail(context: *mut ffi::sqlite3_context, failed: &Failed) {
    // SAFETY: the caller's.
    unsafe {
        match failed {
            Failed::NoMemory => ffi::sqlite3_result_error_nomem(context),
            Failed::TooBig => ffi::sqlite3_result_error_toobig(context),
            Failed::Over => ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERRUPT),
        }
    }
}

impl<'a> Call<'a> {
    /// How many arguments there are.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    fn kind(&self, index: usize) -> c_int {
        // SAFETY: the value is an argument of the running function.
        unsafe { ffi::sqlite3_value_type(self.values[index]) }
    }

    /// Whether argument `index` is a blob.
    pub(super) fn is_blob(&self, index: usize) -> bool {
        self.kind(index) == ffi::SQLITE_BLOB
    }

    /// Argument `index` as text, of a blob its bytes; none for NULL.
    pub(super) fn bytes(&self, index: usize) -> Result<Option<&'a [u8]>, Failed> {
        let (value, kind) = (self.values[index], self.kind(index));
        if kind == ffi::SQLITE_NULL {
            return Ok(None);
        }
        // SAFETY: the value is an argument of the running function and stays during the call; its
        // pointer is asked for before its length, and nothing converts it in between or later.
        unsafe {
            let start: *const u8 = if kind == ffi::SQLITE_BLOB {
                ffi::sqlite3_value_blob(value).cast()
            } else {
                ffi::sqlite3_value_text(value)
            };
            let len = usize::try_from(ffi::sqlite3_value_bytes(value)).unwrap_or(0);
            // Whoever asks for it passes over it.
            if overdue::ends(len as u64) {
                return Err(Failed::Over);
            }
            match NonNull::new(start.cast_mut()) {
                Some(start) => Ok(Some(std::slice::from_raw_parts(start.as_ptr(), len))),
                // An empty blob has no pointer, other values only if there is no memory for them.
                None if kind == ffi::SQLITE_BLOB && len == 0 => Ok(Some(&[])),
                None => Err(Failed::NoMemory),
            }
        }
    }

    /// The longest value there may be.
    pub(super) fn len_max(&self) -> usize {
        // SAFETY: the context's connection is open; a negative value only asks.
        let limit = unsafe {
            let handle = ffi::sqlite3_context_db_handle(self.context);
            ffi::sqlite3_limit(handle, ffi::SQLITE_LIMIT_LENGTH, -1)
        };
        usize::try_from(limit).unwrap_or(0)
    }
}

/// Memory from SQLite's allocator, zeroed at first: words of a table, or the bytes of a text.
pub(super) struct Words {
    start: NonNull<u64>,
    words: usize,
    bytes: usize,
}

impl Words {
    /// Room for `bytes`.
    pub(super) fn for_bytes(bytes: usize) -> Result<Words, Failed> {
        let mut made = Words::zeroed(bytes / 8 + 1)?;
        made.bytes = bytes;
        Ok(made)
    }

    /// That many words.
    pub(super) fn zeroed(words: usize) -> Result<Words, Failed> {
        // SAFETY: SQLite's allocator aligns to 8 bytes; what it gives holds that many words, which
        // are zeroed before anything reads them.
        unsafe {
            let start = ffi::sqlite3_malloc64(words as u64 * 8).cast::<u64>();
            let start = NonNull::new(start).ok_or(Failed::NoMemory)?;
            start.write_bytes(0, words);
            Ok(Words { start, words, bytes: words * 8 })
        }
    }

    /// How many words it holds.
    pub(super) fn len(&self) -> usize {
        self.words
    }

    /// All of it, to be read.
    pub(super) fn as_words(&self) -> &[u64] {
        // SAFETY: it holds that many initialised words, and is borrowed as long as they are.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.words) }
    }

    /// All of it, to be written.
    pub(super) fn words(&mut self) -> &mut [u64] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.words) }
    }

    /// The bytes asked for.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: it holds at least that many initialised bytes, borrowed as long as they are.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), self.bytes) }
    }

    /// Keeps only the first `bytes`.
    pub(super) fn cut(&mut self, bytes: usize) {
        self.bytes = self.bytes.min(bytes);
    }

    fn into_raw(self) -> (*mut u8, usize) {
        let raw = (self.start.as_ptr().cast(), self.bytes);
        std::mem::forget(self);
        raw
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: it came from SQLite's allocator and is given back once.
        unsafe { ffi::sqlite3_free(self.start.as_ptr().cast()) };
    }
}
