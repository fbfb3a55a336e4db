//! Images: immutable, reference-counted databases, and the page stores that become or overlay them.

mod arriving;
mod chunk;
mod journal;
mod overlay;
mod pages;

pub use arriving::{Arriving, IMAGE_FORMAT, Parts};
pub use chunk::hand_back;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::fmt;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use model::limits::CHUNK_BYTES;
use model::{Catalog, Flow, TableSet};

pub(crate) use chunk::Chunk;
pub(crate) use journal::Journal;
pub(crate) use overlay::Overlay;
pub(crate) use pages::{Pages, Refusal};

/// Bytes of a database page, chosen by the expected size of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageSize {
    /// 1024: tenants of a few kilobytes.
    Tiny,
    /// 4096: everybody else.
    Normal,
}

impl PageSize {
    /// The page size for a tenant expected to hold `bytes` of data.
    pub fn for_expected(bytes: u64) -> PageSize {
        // Below a chunk, half-empty pages weigh more than the depth of the trees.
        if bytes <= CHUNK_BYTES as u64 { PageSize::Tiny } else { PageSize::Normal }
    }

    /// The number itself.
    pub fn bytes(self) -> u32 {
        match self {
            PageSize::Tiny => 1024,
            PageSize::Normal => 4096,
        }
    }
}

/// Which of a catalog's tables an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The tables of one tenant.
    Tenant,
    /// The tables shared by all tenants.
    Shared,
}

/// What an image holds, besides its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) part: Part,
    pub(crate) loaded: TableSet,
    /// Tables whose definition or rows are not the blank's any more: those loaded, and those whose
    /// load was under way when the image was published.
    pub(crate) touched: TableSet,
}

/// One immutable database. Cheap to clone; its memory is given back when the last clone goes.
#[derive(Clone)]
pub struct Image {
    inner: Arc<Inner>,
}

struct Inner {
    chunks: Box<[Arc<Chunk>]>,
    size: u64,
    id: u64,
    contents: Contents,
    /// Readers parked on this image, so that they go when it goes. What they are is the business
    /// of the room that parks them; they must not own the image.
    parked: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Chunks that other images share stay.
        let last = self.chunks.iter().filter(|chunk| Arc::strong_count(chunk) == 1);
        let freed: u64 = last.map(|chunk| chunk.bytes().len() as u64).sum();
        self.chunks = Box::default();
        chunk::trim_after_images(freed);
    }
}

/// An image that may be gone.
pub(crate) struct WeakImage(Weak<Inner>);

impl WeakImage {
    pub(crate) fn upgrade(&self) -> Option<Image> {
        self.0.upgrade().map(|inner| Image { inner })
    }
}

impl Image {
    pub(crate) fn new(chunks: Box<[Arc<Chunk>]>, size: u64, contents: Contents) -> Image {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        Image { inner: Arc::new(Inner { chunks, size, id, contents, parked: Mutex::default() }) }
    }

    /// Bytes it holds. Chunks shared with other images are counted in each.
    pub fn bytes(&self) -> u64 {
        self.inner.size
    }

    /// Which of the catalog's tables have their rows.
    pub fn loaded(&self) -> TableSet {
        self.inner.contents.loaded
    }

    /// The catalog whose tables it has.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.inner.contents.catalog
    }

    /// Writes the whole as a `.sqlite` file, piece by piece, until `out` says stop.
    pub fn write_to(&self, out: &mut dyn FnMut(&[u8]) -> Flow) {
        for chunk in &self.inner.chunks {
            if out(chunk.bytes()) == Flow::Stop {
                return;
            }
        }
    }

    pub(crate) fn contents(&self) -> &Contents {
        &self.inner.contents
    }

    /// Every table that it could have.
    pub(crate) fn part_tables(&self) -> TableSet {
        match self.inner.contents.part {
            Part::Tenant => self.catalog().tenant_tables(),
            Part::Shared => self.catalog().shared_tables(),
        }
    }

    pub(crate) fn chunks(&self) -> &[Arc<Chunk>] {
        &self.inner.chunks
    }

    pub(crate) fn downgrade(&self) -> WeakImage {
        WeakImage(Arc::downgrade(&self.inner))
    }

    pub(crate) fn is_same(&self, other: &WeakImage) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.inner), other.0.as_ptr())
    }

    /// What is parked here, under its lock.
    pub(crate) fn parked<R>(&self, with: impl FnOnce(&mut Vec<Box<dyn Any + Send>>) -> R) -> R {
        with(&mut self.inner.parked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Copies what lies at `offset` into the front of `into`; how much there was.
    pub(crate) fn read(&self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        chunk::read(&self.inner.chunks, into, offset)
    }

    /// Whether `bytes` are what lies at `offset`.
    pub(crate) fn holds(&self, bytes: &[u8], offset: u64) -> bool {
        chunk::holds(&self.inner.chunks, bytes, offset)
    }

    /// The page size as SQLite's file header has it; 4096 for a file without one.
    pub(crate) fn page_bytes(&self) -> usize {
        let header = self.inner.chunks.first().map(|chunk| chunk.bytes());
        match header.and_then(|bytes| bytes.get(16..18)) {
            Some([0, 1]) => 65_536,
            Some([high, low]) => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 4096,
        }
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("id", &self.inner.id)
            .field("bytes", &self.inner.size)
            .field("part", &self.inner.contents.part)
            .finish_non_exhaustive()
    }
}
