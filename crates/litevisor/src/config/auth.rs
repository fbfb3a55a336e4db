//! `[auth]`: who may ask.

use std::path::PathBuf;

use super::jwt::JwtConfig;
use super::reader::Reader;
use super::value::words;

/// `[auth]`.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// How a request says who it is of.
    pub mode: AuthMode,
    /// Somebody said that tenants' listener may be reached by strangers without being asked.
    pub allow_unauthenticated: bool,
    /// The file of API keys.
    pub keys_file: Option<PathBuf>,
    /// What a token must be.
    pub jwt: JwtConfig,
}

/// How a request says who it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Nobody is asked.
    None,
    /// By an API key of a file.
    ApiKeys,
    /// By a token that an issuer signed.
    Jwt,
}

words!(AuthMode,
    "none" => AuthMode::None,
    "api_keys" => AuthMode::ApiKeys,
    "jwt" => AuthMode::Jwt,
);

impl AuthConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "auth";
        let mode = reader.take(S, "mode", AuthMode::None);
        let allow_unauthenticated = reader.take(S, "allow_unauthenticated", false);
        let keys_file = reader.take_optional(S, "keys_file");
        if mode == AuthMode::ApiKeys && keys_file.is_none() {
            reader.wrong(
                "is missing: mode \"api_keys\" needs the file; `litevisor key create` makes it",
            );
        }
        let jwt = JwtConfig::read(reader, mode == AuthMode::Jwt);
        AuthConfig { mode, allow_unauthenticated, keys_file, jwt }
    }
}
