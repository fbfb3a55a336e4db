//! `[auth]`: who may ask.

use super::reader::Reader;
use super::value::words;

/// `[auth]`.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// How a request says who it is of.
    pub mode: AuthMode,
    /// Somebody said that tenants' listener may be reached by strangers without being asked.
    pub allow_unauthenticated: bool,
}

/// How a request says who it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Nobody is asked.
    None,
}

words!(AuthMode, "none" => AuthMode::None);

impl AuthConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "auth";
        AuthConfig {
            mode: reader.take(S, "mode", AuthMode::None),
            allow_unauthenticated: reader.take(S, "allow_unauthenticated", false),
        }
    }
}
