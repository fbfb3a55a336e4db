//! A b-tree built from its left end to its right: a page is written once, when it is full.
//!
//! Page numbers are not known before the tree is put into a database. Until then pages are
//! numbered from 0, and every place that holds such a number is noted.

use std::sync::Arc;

use model::Account;

use super::record::put_varint;
use crate::image::{Pages, Refusal};

/// What the tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A table with rowids: rows in the leaves, the largest rowid of each in the page above.
    Rows,
    /// A table `WITHOUT ROWID`: each row once, in a leaf or, between two pages, in the page above.
    Keys,
}

/// The tree, its right edge still open.
pub(super) struct Tree {
    kind: Kind,
    page_bytes: usize,
    /// The open page of each level, leaves first.
    levels: Vec<Node>,
    out: Pages,
    pages: u32,
    places: Vec<Place>,
    last_rowid: i64,
    cell: Vec<u8>,
}

/// Where a page's number stands: in page `page`, at byte `at`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) page: u32,
    pub(super) at: u16,
}

/// A whole tree.
pub(super) struct Built {
    pub(super) page_bytes: usize,
    /// All pages but the root.
    pub(super) out: Pages,
    pub(super) pages: u32,
    /// Ascending by page.
    pub(super) places: Vec<Place>,
    pub(super) root: Box<[u8]>,
    pub(super) root_places: Vec<u16>,
}

impl Tree {
    pub(super) fn new(kind: Kind, page_bytes: usize, account: &Arc<Account>) -> Tree {
        Tree {
            kind,
            page_bytes,
            levels: Vec::new(),
            out: Pages::empty(account),
            pages: 0,
            places: Vec::new(),
            last_rowid: 0,
            cell: Vec::new(),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.out.size()
    }

    /// Adds a record above all others; `rowid` counts only for [`Kind::Rows`].
    pub(super) fn add(&mut self, record: &[u8], rowid: i64) -> Result<(), Refusal> {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        put_varint(&mut cell, record.len() as u64);
        if self.kind == Kind::Rows {
            // Rowids count from 1.
            put_varint(&mut cell, rowid.unsigned_abs());
        }
        let local = self.local_bytes(record.len());
        cell.extend_from_slice(&record[..local]);
        let spills = local < record.len();
        if spills {
            let first = self.spill(&record[local..])?;
            cell.extend_from_slice(&first.to_be_bytes());
        }
        // A cell takes four bytes at least, so that it can become a free block.
        while cell.len() < 4 {
            cell.push(0);
        }
        self.put(0, &cell, None, spills)?;
        self.last_rowid = rowid;
        self.cell = cell;
        Ok(())
    }

    /// How much of a record stays in its page ("Cell Payload Overflow Pages" in the format).
    fn local_bytes(&self, record: usize) -> usize {
        let usable = self.page_bytes;
        let most = match self.kind {
            Kind::Rows => usable - 35,
            Kind::Keys => (usable - 12) * 64 / 255 - 23,
        };
        if record <= most {
            return record;
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let surplus = least + (record - least) % (usable - 4);
        if surplus <= most { surplus } else { least }
    }

    /// Writes what does not fit as a chain of overflow pages; gives the first.
    fn spill(&mut self, mut rest: &[u8]) -> Result<u32, Refusal> {
        let first = self.pages;
        let mut page = vec![0; self.page_bytes];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.page_bytes - 4));
            page.fill(0);
            page[4..4 + now.len()].copy_from_slice(now);
            if !later.is_empty() {
                page[..4].copy_from_slice(&(self.pages + 1).to_be_bytes());
                self.places.push(Place { page: self.pages, at: 0 });
            }
            self.write(&page)?;
            rest = later;
        }
        Ok(first)
    }

    /// Puts a cell at the right end of a level; `child` is the page to its left.
    fn put(
        &mut self,
        level: usize,
        cell: &[u8],
        child: Option<u32>,
        spills: bool,
    ) -> Result<(), Refusal> {
        if level == self.levels.len() {
            self.levels.push(Node::new(self.page_bytes, level == 0));
        }
        if !self.levels[level].fits(cell.len()) {
            // Between two pages stands, one level up, the greatest rowid of the left one, or the
            // left one's last cell itself.
            let divider = if self.kind == Kind::Rows && level == 0 {
                let mut key = Vec::with_capacity(9);
                put_varint(&mut key, self.last_rowid.unsigned_abs());
                Popped { cell: key, child: None, spills: false }
            } else {
                self.levels[level].pop()
            };
            let full = self.finish(level, divider.child)?;
            self.put(level + 1, &divider.cell, Some(full), divider.spills)?;
        }
        self.levels[level].push(cell, child, spills);
        Ok(())
    }

    /// Writes a level's open page and opens the next.
    fn finish(&mut self, level: usize, right: Option<u32>) -> Result<u32, Refusal> {
        let mut node = std::mem::replace(&mut self.levels[level], Node::new(0, true));
        node.seal(self.kind, right);
        let page = self.pages;
        self.places.extend(node.places.iter().map(|&at| Place { page, at }));
        self.write(&node.bytes)?;
        node.clear();
        self.levels[level] = node;
        Ok(page)
    }

    fn write(&mut self, page: &[u8]) -> Result<(), Refusal> {
        self.out.write(page, u64::from(self.pages) * self.page_bytes as u64)?;
        self.pages += 1;
        Ok(())
    }

    /// Closes the right edge.
    pub(super) fn close(mut self) -> Result<Built, Refusal> {
        if self.levels.is_empty() {
            self.levels.push(Node::new(self.page_bytes, true));
        }
        let mut right = None;
        for level in 0..self.levels.len() - 1 {
            right = Some(self.finish(level, right)?);
        }
        let mut root = self.levels.pop().unwrap_or_else(|| Node::new(self.page_bytes, true));
        root.seal(self.kind, right);
        Ok(Built {
            page_bytes: self.page_bytes,
            out: self.out,
            pages: self.pages,
            places: self.places,
            root: root.bytes,
            root_places: root.places,
        })
    }
}

