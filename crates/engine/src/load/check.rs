//! Whether an image is a whole database, as SQLite itself judges it.

use std::sync::Arc;

use model::Cell;
use rusqlite::ffi;

use crate::conn::{Connection, SqlFault, Step};
use crate::image::Image;
use crate::vfs::{Handed, Seat};

/// Fails with what `PRAGMA integrity_check` says first, unless that is `ok`.
pub(super) fn check(image: &Image) -> Result<(), SqlFault> {
    let seat: Arc<Seat> = Seat::taken_by(image);
    let connection = Connection::open(Handed::Image(seat))?;
    let mut statement = connection.statement("PRAGMA integrity_check(1)")?;
    if statement.step()? == Step::Row
        && let [Cell::Text(verdict)] = statement.row(1).cells
        && *verdict != "ok"
    {
        let message = format!("a damaged image was about to be published: {verdict}");
        return Err(SqlFault { code: ffi::SQLITE_CORRUPT, message, offset: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::{Account, Flow};

    use super::*;
    use crate::PageSize;
    use crate::fixture::fleet_image;
    use crate::image::Pages;

    #[test]
    fn a_damaged_image_is_told_from_a_whole_one() {
        let whole = fleet_image(PageSize::Tiny, &[0, 1]);
        check(&whole).unwrap();
        let mut bytes = Vec::new();
        whole.write_to(&mut |piece| {
            bytes.extend_from_slice(piece);
            Flow::Continue
        });
        // The cells of a page in the middle.
        let middle = bytes.len() / 2 / 1024 * 1024;
        bytes[middle + 8..middle + 64].fill(0xff);
        let mut pages = Pages::empty(&Account::root(u64::MAX));
        pages.write(&bytes, 0).unwrap();
        let damaged = pages.freeze(whole.contents().clone());
        let fault = check(&damaged).unwrap_err();
        assert!(fault.message.contains("damaged image"), "{}", fault.message);
    }
}
