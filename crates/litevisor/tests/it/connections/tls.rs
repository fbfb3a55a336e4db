//! TLS on real sockets, with certificates made here: what is negotiated, who is let in, files that
//! change, and what comes instead of a handshake.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use litevisor::app::App;
use litevisor::config::{Config, Layers};
use litevisor::runtime::{Lifecycle, SystemRuntime};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tempfile::TempDir;

use crate::client::{self, Reply};
use crate::harness::{TestApp, poll};

/// Who signs.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Signed {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("signed"))
    }

    pub fn sign(&self) -> Signed {
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signed");
        let certificate_pem = certificate.pem();
        Signed { certificate: certificate.der().clone(), certificate_pem, key }
    }

    /// A client that trusts this authority and shows `own`.
    fn client(&self, own: Option<&Signed>, alpn: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(signed) => {
                let key = PrivatePkcs8KeyDer::from(signed.key.serialize_der());
                let chain = vec![signed.certificate.clone()];
                builder.with_client_auth_cert(chain, PrivateKeyDer::Pkcs8(key)).expect("a client")
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects and shakes hands.
fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<Stream> {
    let session = ClientConnection::new(Arc::clone(config), address.ip().into()).expect("a name");
    let mut stream = StreamOwned::new(session, client::connect(address));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn get(address: SocketAddr, config: &Arc<ClientConfig>, target: &str) -> Reply {
    let mut stream = connect(address, config).expect("a handshake");
    stream.write_all(&client::request("GET", target, &[], b"")).expect("sent");
    client::read_reply(&mut stream)
}

const QUERY: &str = "/v1/query?tenant=tiny&sql=SELECT%201";

pub fn write(folder: &Path, signed: &Signed) {
    std::fs::write(folder.join("key.pem"), signed.key.serialize_pem()).expect("written");
    std::fs::write(folder.join("cert.pem"), &signed.certificate_pem).expect("written");
}

/// An authority, a folder with what it signed, and a program that shows it.
fn start(more: &[(&str, &str, &str)]) -> (Authority, TempDir, TestApp) {
    let (authority, folder) = (Authority::new(), TempDir::new().expect("a folder"));
    write(folder.path(), &authority.sign());
    let app = start_in(folder.path(), more);
    (authority, folder, app)
}

fn start_in(folder: &Path, more: &[(&str, &str, &str)]) -> TestApp {
    let path = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let settings = [("tls", "cert_file", &*certificate), ("tls", "key_file", &*key)];
    TestApp::start(&[&settings, more].concat()).ready()
}

fn until_counted(app: &TestApp, line: &str) {
    poll(line, || app.admin_get("/metrics").text().lines().any(|seen| seen == line));
}

#[test]
fn answers_come_over_tls_and_the_protocol_is_negotiated() {
    let (authority, _folder, app) = start(&[]);
    let plain = authority.client(None, &[]);
    assert_eq!(get(app.address, &plain, QUERY).rows(), json!([[1]]));
    for (offered, agreed) in [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1"], "http/1.1")] {
        let stream = connect(app.address, &authority.client(None, offered)).expect("a handshake");
        assert_eq!(stream.conn.alpn_protocol(), Some(agreed.as_bytes()));
    }
    // And it is spoken.
    let mut stream = connect(app.address, &authority.client(None, &["h2"])).expect("a handshake");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("sent");
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).expect("a frame");
    assert_eq!(frame[3], 4, "SETTINGS");
    // Who does not know the authority does not go on.
    let stranger = Authority::new().client(None, &[]);
    assert!(connect(app.address, &stranger).is_err());
    assert!(connect(app.address, &authority.client(None, &["smtp"])).is_err());
    until_counted(&app, "litevisor_tls_handshake_failures_total{reason=\"refused\"} 2");
}

#[test]
fn changed_files_are_in_force_soon_and_bad_ones_never() {
    let (authority, folder, app) = start(&[]);
    let config = authority.client(None, &[]);
    let shown = || {
        let stream = connect(app.address, &config).expect("a handshake");
        stream.conn.peer_certificates().expect("a certificate")[0].clone().into_owned()
    };
    let first = shown();
    let mut kept = connect(app.address, &config).expect("a handshake");
    let second = authority.sign();
    write(folder.path(), &second);
    poll("the new certificate", || shown() == second.certificate);
    assert_ne!(first, second.certificate);
    // Whoever was connected stays so.
    kept.write_all(&client::request("GET", QUERY, &[], b"")).expect("sent");
    assert_eq!(client::read_reply(&mut kept).rows(), json!([[1]]));
    let failed = |count| {
        until_counted(&app, &format!("litevisor_tls_reads_total{{outcome=\"failed\"}} {count}"));
        assert_eq!(shown(), second.certificate);
        assert_eq!(get(app.address, &config, QUERY).rows(), json!([[1]]));
    };
    let before = app.admin_get("/metrics").text();
    let counted = before
        .lines()
        .find_map(|line| line.strip_prefix("litevisor_tls_reads_total{outcome=\"failed\"} "));
    // The two files of a change are not written at once: one read may have seen half of it.
    let mut failures: u32 = counted.map_or(0, |count| count.parse().expect("a number"));
    let wrong_key = authority.sign().key.serialize_pem();
    let bad = [("key.pem", &*wrong_key), ("cert.pem", "no certificate"), ("key.pem", "no key")];
    for (name, text) in bad {
        std::fs::write(folder.path().join(name), text).expect("written");
        failures += 1;
        failed(failures);
    }
    std::fs::remove_file(folder.path().join("cert.pem")).expect("removed");
    failed(failures + 1);
    let third = authority.sign();
    write(folder.path(), &third);
    poll("the third certificate", || shown() == third.certificate);
}

#[test]
fn a_start_with_bad_files_says_which() {
    let (authority, folder) = (Authority::new(), TempDir::new().expect("a folder"));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    let refusal =
        || {
            let layers = Layers::new()
                .flag("test", "tls", "admin_cert_file", path("cert.pem"))
                .flag("test", "tls", "admin_key_file", path("key.pem"));
            let config = Config::load(layers).expect("well-formed").config;
            let runtime = SystemRuntime::new(tokio.handle().clone(), Lifecycle::new());
            tokio.block_on(App::bind(config, runtime)).err().expect("a refusal")
        };
    assert!(refusal().contains("cert.pem: No such file"), "{}", refusal());
    let mut signed = authority.sign();
    signed.key = authority.sign().key;
    write(folder.path(), &signed);
    assert!(refusal().contains("key.pem is not the key of "), "{}", refusal());
    std::fs::write(folder.path().join("cert.pem"), "").expect("written");
    assert!(refusal().contains("holds no certificate"), "{}", refusal());
    std::fs::write(folder.path().join("cert.pem"), vec![b'x'; (1 << 20) + 1]).expect("written");
    assert!(refusal().contains("larger than"), "{}", refusal());
}

#[test]
fn plain_http_is_no_handshake() {
    let (authority, _folder, app) = start(&[]);
    let mut stream = client::connect(app.address);
    stream.write_all(&client::request("GET", QUERY, &[], b"")).expect("sent");
    let mut seen = Vec::new();
    let _ = stream.read_to_end(&mut seen);
    assert!(seen.first().is_none_or(|kind| *kind == 21), "an alert at most: {seen:?}");
    until_counted(&app, "litevisor_tls_handshake_failures_total{reason=\"not_tls\"} 1");
    assert_eq!(get(app.address, &authority.client(None, &[]), QUERY).rows(), json!([[1]]));
}

#[test]
fn half_a_handshake_ends_in_time() {
    let (authority, _folder, app) = start(&[("http", "keep_alive_timeout", "1s")]);
    let mut hello = Vec::new();
    let session = ClientConnection::new(authority.client(None, &[]), app.address.ip().into());
    session.expect("a session").write_tls(&mut hello).expect("a greeting");
    // Nothing; a part of the greeting; all of it, and then silence.
    for sent in [&[][..], &hello[..hello.len() / 2], &hello] {
        let mut stream = client::connect(app.address);
        stream.write_all(sent).expect("sent");
        let ended = stream.read_to_end(&mut Vec::new());
        let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.as_ref().is_err_and(reset) || ended.is_ok(), "{ended:?}");
    }
    until_counted(&app, "litevisor_tls_handshake_failures_total{reason=\"timeout\"} 3");
    drop(client::connect(app.address));
    until_counted(&app, "litevisor_tls_handshake_failures_total{reason=\"broken\"} 1");
    assert_eq!(get(app.address, &authority.client(None, &[]), QUERY).rows(), json!([[1]]));
}

#[test]
fn with_an_authority_for_clients_only_its_own_are_heard() {
    let (clients, folder) = (Authority::new(), TempDir::new().expect("a folder"));
    let ca = folder.path().join("ca.pem").display().to_string();
    std::fs::write(&ca, clients.0.pem()).expect("written");
    let (authority, _folder, app) = start(&[("tls", "client_ca_file", &ca)]);
    let known = clients.sign();
    assert_eq!(get(app.address, &authority.client(Some(&known), &[]), QUERY).rows(), json!([[1]]));
    let stranger = Authority::new().sign();
    for own in [None, Some(&stranger)] {
        // In TLS 1.3 the client is told after its own part of the handshake.
        let told = connect(app.address, &authority.client(own, &[])).and_then(|mut stream| {
            stream.write_all(&client::request("GET", QUERY, &[], b""))?;
            stream.read(&mut [0; 64])
        });
        assert!(told.is_err(), "{told:?}");
    }
    until_counted(&app, "litevisor_tls_handshake_failures_total{reason=\"client_certificate\"} 2");
}

#[test]
fn the_operator_s_listener_has_its_own() {
    let (authority, folder) = (Authority::new(), TempDir::new().expect("a folder"));
    write(folder.path(), &authority.sign());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let app = TestApp::start(&[
        ("tls", "admin_cert_file", &certificate),
        ("tls", "admin_key_file", &key),
        ("http", "keep_alive_timeout", "1s"),
    ]);
    let config = authority.client(None, &[]);
    poll("readiness over TLS", || get(app.admin, &config, "/readyz").status == 200);
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]), "plain as before");
    // A handshake that never goes on ends here, too.
    let mut stream = client::connect(app.admin);
    stream.write_all(&[22, 3, 1]).expect("sent");
    let ended = stream.read_to_end(&mut Vec::new());
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(ended.as_ref().is_err_and(reset) || ended.is_ok(), "{ended:?}");
    let counted = "litevisor_tls_handshake_failures_total{reason=\"timeout\"} 1";
    poll("the handshake to be counted", || {
        get(app.admin, &config, "/metrics").text().contains(counted)
    });
}

#[test]
fn a_reader_that_stands_still_is_cut() {
    let settings = [("http", "stream_idle_timeout", "300ms")];
    let (authority, _folder, app) = start(&settings);
    let mut stream = connect(app.address, &authority.client(None, &[])).expect("a handshake");
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let body = json!({"sql": sql, "format": "csv"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let target = "/v1/query?tenant=tiny";
    let request = client::request("POST", target, &headers, body.as_bytes());
    stream.write_all(&request).expect("sent");
    until_counted(&app, "litevisor_queries_total{outcome=\"client_too_slow\"} 1");
    // What is left is the connection that asks.
    until_counted(&app, "litevisor_http_connections 1");
    // It did not end as a stream that is whole does.
    let ended = stream.read_to_end(&mut Vec::new());
    assert!(ended.is_err(), "{ended:?}");
}
