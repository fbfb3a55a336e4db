//! Characters as SQLite reads them, valid UTF-8 or not.

/// The next character as SQLite reads it; 0 at the end.
pub(crate) fn read(from: &mut &[u8]) -> u32 {
    let Some((first, rest)) = from.split_first() else { return 0 };
    *from = rest;
    let lead = u32::from(*first);
    if lead < 0xc0 {
        return lead;
    }
    let mut character = match lead {
        0xc0..=0xdf => lead & 0x1f,
        0xe0..=0xef => lead & 0x0f,
        0xf0..=0xf7 => lead & 0x07,
        0xf8..=0xfb => lead & 0x03,
        0xfd => 1,
        _ => 0,
    };
    while let Some((next, rest)) = from.split_first()
        && next & 0xc0 == 0x80
    {
        character = (character << 6).wrapping_add(u32::from(next & 0x3f));
        *from = rest;
    }
    if character < 0x80 || character & 0xffff_f800 == 0xd800 { 0xfffd } else { character }
}
