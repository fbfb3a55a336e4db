//! From the files to what the TLS library wants.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use model::limits::TLS_FILE_BYTES_MAX;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::config::TlsFiles;

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, String> {
        Ok(Contents {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// Checks all of it, also that the key is the certificate's.
    pub(super) fn parse(&self, files: &TlsFiles) -> Result<Arc<ServerConfig>, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match (&self.client_ca, &files.client_ca) {
            (Some(pem), Some(path)) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem, path)? {
                    roots.add(certificate).map_err(|error| of(path, &error))?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder
                    .with_client_cert_verifier(verifier.build().map_err(|error| of(path, &error))?)
            }
            _ => builder.with_no_client_auth(),
        };
        let key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| of(&files.key, &error))?;
        let mut config = builder
            .with_single_cert(certificates(&self.certificate, &files.certificate)?, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => format!(
                    "{} is not the key of {}",
                    files.key.display(),
                    files.certificate.display()
                ),
                other => of(&files.key, &other),
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn of(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| of(path, &error))?;
    file.take(TLS_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| of(path, &error))?;
    if bytes.len() as u64 > TLS_FILE_BYTES_MAX {
        return Err(format!("{}: larger than {TLS_FILE_BYTES_MAX} bytes", path.display()));
    }
    Ok(bytes)
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all.map_err(|error| of(path, &error))? {
        none if none.is_empty() => Err(format!("{}: holds no certificate (PEM)", path.display())),
        all => Ok(all),
    }
}
