//! TLS of a listener: its certificate and key, read anew when their files change, and the
//! handshake within its time.

mod files;
mod wire;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use model::limits::{TLS_HANDSHAKE_MS, TLS_POLL_MS};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use self::files::Contents;
pub(super) use self::wire::Wire;
use crate::config::TlsFiles;
use crate::runtime::Looks;
use crate::telemetry::{HandshakeFailure, Metrics};

/// What a listener shows to those who connect.
pub struct Tls {
    files: TlsFiles,
    read: Contents,
    in_force: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// With what is in the files now.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub fn open(files: &TlsFiles) -> Result<Arc<Self>, String> {
        let read = Contents::read(files)?;
        let in_force = RwLock::new(read.parse(files)?);
        Ok(Arc::new(Tls { files: files.clone(), read, in_force }))
    }

    /// Looks at the files again and again until the process drains. Not at their times: two writes
    /// may have the same one, and a mounted secret changes by a symbolic link. What cannot be used
    /// leaves what is in force, is told of once (and whenever somebody asks) and counted.
    pub async fn watch(self: Arc<Self>, mut looks: Looks, metrics: Arc<Metrics>) {
        let mut last = Ok(self.read.clone());
        while let Some(asked) = looks.next(Duration::from_millis(TLS_POLL_MS)).await {
            // Small local files: reading them here blocks for microseconds.
            let read = Contents::read(&self.files);
            let changed = read != last;
            if !changed && !asked {
                continue;
            }
            let parsed = read.as_ref().map_err(String::clone);
            let parsed = parsed.and_then(|contents| contents.parse(&self.files));
            if changed {
                metrics.tls_read(parsed.is_ok());
            }
            let path = self.files.certificate.display();
            match parsed {
                Ok(config) => {
                    *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = config;
                    match changed {
                        true => tracing::info!(%path, "the TLS certificate was read anew"),
                        false => tracing::info!(%path, "the TLS certificate is as before"),
                    }
                }
                Err(why) => {
                    tracing::error!(%path, why, "the TLS certificate before stays in force");
                }
            }
            last = read;
        }
    }

    /// The handshake, which may take `patience` or [`TLS_HANDSHAKE_MS`], whichever is shorter.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        patience: Duration,
    ) -> Result<Wire, HandshakeFailure> {
        let config = Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner));
        let patience = patience.min(Duration::from_millis(TLS_HANDSHAKE_MS));
        let shaking = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(patience, shaking).await {
            Ok(Ok(stream)) => Ok(Wire::Tls(Box::new(stream))),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                Err(failure(&error))
            }
            Err(_) => Err(HandshakeFailure::Timeout),
        }
    }
}

fn failure(error: &std::io::Error) -> HandshakeFailure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => HandshakeFailure::NotTls,
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
            HandshakeFailure::ClientCertificate
        }
        Some(_) => HandshakeFailure::Refused,
        None => HandshakeFailure::Broken,
    }
}
