//! Looking for the few bytes that a format must quote or escape, sixteen at a time: most text has
//! none of them and is copied whole.

/// Bytes looked at together. The loops below have no early exit inside a block, so that the
/// compiler turns them into vector compares.
const BLOCK: usize = 16;

/// Whether CSV must quote the field (RFC 4180 §2.6): quote, comma, CR or LF.
#[inline]
pub(crate) fn csv_must_quote(bytes: &[u8]) -> bool {
    #[inline]
    fn special(byte: u8) -> bool {
        (byte == b'"') | (byte == b',') | (byte == b'\n') | (byte == b'\r')
    }
    let (blocks, tail) = bytes.as_chunks::<BLOCK>();
    for block in blocks {
        if block.iter().fold(false, |found, byte| found | special(*byte)) {
            return true;
        }
    }
    tail.iter().any(|byte| special(*byte))
}

/// Index of the first byte at or after `from` that JSON must escape; `bytes.len()` if there is none.
#[inline]
pub(crate) fn json_special(bytes: &[u8], from: usize) -> usize {
    let (blocks, tail) = bytes[from..].as_chunks::<BLOCK>();
    let mut at = from;
    for block in blocks {
        let found = block
            .iter()
            .fold(false, |found, byte| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'));
        if found {
            let inside = block.iter().position(|byte| JSON_ESCAPE[usize::from(*byte)] != 0);
            return at + inside.unwrap_or(0);
        }
        at += BLOCK;
    }
    at + tail.iter().position(|byte| JSON_ESCAPE[usize::from(*byte)] != 0).unwrap_or(tail.len())
}

/// For each byte: 0 if JSON takes it as it is, `u` for `\u00XX`, else the letter after `\`
/// (RFC 8259 §7).
pub(crate) const JSON_ESCAPE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[b'\t' as usize] = b't';
    table[b'\n' as usize] = b'n';
    table[0x0c] = b'f';
    table[b'\r' as usize] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};
