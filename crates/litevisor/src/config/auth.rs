//! `[auth]`: who may ask.

use std::path::PathBuf;

use super::jwt::JwtConfig;
use super::reader::Reader;
use super::value::{Interval, words};

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
    /// What a proxy may say.
    pub trusted: TrustedConfig,
    /// What links are signed with: the first signs, all verify.
    pub link_secrets: Vec<String>,
    /// Or a file of them, one a line.
    pub link_secrets_file: Option<PathBuf>,
    /// How long a link may be good for.
    pub link_expiry_max: Interval,
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
    /// By headers of a proxy in front.
    TrustedHeader,
}

words!(AuthMode,
    "none" => AuthMode::None,
    "api_keys" => AuthMode::ApiKeys,
    "jwt" => AuthMode::Jwt,
    "trusted_header" => AuthMode::TrustedHeader,
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
        let trusted = TrustedConfig::read(reader, mode == AuthMode::TrustedHeader);
        let link_secrets: Vec<String> = reader.take(S, "link_secrets", Vec::new());
        let masked = vec!["***".to_owned(); link_secrets.len()];
        reader.mask(|_| format!("{masked:?}"));
        let link_secrets_file: Option<PathBuf> = reader.take_optional(S, "link_secrets_file");
        if link_secrets_file.is_some() && !link_secrets.is_empty() {
            reader.wrong("or auth.link_secrets, one of them, has the secrets");
        }
        let link_expiry_max = reader.take(S, "link_expiry_max", Interval::seconds(7 * 86_400));
        AuthConfig {
            mode,
            allow_unauthenticated,
            keys_file,
            jwt,
            trusted,
            link_secrets,
            link_secrets_file,
            link_expiry_max,
        }
    }
}

/// The settings of mode `trusted_header`.
#[derive(Clone, Debug)]
pub struct TrustedConfig {
    /// Ranges of the proxies' addresses.
    pub peers: Vec<String>,
    /// The header with the principal's name.
    pub name_header: String,
    /// The header with the tenants' ids.
    pub tenants_header: String,
    /// The header with the role.
    pub role_header: String,
}

impl TrustedConfig {
    /// `wanted`: the mode asks for them.
    fn read(reader: &mut Reader, wanted: bool) -> Self {
        const S: &str = "auth";
        let peers: Vec<String> = reader.take(S, "trusted_peers", Vec::new());
        if wanted && peers.is_empty() {
            reader.wrong("is missing: anybody could send the headers; list the proxies' addresses");
        }
        let mut header = |key, default: &str| {
            let name = reader.take(S, key, default.to_owned());
            if hyper::header::HeaderName::try_from(name.as_str()).is_err() {
                reader.wrong("is the name of an HTTP header");
            }
            name
        };
        TrustedConfig {
            peers,
            name_header: header("trusted_name_header", "Litevisor-Principal"),
            tenants_header: header("trusted_tenants_header", "Litevisor-Tenants"),
            role_header: header("trusted_role_header", "Litevisor-Role"),
        }
    }
}
