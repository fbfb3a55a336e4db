//! The C side of an open file: one table of methods for each kind, every one panic-proof.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use rusqlite::ffi;

use super::guarded;
use crate::image::{Image, Overlay};
use crate::pace::{self, Verdict};

/// What a kind of file does; offsets and sizes in bytes, errors as SQLite's codes.
pub(super) trait Body: 'static {
    /// `SQLITE_IOCAP_*`.
    const CAPABILITIES: c_int;
    /// Whether a statement that is to end may end at a read or write of it, too.
    const MAY_END: bool = false;
    /// Copies what lies at `offset` into the front of `into`; how much there was.
    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize;
    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), c_int>;
    fn truncate(&mut self, size: u64) -> Result<(), c_int>;
    fn size(&mut self) -> u64;
    /// The scratch, if it is one.
    fn scratch(&self) -> Option<&Overlay> {
        None
    }
}

/// What SQLite's `sqlite3_file` is to us: its methods and, behind them, a boxed [`Body`].
#[repr(C)]
pub(super) struct OpenFile {
    base: ffi::sqlite3_file,
    /// A `Box<Box<dyn ..>>` would cost a jump more for each read; so the methods know the type,
    /// and the one question asked without knowing it has its answer here.
    body: *mut c_void,
    scratch: Option<unsafe fn(*mut c_void) -> Option<Image>>,
}

impl OpenFile {
    /// For `szOsFile`.
    pub(super) const BYTES: c_int = 3 * size_of::<*mut c_void>() as c_int;

    /// Marks `file` as not open.
    ///
    /// # Safety
    /// `file` points to [`OpenFile::BYTES`] writable bytes.
    pub(super) unsafe fn clear(file: *mut OpenFile) {
        // SAFETY: the caller's.
        unsafe {
            (*file).base.pMethods = ptr::null();
            (*file).body = ptr::null_mut();
            (*file).scratch = None;
        }
    }

    /// The image below `file`, if that is a scratch.
    ///
    /// # Safety
    /// `file` is null, cleared, or was opened by [`OpenFile::open`] and none of its methods runs.
    pub(super) unsafe fn scratch_base(file: *mut OpenFile) -> Option<Image> {
        // SAFETY: the caller's; the function was stored together with the body of its type.
        unsafe {
            let file = file.as_ref()?;
            file.scratch?(file.body)
        }
    }

    /// Opens `file` with `body`, which `xClose` drops.
    ///
    /// # Safety
    /// `file` points to a cleared [`OpenFile`].
    pub(super) unsafe fn open<B: Body>(file: *mut OpenFile, body: B) -> c_int {
        // SAFETY: the caller's.
        unsafe {
            (*file).body = Box::into_raw(Box::new(body)).cast();
            (*file).scratch = Some(base_of::<B>);
            (*file).base.pMethods = &raw const *Methods::<B>::TABLE;
        }
        ffi::SQLITE_OK
    }
}

/// # Safety
/// `body` is a live `B` that nobody else borrows.
unsafe fn base_of<B: Body>(body: *mut c_void) -> Option<Image> {
    // SAFETY: the caller's.
    unsafe { &*body.cast::<B>() }.scratch().map(|overlay| overlay.base().clone())
}

struct Methods<B>(std::marker::PhantomData<B>);

impl<B: Body> Methods<B> {
    const TABLE: &'static ffi::sqlite3_io_methods = &ffi::sqlite3_io_methods {
        iVersion: 1,
        xClose: Some(x_close::<B>),
        xRead: Some(x_read::<B>),
        xWrite: Some(x_write::<B>),
        xTruncate: Some(x_truncate::<B>),
        xSync: Some(x_sync),
        xFileSize: Some(x_file_size::<B>),
        xLock: Some(x_lock),
        xUnlock: Some(x_lock),
        xCheckReservedLock: Some(x_check_reserved_lock),
        xFileControl: Some(x_file_control),
        xSectorSize: Some(x_sector_size),
        xDeviceCharacteristics: Some(x_device_characteristics::<B>),
        xShmMap: None,
        xShmLock: None,
        xShmBarrier: None,
        xShmUnmap: None,
        xFetch: None,
        xUnfetch: None,
    };
}

/// # Safety
/// `file` was opened by [`OpenFile::open`] with a `B`, and no other reference to its body lives:
/// SQLite uses a connection, and so its files, from one thread at a time.
unsafe fn body<'a, B: Body>(file: *mut ffi::sqlite3_file) -> &'a mut B {
    // SAFETY: the caller's.
    unsafe { &mut *(*file.cast::<OpenFile>()).body.cast::<B>() }
}

fn unsigned(offset: ffi::sqlite3_int64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

unsafe extern "C" fn x_close<B: Body>(file: *mut ffi::sqlite3_file) -> c_int {
    let file = file.cast::<OpenFile>();
    // SAFETY: the body came from `Box::into_raw` in `open` and is taken once: SQLite calls no
    // method after this one, and the pointer is cleared.
    let body = unsafe { Box::from_raw((*file).body.cast::<B>()) };
    // SAFETY: `file` is SQLite's, still allocated.
    unsafe { OpenFile::clear(file) };
    // Owned by the callback, it goes whatever happens in it.
    guarded(move || {
        drop(body);
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn x_read<B: Body>(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    len: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    guarded(|| {
        let len = usize::try_from(len).unwrap_or(0);
        // SAFETY: SQLite gives `len` writable bytes, perhaps uninitialised.
        let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<MaybeUninit<u8>>(), len) };
        // SAFETY: these methods are only in files opened with a `B`.
        let copied = unsafe { body::<B>(file) }.read(into, unsigned(offset));
        // After the file's own lock is given back: this may wait for a turn.
        if pace::moved(len) == Verdict::End && B::MAY_END {
            return ffi::SQLITE_IOERR;
        }
        if copied == len {
            return ffi::SQLITE_OK;
        }
        into[copied..].fill(MaybeUninit::new(0));
        ffi::SQLITE_IOERR_SHORT_READ
    })
}

unsafe extern "C" fn x_write<B: Body>(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    len: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    guarded(|| {
        let len = usize::try_from(len).unwrap_or(0);
        // SAFETY: SQLite gives `len` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len) };
        // SAFETY: these methods are only in files opened with a `B`.
        let outcome = unsafe { body::<B>(file) }.write(bytes, unsigned(offset));
        if pace::moved(len) == Verdict::End && B::MAY_END {
            return ffi::SQLITE_FULL;
        }
        code(outcome)
    })
}

unsafe extern "C" fn x_truncate<B: Body>(
    file: *mut ffi::sqlite3_file,
    size: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: these methods are only in files opened with a `B`.
    guarded(|| code(unsafe { body::<B>(file) }.truncate(unsigned(size))))
}

unsafe extern "C" fn x_file_size<B: Body>(
    file: *mut ffi::sqlite3_file,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    guarded(|| {
        // SAFETY: these methods are only in files opened with a `B`.
        let size = unsafe { body::<B>(file) }.size();
        // SAFETY: SQLite gives a valid pointer.
        unsafe { *out = i64::try_from(size).unwrap_or(i64::MAX) };
        ffi::SQLITE_OK
    })
}

fn code(outcome: Result<(), c_int>) -> c_int {
    outcome.err().unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn x_sync(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

// Every file belongs to one connection; nobody to lock out.
unsafe extern "C" fn x_lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_check_reserved_lock(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a valid pointer.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn x_file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn x_sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    512
}

unsafe extern "C" fn x_device_characteristics<B: Body>(_: *mut ffi::sqlite3_file) -> c_int {
    B::CAPABILITIES
}
