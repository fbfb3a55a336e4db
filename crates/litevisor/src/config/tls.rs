//! `[tls]`: certificates of the listeners.

use std::path::PathBuf;

use super::reader::Reader;

/// `[tls]`.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Of tenants' listener; without: plain HTTP.
    pub public: Option<TlsFiles>,
    /// Of the admin listener; without: plain HTTP.
    pub admin: Option<TlsFiles>,
}

/// The files of one listener, each PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who signs clients' certificates; with it, who has none is not heard.
    pub client_ca: Option<PathBuf>,
}

impl TlsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        TlsConfig {
            public: files(reader, ["cert_file", "key_file", "client_ca_file"]),
            admin: files(reader, ["admin_cert_file", "admin_key_file", "admin_client_ca_file"]),
        }
    }
}

fn files(
    reader: &mut Reader,
    [certificate, key, client_ca]: [&'static str; 3],
) -> Option<TlsFiles> {
    const S: &str = "tls";
    let certificate_path: Option<PathBuf> = reader.take_optional(S, certificate);
    let key_path: Option<PathBuf> = reader.take_optional(S, key);
    if certificate_path.is_some() != key_path.is_some() {
        reader.wrong(&format!("and {certificate} are of use only together: set both"));
    }
    let client_ca_path: Option<PathBuf> = reader.take_optional(S, client_ca);
    if client_ca_path.is_some() && certificate_path.is_none() {
        reader.wrong(&format!("is of no use without {certificate} and {key}"));
    }
    Some(TlsFiles { certificate: certificate_path?, key: key_path?, client_ca: client_ca_path })
}
