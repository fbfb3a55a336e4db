//! A chunk: up to 64 KiB of a database, charged to an account for as long as anybody holds it.

use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Charge;
use model::limits::{CHUNK_BYTES, TRIM_BYTES_MIN};

/// Every chunk of a database but the last has exactly [`CHUNK_BYTES`].
pub(crate) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) charge: Charge,
}

impl Chunk {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Copies what `chunks` hold at `offset` into the front of `into`; how much there was.
pub(super) fn read(chunks: &[Arc<Chunk>], into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
    let Ok(offset) = usize::try_from(offset) else { return 0 };
    let (mut index, mut at) = (offset / CHUNK_BYTES, offset % CHUNK_BYTES);
    let mut done = 0;
    while let Some(from) = chunks.get(index).and_then(|chunk| chunk.bytes.get(at..)) {
        let len = from.len().min(into.len() - done);
        into[done..done + len].write_copy_of_slice(&from[..len]);
        done += len;
        if done == into.len() || len == 0 {
            break;
        }
        (index, at) = (index + 1, 0);
    }
    done
}

/// Whether `bytes` are what `chunks` hold at `offset`.
pub(super) fn holds(chunks: &[Arc<Chunk>], mut bytes: &[u8], offset: u64) -> bool {
    let Ok(offset) = usize::try_from(offset) else { return false };
    let (mut index, mut at) = (offset / CHUNK_BYTES, offset % CHUNK_BYTES);
    while !bytes.is_empty() {
        let there = chunks.get(index).and_then(|chunk| chunk.bytes.get(at..)).unwrap_or(&[]);
        let len = there.len().min(bytes.len());
        if len == 0 || there[..len] != bytes[..len] {
            return false;
        }
        (bytes, index, at) = (&bytes[len..], index + 1, 0);
    }
    true
}

/// Initialised bytes as a place to write to.
pub(super) fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the layouts are equal, and `Image::read` only ever writes initialised bytes.
    unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) }
}

/// Freed pages and chunks stay with the C library's allocator: the process would keep what the
/// budget takes for free. After much was freed at once, it is handed back to the system.
pub(super) fn trim_after(freed_bytes: u64) {
    if freed_bytes >= TRIM_BYTES_MIN {
        hand_back();
    }
}

/// Hands freed memory back to the system, whoever had it. Takes milliseconds, more where much was
/// freed.
pub fn hand_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer, and may be called from any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The same for images, of which many small ones count as a large one: unlike a scratch, whose
/// pages the next one takes, instances that are shut down leave nothing that asks for theirs.
pub(super) fn trim_after_images(freed_bytes: u64) {
    static FREED_BYTES: AtomicU64 = AtomicU64::new(0);
    let before = FREED_BYTES.fetch_add(freed_bytes, Ordering::Relaxed);
    if before.saturating_add(freed_bytes) >= TRIM_BYTES_MIN {
        // Whoever comes at the same time finds nothing left to do.
        trim_after(FREED_BYTES.swap(0, Ordering::Relaxed));
    }
}
