//! SQLite's allocator: every byte is charged to the purse of the query or load on whose behalf the
//! thread runs. A purse that is empty makes the allocation fail, and SQLite the statement.
//!
//! Each block has a header with its purse and its size, so that it is given back to whoever paid,
//! on whatever thread it is freed: a kept reader's memory stays charged to the query that opened it.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Account;
use model::limits::PURSE_STEP_BYTES;
use rusqlite::ffi;

use crate::image::Refusal;
use crate::overdue;

/// What SQLite's heap may take for one query or load. It draws from its account in steps, since
/// the account is shared by all threads and an allocation is frequent.
#[derive(Debug)]
pub(crate) struct Purse {
    account: Arc<Account>,
    /// Bytes of blocks.
    used: AtomicU64,
    /// Bytes charged to the account: at least `used`, but for moments.
    drawn: AtomicU64,
}

impl Purse {
    /// One that draws from `account`, whose limit is the cap.
    pub(crate) fn new(account: &Arc<Account>) -> Arc<Purse> {
        let account = Arc::clone(account);
        Arc::new(Purse { account, used: AtomicU64::new(0), drawn: AtomicU64::new(0) })
    }

    fn take(&self, bytes: u64) -> bool {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let drawn = self.drawn.load(Ordering::Relaxed);
        used <= drawn || self.draw(bytes, used - drawn)
    }

