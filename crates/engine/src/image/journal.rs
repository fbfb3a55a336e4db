//! The rollback journal of a scratch. Nearly all of it is pages as they were, and those lie in the
//! image below: a page equal to the image's is noted instead of stored, which halves what a what-if
//! query costs.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::sync::Arc;

use model::{Account, Charge};

use super::{Image, Refusal};

/// The file, as extents without gaps, by their offset.
pub(crate) struct Journal {
    base: Image,
    page_bytes: usize,
    account: Arc<Account>,
    charge: Charge,
    extents: BTreeMap<u64, Extent>,
    size: u64,
    /// The last four bytes appended: before a page, its number.
    last_word: Option<u32>,
}

enum Extent {
    Bytes(Vec<u8>),
    /// The image's page that begins at this offset.
    Page(u64),
}

/// What an extent costs besides its bytes.
const EXTENT_BYTES: u64 = 64;

impl Journal {
    pub(crate) fn new(base: &Image, account: &Arc<Account>) -> Result<Journal, Refusal> {
        Ok(Journal {
            base: base.clone(),
            page_bytes: base.page_bytes(),
            account: Arc::clone(account),
            charge: account.charge(0).ok_or_else(|| Refusal::of(account, 0))?,
            extents: BTreeMap::new(),
            size: 0,
            last_word: None,
        })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn read(&self, into: &mut [MaybeUninit<u8>], offset: u64) -> usize {
        let mut done = 0;
        while done < into.len() {
            let at = offset + done as u64;
            let Some((start, extent)) = self.extents.range(..=at).next_back() else { break };
            let (skip, rest) = (at - start, &mut into[done..]);
            let copied = match extent {
                Extent::Bytes(bytes) => {
                    let from = usize::try_from(skip).ok().and_then(|skip| bytes.get(skip..));
                    let from = from.unwrap_or(&[]);
                    let len = from.len().min(rest.len());
                    rest[..len].write_copy_of_slice(&from[..len]);
                    len
                }
                Extent::Page(page) => {
                    let left = self.page_bytes.saturating_sub(usize::try_from(skip).unwrap_or(0));
                    let len = left.min(rest.len());
                    self.base.read(&mut rest[..len], page + skip)
                }
            };
            if copied == 0 {
                break;
            }
            done += copied;
        }
        done
    }

    pub(crate) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        if offset > self.size {
            let gap = usize::try_from(offset - self.size)
                .map_err(|_| Refusal::of(&self.account, u64::MAX))?;
            self.append(&vec![0; gap])?;
        }
        let inside = usize::try_from(self.size - offset).unwrap_or(usize::MAX).min(bytes.len());
        let (over, new) = bytes.split_at(inside);
        self.overwrite(over, offset)?;
        if !new.is_empty() && !self.note_page(new)? {
            self.append(new)?;
        }
        self.last_word = new.try_into().ok().map(u32::from_be_bytes);
        Ok(())
    }

    pub(crate) fn truncate(&mut self, size: u64) -> Result<(), Refusal> {
        if size >= self.size {
            return Ok(());
        }
        let cut = self.extents.split_off(&size);
        let mut freed: u64 = cut.values().map(cost).sum();
        if let Some((start, extent)) = self.extents.range_mut(..size).next_back() {
            let keep = usize::try_from(size - *start).unwrap_or(usize::MAX);
            match extent {
                Extent::Bytes(bytes) => {
                    freed += bytes.len().saturating_sub(keep) as u64;
                    bytes.truncate(keep);
                }
                Extent::Page(page) if keep < self.page_bytes => {
                    if !self.charge.grow(keep as u64) {
                        return Err(Refusal::of(&self.account, keep as u64));
                    }
                    *extent = Extent::Bytes(stored(&self.base, *page, keep));
                }
                Extent::Page(_) => {}
            }
        }
        self.charge.shrink_to(self.charge.bytes().saturating_sub(freed));
        (self.size, self.last_word) = (size, None);
        Ok(())
    }

    /// Appends `bytes` as a note, if they are the page whose number was written before them.
    fn note_page(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        let number = self.last_word.filter(|number| *number > 0);
        let Some(number) = number.filter(|_| bytes.len() == self.page_bytes) else {
            return Ok(false);
        };
        let page = u64::from(number - 1) * self.page_bytes as u64;
        if !self.base.holds(bytes, page) {
            return Ok(false);
        }
        self.grow(EXTENT_BYTES)?;
        self.extents.insert(self.size, Extent::Page(page));
        self.size += bytes.len() as u64;
        Ok(true)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.grow(bytes.len() as u64 + EXTENT_BYTES)?;
        match self.extents.last_entry().map(|entry| entry.into_mut()) {
            Some(Extent::Bytes(last)) => {
                last.extend_from_slice(bytes);
                self.charge.shrink_to(self.charge.bytes() - EXTENT_BYTES);
            }
            _ => drop(self.extents.insert(self.size, Extent::Bytes(bytes.to_vec()))),
        }
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn overwrite(&mut self, mut bytes: &[u8], mut offset: u64) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            let Some((&start, extent)) = self.extents.range_mut(..=offset).next_back() else {
                return Ok(()); // cannot be: there are no gaps below `size`
            };
            if let Extent::Page(page) = *extent {
                let more = self.page_bytes as u64;
                if !self.charge.grow(more) {
                    return Err(Refusal::of(&self.account, more));
                }
                *extent = Extent::Bytes(stored(&self.base, page, self.page_bytes));
            }
            let Extent::Bytes(there) = extent else { return Ok(()) };
            let into = usize::try_from(offset - start).ok().and_then(|at| there.get_mut(at..));
            let into = into.unwrap_or(&mut []);
            let len = into.len().min(bytes.len());
            if len == 0 {
                return Ok(());
            }
            into[..len].copy_from_slice(&bytes[..len]);
            (bytes, offset) = (&bytes[len..], offset + len as u64);
        }
        Ok(())
    }

    fn grow(&mut self, more: u64) -> Result<(), Refusal> {
        if self.charge.grow(more) { Ok(()) } else { Err(Refusal::of(&self.account, more)) }
    }
}

fn cost(extent: &Extent) -> u64 {
    match extent {
        Extent::Bytes(bytes) => bytes.len() as u64 + EXTENT_BYTES,
        Extent::Page(_) => EXTENT_BYTES,
    }
}

fn stored(base: &Image, page: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    base.read(super::chunk::as_uninit(&mut bytes), page);
    bytes
}
