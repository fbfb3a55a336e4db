//! The SQLite VFS: serves images, the loader's databases, scratches and temp files from accounted
//! memory. It opens what was handed over and nothing else; no disk file exists for it.

mod file;
mod kinds;

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock};

use model::Error;
use rusqlite::ffi;

use crate::callback::caught;
use crate::image::{Journal, Overlay, Pages};
use crate::ledger;
use file::OpenFile;
pub(crate) use kinds::Seat;

/// The VFS's name, NUL-terminated.
pub(crate) const NAME: &CStr = c"litevisor";

/// A database to be opened, handed to `xOpen` past SQLite.
pub(crate) enum Handed {
    /// An immutable image.
    Image(Arc<Seat>),
    /// The loader's database.
    Writer(Arc<Mutex<Pages>>),
    /// A private scratch.
    Scratch(Box<Overlay>),
}

thread_local! {
    static HANDED: RefCell<Option<Handed>> = const { RefCell::new(None) };
}

/// Lets the next database that `open` opens on this thread be `handed`; takes it back if none was.
pub(crate) fn hand_over<R>(handed: Handed, open: impl FnOnce() -> R) -> R {
    HANDED.set(Some(handed));
    let result = open();
    HANDED.set(None);
    result
}

/// SQLite's own VFS, for what has nothing to do with files. Set before ours is registered.
static SYSTEM: OnceLock<System> = OnceLock::new();

struct System(*mut ffi::sqlite3_vfs);
// SAFETY: a registered VFS is never freed nor changed, and its functions may be called from any
// thread.
unsafe impl Send for System {}
// SAFETY: as above.
unsafe impl Sync for System {}

/// Registers the VFS as the default. Call once, while no other thread uses SQLite.
pub(crate) fn register() -> Result<(), Error> {
    // SAFETY: SQLite is initialised; NULL asks for the default VFS.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    if system.is_null() {
        return Err(Error::internal("SQLite was built without a VFS of its own"));
    }
    let system = SYSTEM.get_or_init(|| System(system)).0;
    // SAFETY: all zero is a valid value of this C struct (null pointers and zero numbers).
    let mut vfs: ffi::sqlite3_vfs = unsafe { std::mem::zeroed() };
    vfs.iVersion = 2;
    vfs.szOsFile = OpenFile::BYTES;
    vfs.mxPathname = 512;
    vfs.zName = NAME.as_ptr();
    vfs.pAppData = system.cast();
    vfs.xOpen = Some(x_open);
    vfs.xDelete = Some(x_delete);
    vfs.xAccess = Some(x_access);
    vfs.xFullPathname = Some(x_full_pathname);
    vfs.xRandomness = Some(x_randomness);
    vfs.xSleep = Some(x_sleep);
    vfs.xGetLastError = Some(x_get_last_error);
    vfs.xCurrentTimeInt64 = Some(x_current_time_int64);
    // SAFETY: SQLite keeps the pointer for ever, and so the struct is leaked.
    let code = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1) };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(Error::internal(format!("sqlite3_vfs_register gave {code}"))),
    }
}

/// Runs a callback; a panic must not unwind into C.
fn guarded(callback: impl FnOnce() -> c_int) -> c_int {
    #[cfg(test)]
    if failpoint::fails() {
        return ffi::SQLITE_IOERR;
    }
    caught(callback).unwrap_or(ffi::SQLITE_IOERR)
}