    #[cold]
    fn draw(&self, bytes: u64, missing: u64) -> bool {
        // At least what is missing; a step more if there is room for it.
        for more in [missing + PURSE_STEP_BYTES, missing] {
            if self.account.try_charge(more) {
                self.drawn.fetch_add(more, Ordering::Relaxed);
                return true;
            }
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        REFUSED.set(Some(Refusal::of(&self.account, missing)));
        false
    }

    fn give(&self, bytes: u64) {
        let used = self.used.fetch_sub(bytes, Ordering::Relaxed) - bytes;
        if self.drawn.load(Ordering::Relaxed) > used + 4 * PURSE_STEP_BYTES {
            self.settle();
        }
    }

    /// Gives back to the account what is drawn and not used.
    #[cold]
    pub(crate) fn settle(&self) {
        let used = self.used.load(Ordering::Relaxed);
        let drawn = self.drawn.load(Ordering::Relaxed);
        let Some(spare) = drawn.checked_sub(used) else { return };
        let took = self.drawn.compare_exchange(drawn, used, Ordering::Relaxed, Ordering::Relaxed);
        // Otherwise another thread did at this moment.
        if took.is_ok() {
            self.account.release(spare);
        }
    }
}

impl Drop for Purse {
    fn drop(&mut self) {
        self.account.release(*self.drawn.get_mut());
    }
}

thread_local! {
    /// Who pays on this thread: borrowed from whoever set it, see [`paying`].
    static PURSE: Cell<*const Purse> = const { Cell::new(ptr::null()) };
    static REFUSED: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// The last refusal on this thread since [`forget`].
pub(crate) fn refused() -> Option<Refusal> {
    REFUSED.get()
}

/// Forgets earlier refusals.
#[inline]
pub(crate) fn forget() {
    REFUSED.set(None);
}

/// While it lives, this thread's allocations are paid from a purse. Nests.
pub(crate) struct Paying {
    purse: Arc<Purse>,
    before: *const Purse,
}

/// Lets `purse` pay on this thread from now on.
pub(crate) fn paying(purse: Arc<Purse>) -> Paying {
    let before = PURSE.replace(Arc::as_ptr(&purse));
    Paying { purse, before }
}

/// The purse that pays on this thread, if one does.
pub(crate) fn purse() -> Option<Arc<Purse>> {
    let purse = PURSE.get();
    if purse.is_null() {
        return None;
    }
    // SAFETY: whoever set it keeps it alive, within an `Arc`, and takes it back on this thread; the
    // reference made first is the one taken over.
    unsafe {
        Arc::increment_strong_count(purse);
        Some(Arc::from_raw(purse))
    }
}

impl Drop for Paying {
    fn drop(&mut self) {
        PURSE.set(self.before);
        self.purse.settle();
    }
}

/// The same for one step, at the cost of one row's insert.
#[inline]
pub(crate) fn paid_by<T>(purse: &Purse, step: impl FnOnce() -> T) -> T {
    struct Back(*const Purse);
    impl Drop for Back {
        fn drop(&mut self) {
            PURSE.set(self.0);
        }
    }
    let _back = Back(PURSE.replace(ptr::from_ref(purse)));
    step()
}

/// What stands before each block; as large as malloc's alignment.
#[repr(C, align(16))]
struct Header {
    /// A strong reference, or null: nobody paid.
    purse: *const Purse,
    /// The block's bytes, as SQLite knows them.
    bytes: u64,
}

const HEADER: usize = size_of::<Header>();

impl Header {
    /// The header of `block`.
    ///
    /// # Safety
    /// `block` came from [`allocate`] or [`reallocate`] and was not freed.
    unsafe fn of(block: *mut c_void) -> *mut Header {
        // SAFETY: each block lies right after its header.
        unsafe { block.cast::<Header>().sub(1) }
    }
}

fn charged(bytes: u64) -> u64 {
    bytes + HEADER as u64
}

/// Charges a block to this thread's purse: the reference for its header.
fn pay_for(bytes: u64) -> Option<*const Purse> {
    #[cfg(test)]
    if failpoint::fails() {
        REFUSED.set(Some(Refusal { own: true, cap: model::Cap::QueryHeap, limit: 0, used: 0 }));
        return None;
    }
    if overdue::ends(bytes) {
        return None;
    }
    let purse = PURSE.get();
    if purse.is_null() {
        return Some(purse);
    }
    // SAFETY: whoever set it keeps it alive and takes it back on the same thread.
    if !unsafe { &*purse }.take(charged(bytes)) {
        return None;
    }
    // SAFETY: every purse is made within an `Arc`, and this one lives.
    unsafe { Arc::increment_strong_count(purse) };
    Some(purse)
}

/// Gives a block's bytes and its header's reference back.
///
/// # Safety
/// `purse` is a header's, and is not used by that header again.
unsafe fn give_back(purse: *const Purse, bytes: u64) {
    if !purse.is_null() {
        // SAFETY: the header's strong reference becomes ours.
        unsafe { Arc::from_raw(purse) }.give(charged(bytes));
    }
}

unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let Ok(bytes) = u64::try_from(bytes) else { return ptr::null_mut() };
    let Some(purse) = pay_for(bytes) else { return ptr::null_mut() };
    // SAFETY: plain malloc; an int and a header fit into usize.
    let header = unsafe { libc::malloc(bytes as usize + HEADER) }.cast::<Header>();
    if header.is_null() {
        // SAFETY: the reference was made for this header.
        unsafe { give_back(purse, bytes) };
        return ptr::null_mut();
    }
    // SAFETY: the memory is ours, large enough and aligned.
    unsafe {
        header.write(Header { purse, bytes });
        header.add(1).cast()
    }
}

unsafe extern "C" fn free(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: SQLite gives back what it got, once.
    unsafe {
        let header = Header::of(block);
        let Header { purse, bytes } = header.read();
        libc::free(header.cast());
        give_back(purse, bytes);
    }
}

/// The new size is paid by whoever asks for it, not by who paid for the old one.
unsafe extern "C" fn reallocate(block: *mut c_void, bytes: c_int) -> *mut c_void {
    let Ok(bytes) = u64::try_from(bytes) else { return ptr::null_mut() };
    let Some(purse) = pay_for(bytes) else { return ptr::null_mut() };
    // SAFETY: the block is SQLite's; on failure it stays as it was, its header untouched.
    unsafe {
        let old = Header::of(block).read();
        let moved = libc::realloc(Header::of(block).cast(), bytes as usize + HEADER);
        let header = moved.cast::<Header>();
        if header.is_null() {
            give_back(purse, bytes);
            return ptr::null_mut();
        }
        header.write(Header { purse, bytes });
        give_back(old.purse, old.bytes);
        header.add(1).cast()
    }
}

unsafe extern "C" fn size(block: *mut c_void) -> c_int {
    // SAFETY: SQLite asks about a block it has. It was given as an int.
    unsafe { (*Header::of(block)).bytes as c_int }
}

unsafe extern "C" fn round_up(bytes: c_int) -> c_int {
    bytes.saturating_add(7) & !7
}

unsafe extern "C" fn start(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn stop(_: *mut c_void) {}

/// The allocator, for `sqlite3_config`.
pub(crate) fn methods() -> ffi::sqlite3_mem_methods {
    ffi::sqlite3_mem_methods {
        xMalloc: Some(allocate),
        xFree: Some(free),
        xRealloc: Some(reallocate),
        xSize: Some(size),
        xRoundup: Some(round_up),
        xInit: Some(start),
        xShutdown: Some(stop),
        pAppData: ptr::null_mut(),
    }
}

/// Makes allocations of this thread fail.
#[cfg(test)]
pub(crate) mod failpoint {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// The allocation after the next `steps` fails, and no other.
    pub(crate) fn arm(steps: u64) {
        LEFT.set(Some(steps));
    }

    /// Disarms it; whether it has fired.
    pub(crate) fn fired() -> bool {
        LEFT.take().is_none()
    }

    pub(super) fn fails() -> bool {
        let left = LEFT.get();
        LEFT.set(left.and_then(|steps| steps.checked_sub(1)));
        left == Some(0)
    }
}
