//! Putting a built tree into a database: its pages behind the last one, its root in place of the
//! table's empty one, the new size and change counter into the header.

use super::tree::{Built, Place};
use crate::image::{Pages, Refusal};

/// The page at this byte is never used: SQLite locks it ("The Lock-Byte Page" in the format).
const LOCK_BYTE: usize = 1 << 30;

/// Where the header has what changes.
const CHANGE_COUNTER: u64 = 24;
const SIZE_IN_PAGES: u64 = 28;
const VERSION_VALID_FOR: u64 = 92;

/// The header is valid and nothing is uncommitted.
pub(super) fn splice(mut built: Built, database: &mut Pages, root: u32) -> Result<(), Refusal> {
    let page_bytes = built.page_bytes;
    let before = read_number(database, SIZE_IN_PAGES);
    let locked = u32::try_from(LOCK_BYTE / page_bytes + 1).unwrap_or(u32::MAX);
    // A page's number in the database from its number in the tree.
    let number = |page: u32| {
        let plain = before + 1 + page;
        plain + u32::from(before < locked && plain >= locked)
    };
    let offset = |number: u32| u64::from(number - 1) * page_bytes as u64;
    let renumber = |bytes: &mut [u8], at: u16| {
        let at = usize::from(at);
        let inside = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        bytes[at..at + 4].copy_from_slice(&number(u32::from_be_bytes(inside)).to_be_bytes());
    };
    let mut bytes = vec![0; page_bytes];
    let mut places = built.places.iter().peekable();
    for page in 0..built.pages {
        let from = u64::from(page) * page_bytes as u64;
        built.out.copy(&mut bytes, from);
        while let Some(Place { at, .. }) = places.next_if(|place| place.page == page) {
            renumber(&mut bytes, *at);
        }
        database.write(&bytes, offset(number(page)))?;
        // What is copied need not be held twice.
        built.out.forget_before(from);
    }
    for at in &built.root_places {
        renumber(&mut built.root, *at);
    }
    database.write(&built.root, offset(root))?;
    if let Some(last) = built.pages.checked_sub(1) {
        database.write(&number(last).to_be_bytes(), SIZE_IN_PAGES)?;
    }
    let counter = read_number(database, CHANGE_COUNTER).wrapping_add(1).to_be_bytes();
    database.write(&counter, CHANGE_COUNTER)?;
    database.write(&counter, VERSION_VALID_FOR)
}

fn read_number(pages: &Pages, offset: u64) -> u32 {
    let mut bytes = [0; 4];
    pages.copy(&mut bytes, offset);
    u32::from_be_bytes(bytes)
}