unsafe extern "C" fn x_open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let file = file.cast::<OpenFile>();
    // SAFETY: SQLite gives `szOsFile` bytes; a null `pMethods` says that nothing is open yet.
    unsafe { OpenFile::clear(file) };
    guarded(|| {
        let mut given = flags;
        let code = match flags & KINDS {
            ffi::SQLITE_OPEN_MAIN_DB => match HANDED.take() {
                Some(Handed::Image(seat)) => {
                    given = (flags & !ffi::SQLITE_OPEN_READWRITE) | ffi::SQLITE_OPEN_READONLY;
                    // SAFETY: `file` was cleared above and holds no open file.
                    unsafe { OpenFile::open(file, kinds::Reader(seat)) }
                }
                // SAFETY: as above.
                Some(Handed::Writer(pages)) => unsafe {
                    OpenFile::open(file, kinds::Writer(pages))
                },
                // SAFETY: as above.
                Some(Handed::Scratch(over)) => unsafe {
                    OpenFile::open(file, kinds::Scratch(over))
                },
                None => ffi::SQLITE_CANTOPEN,
            },
            ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_SUPER_JOURNAL => ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_OPEN_MAIN_JOURNAL => {
                // SAFETY: for a journal SQLite gives a name of its own making, from which it finds
                // the database's file; that is open and not in use while it opens the journal.
                let base = unsafe {
                    let database = ffi::sqlite3_database_file_object(name);
                    OpenFile::scratch_base(database.cast())
                };
                match base.map(|base| Journal::new(&base, &ledger::payer())) {
                    // SAFETY: as above.
                    Some(Ok(journal)) => unsafe { OpenFile::open(file, kinds::Undo(journal)) },
                    _ => ffi::SQLITE_CANTOPEN,
                }
            }
            // Temp files.
            _ => {
                let pages = Pages::empty(&ledger::payer());
                // SAFETY: as above.
                unsafe { OpenFile::open(file, kinds::Memory(pages)) }
            }
        };
        if !out_flags.is_null() {
            // SAFETY: SQLite gives a valid pointer or null.
            unsafe { *out_flags = given };
        }
        code
    })
}

const KINDS: c_int = ffi::SQLITE_OPEN_MAIN_DB
    | ffi::SQLITE_OPEN_MAIN_JOURNAL
    | ffi::SQLITE_OPEN_WAL
    | ffi::SQLITE_OPEN_SUPER_JOURNAL;

unsafe extern "C" fn x_delete(_: *mut ffi::sqlite3_vfs, _: *const c_char, _: c_int) -> c_int {
    ffi::SQLITE_OK // files go when they are closed
}

unsafe extern "C" fn x_access(
    _: *mut ffi::sqlite3_vfs,
    _: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    // No file has a name by which it could be found again.
    // SAFETY: SQLite gives a valid pointer.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    out_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a NUL-terminated name.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
        if name.len() > usize::try_from(out_bytes).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        // SAFETY: `out` has `out_bytes` bytes, and the name fits.
        unsafe { ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
        ffi::SQLITE_OK
    })
}

fn system() -> Option<&'static ffi::sqlite3_vfs> {
    // SAFETY: a registered VFS lives as long as the process and is not changed.
    SYSTEM.get().map(|system| unsafe { &*system.0 })
}

unsafe extern "C" fn x_randomness(
    _: *mut ffi::sqlite3_vfs,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    match system().and_then(|vfs| vfs.xRandomness.zip(Some(ptr::from_ref(vfs)))) {
        // SAFETY: the arguments are SQLite's own, passed on to SQLite's own VFS.
        Some((random, vfs)) => unsafe { random(vfs.cast_mut(), bytes, out) },
        None => 0,
    }
}

unsafe extern "C" fn x_sleep(_: *mut ffi::sqlite3_vfs, _microseconds: c_int) -> c_int {
    0 // nobody waits for a lock here
}

unsafe extern "C" fn x_get_last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

unsafe extern "C" fn x_current_time_int64(
    _: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    match system().and_then(|vfs| vfs.xCurrentTimeInt64.zip(Some(ptr::from_ref(vfs)))) {
        // SAFETY: as for randomness.
        Some((now, vfs)) => unsafe { now(vfs.cast_mut(), out) },
        None => ffi::SQLITE_ERROR,
    }
}

/// So that the size of what `xOpen` writes is checked where it is written.
const _: () = assert!(size_of::<OpenFile>() == 3 * size_of::<*mut c_void>());

/// Makes operations of this thread fail.
#[cfg(test)]
pub(crate) mod failpoint {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// The operation after the next `steps` fails, and no other.
    pub(crate) fn arm(steps: u64) {
        LEFT.set(Some(steps));
    }

    /// Disarms it; whether it has fired.
    pub(crate) fn fired() -> bool {
        LEFT.take().is_none()
    }

    pub(super) fn fails() -> bool {
        match LEFT.get() {
            None => false,
            Some(0) => {
                LEFT.set(None);
                true
            }
            Some(steps) => {
                LEFT.set(Some(steps - 1));
                false
            }
        }
    }
}
