//! Fetches a set of keys over HTTPS: one request, one bounded body, no redirects, no proxy.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use model::limits::{JWKS_BYTES_MAX, JWKS_FETCH_MS};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where a set is, and whom to believe that it is there.
pub(super) struct Address {
    host: String,
    port: u16,
    /// Host and port as the request names them.
    authority: String,
    /// Path and query.
    path: String,
    tls: Option<Arc<ClientConfig>>,
}

impl Address {
    /// Reads an address. In the clear only to this machine: who can change the keys on their way
    /// can sign anything.
    ///
    /// # Errors
    /// It is none, or the file of authorities is of no use.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let wrong = || format!("{url:?} is no address such as https://id.example.com/jwks.json");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("the address has a password, which would be sent to nobody".to_owned());
        }
        let near = host == "localhost"
            || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        let (standard, tls) = match uri.scheme_str() {
            Some("https") => (443, Some(trust(authorities)?)),
            Some("http") if near => (80, None),
            Some("http") => return Err("over http anybody could change it: use https".to_owned()),
            _ => return Err(wrong()),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let port = uri.port_u16().unwrap_or(standard);
        Ok(Address { host, port, authority: authority.to_string(), path, tls })
    }

    /// Fetches it, within its time and its size.
    ///
    /// # Errors
    /// Whatever went wrong, for the log.
    pub(super) async fn fetch(&self) -> Result<String, String> {
        let patience = Duration::from_millis(JWKS_FETCH_MS);
        let fetched = tokio::time::timeout(patience, self.connect()).await;
        let text = fetched.map_err(|_| format!("no answer within {JWKS_FETCH_MS} ms"))??;
        String::from_utf8(text.to_vec()).map_err(|_| "the answer is not UTF-8".to_owned())
    }

    async fn connect(&self) -> Result<Bytes, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(told)?;
        let Some(tls) = &self.tls else { return self.ask(stream).await };
        let name = ServerName::try_from(self.host.clone()).map_err(told)?;
        let connector = TlsConnector::from(Arc::clone(tls));
        self.ask(connector.connect(name, stream).await.map_err(told)?).await
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Bytes, String> {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
        let request = Request::get(self.path.as_str())
            .header(HOST, self.authority.as_str())
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .body(Empty::<Bytes>::new())
            .map_err(told)?;
        let answer = async move {
            let response = sender.send_request(request).await.map_err(told)?;
            if !response.status().is_success() {
                return Err(format!("the answer is {}", response.status()));
            }
            let body = Limited::new(response.into_body(), JWKS_BYTES_MAX);
            body.collect().await.map(|whole| whole.to_bytes()).map_err(|error| error.to_string())
        };
        // The connection is driven here, by who waits for it, and goes with them.
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            answered = answer.as_mut() => answered,
            // Many servers hang up without a farewell (TLS's close_notify): what counts is whether the
            // answer is whole.
            ended = connection => answer.await.map_err(|error| match ended {
                Ok(()) => error,
                Err(why) => format!("{error}: {why}"),
            }),
        }
    }
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Public authorities, or those of the operator's file.
fn trust(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let of = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| of(&error))? {
                let certificate = certificate.map_err(|error| of(&error))?;
                roots.add(certificate).map_err(|error| of(&error))?;
            }
            if roots.is_empty() {
                return Err(of(&"it holds no certificate (PEM)"));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(told)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_can_be_believed() {
        for good in
            ["https://id.example.com/jwks", "https://id/", "http://127.0.0.1:1/x", "http://[::1]/x"]
        {
            assert!(Address::new(good, None).is_ok(), "{good}");
        }
        for bad in
            ["", "id", "/jwks", "ftp://id/x", "http://id.example.com/jwks", "https://u:p@id/x"]
        {
            assert!(Address::new(bad, None).is_err(), "{bad}");
        }
    }
}
