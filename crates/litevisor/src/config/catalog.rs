//! `[catalog]`: the declared catalog.

use std::path::PathBuf;

use super::reader::Reader;

/// `[catalog]`.
#[derive(Clone, Debug)]
pub struct CatalogConfig {
    /// The file; without it one is inferred at start, on loopback only.
    pub path: Option<PathBuf>,
}

impl CatalogConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        CatalogConfig { path: reader.take_optional("catalog", "path") }
    }
}
