//! SQLite's record format: a header of serial types, then the values.

use model::Cell;

/// Encodes rows of one table; its buffers are reused.
pub(super) struct Record {
    /// Column numbers in the order they are stored: a `WITHOUT ROWID` table has its key first.
    order: Vec<usize>,
    halves: Halves,
    whole: Vec<u8>,
}

/// A record's two halves.
#[derive(Default)]
struct Halves {
    header: Vec<u8>,
    body: Vec<u8>,
}

impl Record {
    pub(super) fn of(key: &[usize], columns: usize) -> Record {
        let rest = (0..columns).filter(|column| !key.contains(column));
        let order = key.iter().copied().chain(rest).collect();
        Record { order, halves: Halves::default(), whole: Vec::new() }
    }

    /// One row's record. `real`: whether a column has REAL affinity, so that integers in it are
    /// stored as doubles.
    pub(super) fn encode(&mut self, cells: &[Cell<'_>], real: impl Fn(usize) -> bool) -> &[u8] {
        let halves = &mut self.halves;
        halves.header.clear();
        halves.body.clear();
        for &column in &self.order {
            match cells[column] {
                Cell::Null => halves.header.push(0),
                #[expect(clippy::cast_precision_loss, reason = "affinity was checked: it is exact")]
                Cell::Integer(value) if real(column) => halves.real(value as f64),
                Cell::Integer(value) => halves.integer(value),
                Cell::Real(value) => halves.real(value),
                Cell::Text(text) => halves.bytes(text.as_bytes(), 13),
                Cell::Blob(bytes) => halves.bytes(bytes, 12),
            }
        }
        self.whole.clear();
        // The header's length counts itself.
        let types = halves.header.len() as u64;
        let mut length = types + 1;
        while varint_bytes(length) as u64 + types > length {
            length += 1;
        }
        put_varint(&mut self.whole, length);
        self.whole.extend_from_slice(&halves.header);
        self.whole.extend_from_slice(&halves.body);
        &self.whole
    }
}

impl Halves {
    fn real(&mut self, value: f64) {
        self.header.push(7);
        self.body.extend_from_slice(&value.to_be_bytes());
    }

    fn integer(&mut self, value: i64) {
        let (serial, bytes) = match value {
            0 => (8, 0),
            1 => (9, 0),
            -0x80..=0x7f => (1, 1),
            -0x8000..=0x7fff => (2, 2),
            -0x80_0000..=0x7f_ffff => (3, 3),
            -0x8000_0000..=0x7fff_ffff => (4, 4),
            -0x8000_0000_0000..=0x7fff_ffff_ffff => (5, 6),
            _ => (6, 8),
        };
        self.header.push(serial);
        self.body.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
    }

    fn bytes(&mut self, bytes: &[u8], class: u64) {
        put_varint(&mut self.header, class + 2 * bytes.len() as u64);
        self.body.extend_from_slice(bytes);
    }
}

/// Appends a number as SQLite's variable-length integer: seven bits a byte, most significant
/// first, all eight bits of a ninth byte.
pub(super) fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        // Below 0x80 it is its own byte.
        out.push(value as u8);
        return;
    }
    let mut bytes = [0; 9];
    let length = varint_bytes(value);
    let mut left = value;
    if length == 9 {
        bytes[8] = left as u8;
        left >>= 8;
    }
    let sevens = length.min(8);
    for (n, byte) in bytes[..sevens].iter_mut().enumerate().rev() {
        let more = if n + 1 < length { 0x80 } else { 0 };
        *byte = (left & 0x7f) as u8 | more;
        left >>= 7;
    }
    out.extend_from_slice(&bytes[..length]);
}

/// How many bytes [`put_varint`] writes.
fn varint_bytes(value: u64) -> usize {
    (1..9).find(|bytes| value >> (7 * bytes) == 0).unwrap_or(9)
}
