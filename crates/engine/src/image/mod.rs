//! Images: immutable, reference-counted databases.

use std::sync::Arc;

use model::{Catalog, Flow, TableSet};

/// Bytes of a database page, chosen by the expected size of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageSize {
    /// 1024: tenants of a few kilobytes.
    Tiny,
    /// 4096: everybody else.
    Normal,
}

impl PageSize {
    /// The page size for a tenant expected to hold `bytes` of data.
    pub fn for_expected(bytes: u64) -> PageSize {
        if bytes <= 64 * 1024 { PageSize::Tiny } else { PageSize::Normal }
    }
}

/// One immutable database. Cheap to clone; its memory is given back when the last clone goes.
#[derive(Clone, Debug)]
pub struct Image {
    catalog: Arc<Catalog>,
}

impl Image {
    /// Bytes it holds, as charged to the account it was loaded under.
    pub fn bytes(&self) -> u64 {
        0
    }

    /// Which of the catalog's tables have their rows.
    pub fn loaded(&self) -> TableSet {
        TableSet::EMPTY
    }

    /// The catalog whose tables it has.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Writes the whole as a `.sqlite` file, piece by piece, until `out` says stop.
    pub fn write_to(&self, _out: &mut dyn FnMut(&[u8]) -> Flow) {}
}
