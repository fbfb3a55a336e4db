//! A growing file in accounted memory, copy-on-write over shared chunks: the loader's database,
//! journals and temp files.

use std::mem::MaybeUninit;
use std::sync::Arc;

use model::limits::CHUNK_BYTES;
use model::{Account, Cap};

use super::chunk::{self, Chunk};
use super::{Contents, Image};

/// An account refused a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// It is the account's own cap, not one above it.
    pub(crate) own: bool,
    /// What the cap that refused bounds.
    pub(crate) cap: Cap,
    /// That cap, in bytes.
    pub(crate) limit: u64,
    /// What of it was taken.
    pub(crate) used: u64,
}

impl Refusal {
    /// Which cap refused `bytes` more of `account`.
    pub(crate) fn of(account: &Account, bytes: u64) -> Refusal {
        let refuser = account.refuser(bytes);
        let own = std::ptr::eq(account, refuser);
        Refusal { own, cap: refuser.cap(), limit: refuser.limit(), used: refuser.used() }
    }
}

/// The file. Writes after a refusal are refused as well: what SQLite holds then is not whole.
pub(crate) struct Pages {
    chunks: Vec<Arc<Chunk>>,
    account: Arc<Account>,
    refused: Option<Refusal>,
}

/// A first chunk starts small and doubles; tiny tenants and small temp files have no other.
const FIRST_BYTES: usize = 8 * 1024;

impl Pages {
    pub(crate) fn empty(account: &Arc<Account>) -> Pages {
        Pages { chunks: Vec::new(), account: Arc::clone(account), refused: None }
    }

    /// Starts from the bytes of `base` without copying them.
    pub(crate) fn over(base: &Image, account: &Arc<Account>) -> Pages {
        Pages { chunks: base.chunks().to_vec(), ..Pages::empty(account) }
    }

    pub(crate) fn size(&self) -> u64 {
        let full = self.chunks.len().saturating_sub(1) * CHUNK_BYTES;
        (full + self.chunks.last().map_or(0, |chunk| chunk.bytes.len())) as u64
    }

    /// The first refusal, if any.
    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.refused
    }

    /// Refuses every write from now on: what belongs to the file was refused elsewhere.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refused.get_or_insert(refusal);
    }

    pub(crate) fn read(&self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        chunk::read(&self.chunks, into, offset)
    }

    /// Copies what lies at `offset` into the front of `into`.
    pub(crate) fn copy(&self, into: &mut [u8], offset: u64) -> usize {
        self.read(chunk::as_uninit(into), offset)
    }

    /// Gives back the chunks that lie wholly before `offset`; nobody reads them any more.
    pub(crate) fn forget_before(&mut self, offset: u64) {
        let whole = usize::try_from(offset).unwrap_or(usize::MAX) / CHUNK_BYTES;
        for chunk in self.chunks.iter_mut().take(whole).rev() {
            if chunk.bytes.is_empty() {
                return;
            }
            let Some(charge) = self.account.charge(0) else { return };
            *chunk = Arc::new(Chunk { bytes: Vec::new(), charge });
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        if let Some(refusal) = self.refused {
            return Err(refusal);
        }
        let outcome = self.try_write(bytes, offset);
        self.refused = outcome.err();
        outcome
    }

    fn try_write(&mut self, mut bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        let mut offset =
            usize::try_from(offset).map_err(|_| Refusal::of(&self.account, u64::MAX))?;
        while !bytes.is_empty() {
            let (index, at) = (offset / CHUNK_BYTES, offset % CHUNK_BYTES);
            let len = bytes.len().min(CHUNK_BYTES - at);
            self.reach(index)?;
            let into = self.own(index, at + len)?;
            into[at..at + len].copy_from_slice(&bytes[..len]);
            (bytes, offset) = (&bytes[len..], offset + len);
        }
        Ok(())
    }

    pub(crate) fn truncate(&mut self, size: u64) -> Result<(), Refusal> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let (whole, rest) = (size / CHUNK_BYTES, size % CHUNK_BYTES);
        let keep = whole + usize::from(rest > 0);
        if keep > self.chunks.len() {
            return Ok(());
        }
        self.chunks.truncate(keep);
        if rest > 0 && self.chunks[keep - 1].bytes.len() > rest {
            self.own(keep - 1, rest)?.truncate(rest);
        }
        Ok(())
    }

    /// Takes over the bytes of `other` behind its own, chunk by chunk, without copying them. Its own
    /// must end with a whole chunk.
    pub(crate) fn append(&mut self, other: Pages) -> Result<(), Refusal> {
        if let Some(refusal) = self.refused.or(other.refused) {
            return Err(refusal);
        }
        debug_assert!(self.size().is_multiple_of(CHUNK_BYTES as u64), "a chunk is not whole");
        self.chunks.extend(other.chunks);
        Ok(())
    }

    /// Freezes the present bytes: one pointer a chunk, and at most one chunk's tail is copied.
    pub(crate) fn freeze(&mut self, contents: Contents) -> Image {
        if let Some(last) = self.chunks.last_mut().and_then(Arc::get_mut) {
            last.bytes.shrink_to_fit();
            last.charge.shrink_to(last.bytes.capacity() as u64);
        }
        Image::new(self.chunks.as_slice().into(), self.size(), contents)
    }

    /// Makes chunk `index` exist and all before it full.
    fn reach(&mut self, index: usize) -> Result<(), Refusal> {
        while self.chunks.len() <= index {
            if let Some(last) = self.chunks.len().checked_sub(1)
                && self.chunks[last].bytes.len() < CHUNK_BYTES
            {
                self.own(last, CHUNK_BYTES)?;
            }
            let charge = self.charge(0)?;
            self.chunks.push(Arc::new(Chunk { bytes: Vec::new(), charge }));
        }
        Ok(())
    }

    /// Chunk `index` as this file's own, at least `len` long.
    fn own(&mut self, index: usize, len: usize) -> Result<&mut Vec<u8>, Refusal> {
        if Arc::get_mut(&mut self.chunks[index]).is_none() {
            let room = self.chunks[index].bytes.len().max(room_for(index, len));
            let charge = self.charge(room)?;
            let mut bytes = Vec::with_capacity(room);
            bytes.extend_from_slice(&self.chunks[index].bytes);
            self.chunks[index] = Arc::new(Chunk { bytes, charge });
        }
        let account = &self.account;
        let Some(chunk) = Arc::get_mut(&mut self.chunks[index]) else {
            return Err(Refusal::of(&self.account, 0)); // cannot be: it was made unique above
        };
        if chunk.bytes.capacity() < len {
            let room = room_for(index, len);
            let more = (room - chunk.bytes.capacity()) as u64;
            if !chunk.charge.grow(more) {
                return Err(Refusal::of(account, more));
            }
            chunk.bytes.reserve_exact(room - chunk.bytes.len());
        }
        if chunk.bytes.len() < len {
            chunk.bytes.resize(len, 0);
        }
        Ok(&mut chunk.bytes)
    }

    fn charge(&self, bytes: usize) -> Result<model::Charge, Refusal> {
        let bytes = bytes as u64;
        self.account.charge(bytes).ok_or_else(|| Refusal::of(&self.account, bytes))
    }
}

fn room_for(index: usize, len: usize) -> usize {
    if index > 0 { CHUNK_BYTES } else { len.next_power_of_two().clamp(FIRST_BYTES, CHUNK_BYTES) }
}
