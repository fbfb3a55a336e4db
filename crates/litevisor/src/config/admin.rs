//! `[admin]`: who may ask on the admin listener.

use std::path::PathBuf;

use super::reader::Reader;

/// `[admin]`.
#[derive(Clone, Debug)]
pub struct AdminConfig {
    /// A file with the operator's token.
    pub token_file: Option<PathBuf>,
}

impl AdminConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        AdminConfig { token_file: reader.take_optional("admin", "token_file") }
    }
}
