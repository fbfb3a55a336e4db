//! Putting a built tree into a database: its pages behind the last one, mostly without copying them;
//! its root in place of the table's empty one; the new size and change counter into the header.

use model::limits::CHUNK_BYTES;

use super::tree::{Built, Place};
use crate::image::{Pages, Refusal};

/// The page at this byte is never used: SQLite locks it ("The Lock-Byte Page" in the format).
const LOCK_BYTE: usize = 1 << 30;

/// Where the header has what changes.
const CHANGE_COUNTER: u64 = 24;
const SIZE_IN_PAGES: u64 = 28;
const VERSION_VALID_FOR: u64 = 92;

/// Where the tree's pages go.
struct Layout {
    /// Pages of the database before.
    before: u32,
    /// How many of the tree's pages keep their chunks; those behind them are copied.
    moved: u32,
    /// The number in the database of the first that does.
    first: u32,
    /// The page that is never used.
    locked: u32,
}

impl Layout {
    /// The tree's chunks become the database's where they can: from the next whole chunk on. What
    /// lies before that is filled with the tree's last pages.
    fn of(built: &Built, database: &Pages) -> Layout {
        let before = read_number(database, SIZE_IN_PAGES);
        let locked = u32::try_from(LOCK_BYTE / built.page_bytes + 1).unwrap_or(u32::MAX);
        let chunk = u32::try_from(CHUNK_BYTES / built.page_bytes).unwrap_or(1).max(1);
        let gap = before.next_multiple_of(chunk) - before;
        let whole = database.size() == u64::from(before) * built.page_bytes as u64;
        let behind = before.saturating_add(built.pages);
        let plain = whole && !(before < locked && behind >= locked);
        let moved = if plain { built.pages.saturating_sub(gap) } else { 0 };
        Layout { before, moved, first: before + gap + 1, locked }
    }

    /// A page's number in the database from its number in the tree.
    fn number(&self, page: u32) -> u32 {
        if page < self.moved {
            return self.first + page;
        }
        let plain = self.before + 1 + page - self.moved;
        plain + u32::from(self.before < self.locked && plain >= self.locked)
    }
}

/// The header is valid and nothing is uncommitted.
pub(super) fn splice(mut built: Built, database: &mut Pages, root: u32) -> Result<(), Refusal> {
    let page_bytes = built.page_bytes;
    let layout = Layout::of(&built, database);
    let bytes_before = |pages: u32| u64::from(pages) * page_bytes as u64;
    for Place { page, at } in built.places {
        let offset = bytes_before(page) + u64::from(at);
        let number = layout.number(read_number(&built.out, offset));
        built.out.write(&number.to_be_bytes(), offset)?;
    }
    for at in built.root_places {
        let at = usize::from(at);
        let inside = &mut built.root[at..at + 4];
        let number = u32::from_be_bytes([inside[0], inside[1], inside[2], inside[3]]);
        inside.copy_from_slice(&layout.number(number).to_be_bytes());
    }
    let mut bytes = vec![0; page_bytes];
    for page in layout.moved..built.pages {
        let from = bytes_before(page);
        built.out.copy(&mut bytes, from);
        database.write(&bytes, bytes_before(layout.number(page) - 1))?;
        if layout.moved == 0 {
            // What is copied need not be held twice.
            built.out.forget_before(from);
        }
    }
    if layout.moved > 0 {
        built.out.truncate(bytes_before(layout.moved))?;
        database.append(built.out)?;
    }
    database.write(&built.root, bytes_before(root - 1))?;
    let last = built.pages.checked_sub(1).into_iter().chain(layout.moved.checked_sub(1));
    if let Some(last) = last.map(|page| layout.number(page)).max() {
        database.write(&last.to_be_bytes(), SIZE_IN_PAGES)?;
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
