//! SQLite's process-wide configuration.

use std::ffi::c_int;
use std::ptr;
use std::sync::OnceLock;

use model::Error;
use rusqlite::ffi;

use crate::{gate, heap, vfs};

/// Sets SQLite's process-wide configuration and registers the VFS, as the default one. Idempotent;
/// whatever in this crate opens SQLite calls it, but call it before anything else opens SQLite.
/// Fails with `internal` if that was done before.
pub fn init() -> Result<(), Error> {
    once(true)
}

/// The same with the C library's allocator: nothing that SQLite allocates is charged to anybody, nor
/// looked at. Only to measure what the ledger costs.
pub fn init_uncharged() -> Result<(), Error> {
    once(false)
}

fn once(charged: bool) -> Result<(), Error> {
    static DONE: OnceLock<Result<(), Error>> = OnceLock::new();
    DONE.get_or_init(|| configure(charged).and_then(|()| vfs::register()).map(|()| seed())).clone()
}

/// SQLite's random numbers begin with some of the system's, from a file that a confined thread cannot
/// open: they are asked for now.
fn seed() {
    let mut byte = 0_u8;
    // SAFETY: one byte is written to one byte.
    unsafe { ffi::sqlite3_randomness(1, ptr::from_mut(&mut byte).cast()) };
}

/// The C library's allocator raises the size up to which it keeps freed memory at an arena's end
/// by itself, to 64 MiB, and nothing that trims later reaches it there. Setting it once keeps it.
fn bound_allocator() {
    #[cfg(target_env = "gnu")]
    for (option, bytes) in [
        (libc::M_TRIM_THRESHOLD, model::limits::ARENA_KEPT_BYTES),
        (libc::M_MMAP_THRESHOLD, model::limits::ARENA_BLOCK_BYTES_MAX),
    ] {
        // SAFETY: takes two numbers. A value that it does not take changes nothing.
        unsafe { libc::mallopt(option, bytes) };
    }
}

fn configure(charged: bool) -> Result<(), Error> {
    gate::install();
    bound_allocator();
    if charged {
        let methods = heap::methods();
        config("allocator", || {
            // SAFETY: an option with a pointer to methods, which SQLite copies, before it is
            // initialised.
            unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, ptr::from_ref(&methods)) }
        })?;
    }
    // Connections are never used by two threads at once, and so need no mutexes.
    config("threading mode", || {
        // SAFETY: an option without arguments, before SQLite is initialised.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MULTITHREAD) }
    })?;
    // Statistics of the allocator cost a global mutex on every allocation.
    config("memory statistics", || {
        // SAFETY: an option with one int, before SQLite is initialised.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0 as c_int) }
    })?;
    // No preallocation: a connection on a tiny tenant takes 24 kB instead of 155 (DESIGN §3).
    config("lookaside", || {
        // SAFETY: an option with two ints, before SQLite is initialised.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_LOOKASIDE, 0 as c_int, 0 as c_int) }
    })?;
    config("page cache", || {
        let none = ptr::null_mut::<std::ffi::c_void>();
        // SAFETY: an option with a pointer and two ints, before SQLite is initialised; no memory
        // is handed over.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_PAGECACHE, none, 0 as c_int, 0 as c_int) }
    })?;
    // Names are never URIs: `file:x?vfs=..` would reach past our VFS.
    config("URI names", || {
        // SAFETY: an option with one int, before SQLite is initialised.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_URI, 0 as c_int) }
    })?;
    // Sorters spill early and merge in small steps, so that the progress handler is called every
    // few milliseconds (DESIGN §3).
    config("sorter", || {
        // SAFETY: an option with one unsigned int, before SQLite is initialised.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_PMASZ, 16 as c_int) }
    })?;
    // SAFETY: no arguments.
    let code = unsafe { ffi::sqlite3_initialize() };
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(Error::internal(format!("sqlite3_initialize gave {code}")))
    }
}

fn config(what: &str, set: impl FnOnce() -> c_int) -> Result<(), Error> {
    match set() {
        ffi::SQLITE_OK => Ok(()),
        ffi::SQLITE_MISUSE => Err(Error::internal(format!(
            "SQLite was in use before engine::init could set its {what}: call it first"
        ))),
        code => Err(Error::internal(format!("setting SQLite's {what} gave {code}"))),
    }
}
