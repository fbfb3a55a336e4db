//! API keys: what a key looks like (`secret`), the file that holds their hashes (`file`), and the
//! ring of those in force (`ring`).

mod file;
mod ring;
mod secret;

pub(crate) use file::read_bounded;
pub use file::{KeyFile, KeyRecord, write_private};
pub use ring::KeyRing;
pub use secret::ApiKey;

#[cfg(test)]
mod tests;
