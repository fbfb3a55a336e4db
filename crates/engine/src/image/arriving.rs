//! An image that arrives from another process, piece by piece. What it says of itself is checked as
//! far as that can be without reading it all; SQLite meets the rest like any database of strangers.

use std::sync::Arc;

use model::{Account, Error, ErrorCode, TableSet};

use super::{Contents, Image, Pages};

/// The format of images, apart from the program's version: raised when what lies in an image (its
/// schema's form, its page sizes, how values are stored) is not what the last version would read.
pub const IMAGE_FORMAT: u32 = 1;

/// What every SQLite database begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Which tables an image has, besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Those with their rows.
    pub loaded: TableSet,
    /// Those whose definition or rows are not the blank's any more.
    pub touched: TableSet,
}

/// An image on its way in, charged to an account as it grows.
pub struct Arriving {
    pages: Pages,
    contents: Contents,
    page_bytes: usize,
    bytes: u64,
}

impl Arriving {
    /// One of `bytes` that was built from `blank`.
    ///
    /// # Errors
    /// It cannot be one: tables that the blank does not have, a length that is not whole pages.
    pub fn new(
        blank: &Image,
        parts: Parts,
        bytes: u64,
        account: &Arc<Account>,
    ) -> Result<Self, Error> {
        let page_bytes = blank.page_bytes();
        let all = blank.part_tables();
        if !all.covers(&parts.touched) || !parts.touched.covers(&parts.loaded) {
            return Err(odd("it has tables that this catalog does not"));
        }
        if bytes == 0 || !bytes.is_multiple_of(page_bytes as u64) {
            return Err(odd("it is not whole pages"));
        }
        let Parts { loaded, touched } = parts;
        let contents = Contents { loaded, touched, ..blank.contents().clone() };
        Ok(Arriving { pages: Pages::empty(account), contents, page_bytes, bytes })
    }

    /// The next piece.
    ///
    /// # Errors
    /// There is no memory for it, or more comes than was said.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        let at = self.pages.size();
        if at + piece.len() as u64 > self.bytes {
            return Err(odd("more comes than was said"));
        }
        self.pages.write(piece, at).map_err(|refusal| {
            Error::new(ErrorCode::Overloaded, "there is no memory for an image from a peer")
                .with_internal(format!("{} of {} bytes are taken", refusal.used, refusal.limit))
        })
    }

    /// The image, once all of it is there.
    ///
    /// # Errors
    /// It is not all there, or its header is not that of such an image.
    pub fn finish(mut self) -> Result<Image, Error> {
        if self.pages.size() != self.bytes {
            return Err(odd("less came than was said"));
        }
        let mut header = [0; 32];
        self.pages.copy(&mut header, 0);
        let pages = u32::from_be_bytes([header[28], header[29], header[30], header[31]]);
        let whole = u64::from(pages) * self.page_bytes as u64 == self.bytes;
        let image = self.pages.freeze(self.contents);
        if !header.starts_with(MAGIC) || !whole || image.page_bytes() != self.page_bytes {
            return Err(odd("its header is not that of such an image"));
        }
        Ok(image)
    }
}

fn odd(what: &str) -> Error {
    Error::internal(format!("an image from a peer was not taken: {what}"))
}

impl Image {
    /// Which tables it has.
    pub fn parts(&self) -> Parts {
        Parts { loaded: self.contents().loaded, touched: self.contents().touched }
    }

    /// Its bytes in order, in pieces of up to 64 KiB.
    pub fn pieces(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.chunks().iter().map(|chunk| chunk.bytes())
    }

    /// The piece of this number, if there is one.
    pub fn piece(&self, number: usize) -> Option<&[u8]> {
        self.chunks().get(number).map(|chunk| chunk.bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::PageSize;
    use crate::fixture::{Bench, Kept, ask, fleet_image, reopen};

    /// The image as another process gets it, in pieces of `step`.
    fn sent(
        image: &Image,
        blank: &Image,
        step: usize,
        account: &Arc<Account>,
    ) -> Result<Image, Error> {
        let mut arriving = Arriving::new(blank, image.parts(), image.bytes(), account)?;
        let all: Vec<u8> = image.pieces().flatten().copied().collect();
        for piece in all.chunks(step) {
            arriving.push(piece)?;
        }
        arriving.finish()
    }

    #[test]
    fn what_arrives_is_what_was_sent_and_is_charged() {
        for size in [PageSize::Tiny, PageSize::Normal] {
            let (image, blank) = (fleet_image(size, &[0]), fleet_image(size, &[]));
            let account = Account::root(64 << 20);
            let there = sent(&image, &blank, 10_000, &account).expect("it arrives");
            assert_eq!((there.bytes(), there.parts()), (image.bytes(), image.parts()));
            assert!(account.used() >= there.bytes());
            let (_folder, db) = reopen(&there);
            assert_eq!(
                ask(
                    &db,
                    "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"
                ),
                1
            );
            drop(there);
            assert_eq!(account.used(), 0);
        }
    }

    #[test]
    fn what_cannot_be_such_an_image_is_refused() {
        let (image, blank) =
            (fleet_image(PageSize::Normal, &[0]), fleet_image(PageSize::Normal, &[]));
        let account = Account::root(64 << 20);
        let parts = image.parts();
        let begun = |parts, bytes| Arriving::new(&blank, parts, bytes, &account);
        let beyond = Parts { touched: [499].into_iter().collect(), ..parts };
        assert!(
            begun(beyond, 4096).is_err()
                && begun(Parts { touched: TableSet::EMPTY, ..parts }, 4096).is_err()
        );
        assert!(begun(parts, 0).is_err() && begun(parts, 4097).is_err());
        let mut short = begun(parts, 8192).expect("begun");
        short.push(&[0; 4096]).expect("taken");
        assert!(short.push(&[0; 4097]).is_err() && short.finish().is_err());
        let tiny = fleet_image(PageSize::Tiny, &[0]);
        assert!(sent(&tiny, &blank, 4096, &account).is_err(), "pages of another size");
        let narrow = Account::root(8 << 10);
        assert_eq!(
            sent(&image, &blank, 4096, &narrow).expect_err("full").code,
            ErrorCode::Overloaded
        );
        assert_eq!((account.used(), narrow.used()), (0, 0));
    }

    proptest! {
        /// Whatever a peer sends in an image's place, reading it ends, with rows or an error.
        #[test]
        fn a_damaged_image_does_no_harm(
            wounds in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        ) {
            let (image, blank) = (fleet_image(PageSize::Tiny, &[0]), fleet_image(PageSize::Tiny, &[]));
            let account = Account::root(64 << 20);
            let mut all: Vec<u8> = image.pieces().flatten().copied().collect();
            for (at, byte) in wounds {
                let at = at.index(all.len());
                all[at] = byte;
            }
            let mut arriving = Arriving::new(&blank, image.parts(), image.bytes(), &account)?;
            arriving.push(&all)?;
            if let Ok(there) = arriving.finish() {
                let mut bench = Bench::new(there);
                bench.deadline = model::Monotonic(2_000_000_000);
                for sql in [
                    "SELECT count(*), max(id) FROM devices",
                    "SELECT * FROM devices ORDER BY 2 DESC",
                    "SELECT * FROM devices WHERE site = 's3'",
                    "UPDATE devices SET site = 'x'; SELECT count(*) FROM devices",
                ] {
                    let _ = bench.run(sql, &mut Kept::default());
                }
            }
            prop_assert_eq!(account.used(), 0);
        }
    }
}
