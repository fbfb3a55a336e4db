//! The kinds of files: an image, the loader's database, a scratch, its journal, and memory for
//! temp files.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;

use super::file::Body;
use crate::image::{Image, Journal, Overlay, Pages, Refusal};
use crate::ledger;

/// Where a reader finds its image. A kept reader that nobody uses has an empty seat, so that it
/// does not keep the image alive.
pub(crate) struct Seat(Mutex<Option<Image>>);

impl Seat {
    pub(crate) fn taken_by(image: &Image) -> Arc<Seat> {
        Arc::new(Seat(Mutex::new(Some(image.clone()))))
    }

    /// Seats `image`, which must be the one this seat was made for, or nobody.
    pub(crate) fn set(&self, image: Option<Image>) {
        *lock(&self.0) = image;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// SQLITE_FULL, which tells SQLite to undo the statement and tells us to look at the ledger.
fn refused(refusal: Refusal) -> c_int {
    ledger::note(refusal);
    ffi::SQLITE_FULL
}

/// An immutable image.
pub(super) struct Reader(pub(super) Arc<Seat>);

impl Body for Reader {
    const CAPABILITIES: c_int = ffi::SQLITE_IOCAP_IMMUTABLE | ffi::SQLITE_IOCAP_SUBPAGE_READ;

    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        lock(&self.0.0).as_ref().map_or(0, |image| image.read(into, offset))
    }

    fn write(&mut self, _bytes: &[u8], _offset: u64) -> Result<(), c_int> {
        Err(ffi::SQLITE_READONLY)
    }

    fn truncate(&mut self, _size: u64) -> Result<(), c_int> {
        Err(ffi::SQLITE_READONLY)
    }

    fn size(&mut self) -> u64 {
        lock(&self.0.0).as_ref().map_or(0, Image::bytes)
    }
}

/// Memory survives no power loss, and so every promise about order and tearing holds.
const SAFE: c_int = ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
    | ffi::SQLITE_IOCAP_SAFE_APPEND
    | ffi::SQLITE_IOCAP_SEQUENTIAL;

/// The loader's database; the loader holds the other end.
pub(super) struct Writer(pub(super) Arc<Mutex<Pages>>);

impl Body for Writer {
    const CAPABILITIES: c_int = SAFE;

    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        lock(&self.0).read(into, offset)
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), c_int> {
        lock(&self.0).write(bytes, offset).map_err(refused)
    }

    fn truncate(&mut self, size: u64) -> Result<(), c_int> {
        lock(&self.0).truncate(size).map_err(refused)
    }

    fn size(&mut self) -> u64 {
        lock(&self.0).size()
    }
}

/// A private scratch.
pub(super) struct Scratch(pub(super) Box<Overlay>);

impl Body for Scratch {
    const CAPABILITIES: c_int = SAFE;

    fn scratch(&self) -> Option<&Overlay> {
        Some(&self.0)
    }

    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        self.0.read(into, offset)
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), c_int> {
        self.0.write(bytes, offset).map_err(refused)
    }

    fn truncate(&mut self, size: u64) -> Result<(), c_int> {
        self.0.truncate(size);
        Ok(())
    }

    fn size(&mut self) -> u64 {
        self.0.size()
    }
}

/// The journal of a scratch.
pub(super) struct Undo(pub(super) Journal);

impl Body for Undo {
    const CAPABILITIES: c_int = SAFE;

    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        self.0.read(into, offset)
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), c_int> {
        self.0.write(bytes, offset).map_err(refused)
    }

    fn truncate(&mut self, size: u64) -> Result<(), c_int> {
        self.0.truncate(size).map_err(refused)
    }

    fn size(&mut self) -> u64 {
        self.0.size()
    }
}

/// A temp file, or the journal of a temp database.
pub(super) struct Memory(pub(super) Pages);

impl Body for Memory {
    const CAPABILITIES: c_int = SAFE;
    const MAY_END: bool = true;

    fn read(&mut self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        self.0.read(into, offset)
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), c_int> {
        self.0.write(bytes, offset).map_err(refused)
    }

    fn truncate(&mut self, size: u64) -> Result<(), c_int> {
        self.0.truncate(size).map_err(refused)
    }

    fn size(&mut self) -> u64 {
        self.0.size()
    }
}