/// A page being filled: its header and cell pointers grow from the front, its cells from the end.
struct Node {
    bytes: Box<[u8]>,
    leaf: bool,
    cells: usize,
    /// Where the cells begin.
    content: usize,
    /// Where numbers of pages stand, in the order they were written.
    places: Vec<u16>,
}

/// A cell taken back.
struct Popped {
    cell: Vec<u8>,
    child: Option<u32>,
    spills: bool,
}

impl Node {
    fn new(page_bytes: usize, leaf: bool) -> Node {
        let bytes = vec![0; page_bytes].into_boxed_slice();
        Node { bytes, leaf, cells: 0, content: page_bytes, places: Vec::new() }
    }

    fn clear(&mut self) {
        self.bytes.fill(0);
        self.cells = 0;
        self.content = self.bytes.len();
        self.places.clear();
    }

    fn header_bytes(&self) -> usize {
        if self.leaf { 8 } else { 12 }
    }

    /// Bytes of the child's number before each cell of an inner page.
    fn child_bytes(&self) -> usize {
        if self.leaf { 0 } else { 4 }
    }

    fn fits(&self, cell: usize) -> bool {
        let pointers = self.header_bytes() + 2 * (self.cells + 1);
        pointers + self.child_bytes() + cell <= self.content
    }

    fn push(&mut self, cell: &[u8], child: Option<u32>, spills: bool) {
        let end = self.content;
        self.content -= cell.len();
        self.bytes[self.content..end].copy_from_slice(cell);
        if let Some(child) = child {
            self.content -= 4;
            self.bytes[self.content..self.content + 4].copy_from_slice(&child.to_be_bytes());
            self.places.push(offset(self.content));
        }
        if spills {
            self.places.push(offset(end - 4));
        }
        let pointer = self.header_bytes() + 2 * self.cells;
        self.bytes[pointer..pointer + 2].copy_from_slice(&offset(self.content).to_be_bytes());
        self.cells += 1;
    }

    /// Takes the last cell back. There are at least two: a page has room for four.
    fn pop(&mut self) -> Popped {
        let pointer = self.header_bytes() + 2 * (self.cells - 1);
        let end = match self.cells {
            1 => self.bytes.len(),
            _ => {
                usize::from(u16::from_be_bytes([self.bytes[pointer - 2], self.bytes[pointer - 1]]))
            }
        };
        let start = self.content;
        let spills = self.places.last().is_some_and(|&at| usize::from(at) + 4 == end);
        let child = (!self.leaf).then(|| {
            let bytes = &self.bytes[start..start + 4];
            u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        });
        let cell = self.bytes[start + self.child_bytes()..end].to_vec();
        self.places.retain(|&at| usize::from(at) >= end);
        self.bytes[start..end].fill(0);
        self.bytes[pointer..pointer + 2].fill(0);
        self.content = end;
        self.cells -= 1;
        Popped { cell, child, spills }
    }

    /// Writes the header.
    fn seal(&mut self, kind: Kind, right: Option<u32>) {
        self.bytes[0] = match (kind, self.leaf) {
            (Kind::Rows, true) => 13,
            (Kind::Rows, false) => 5,
            (Kind::Keys, true) => 10,
            (Kind::Keys, false) => 2,
        };
        self.bytes[3..5].copy_from_slice(&offset(self.cells).to_be_bytes());
        self.bytes[5..7].copy_from_slice(&offset(self.content).to_be_bytes());
        if let (false, Some(right)) = (self.leaf, right) {
            self.bytes[8..12].copy_from_slice(&right.to_be_bytes());
            self.places.push(8);
        }
    }
}

/// A place within a page; 65536, which only an empty page of that size has, is written as 0.
fn offset(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(0)
}
