//! An issuer's keys at an address: fetched, fetched anew, and what comes instead of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::jwt::{Issuer, LATER, ask};
use crate::harness::{TestApp, poll};

/// A server with one answer.
struct Keys {
    address: SocketAddr,
    /// Status line's end and body.
    answer: Arc<Mutex<(String, String)>>,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    serving: Option<JoinHandle<()>>,
}

fn reply(stream: &mut (impl Read + Write), answer: &(String, String)) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let (status, body) = answer;
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    // Whoever asks may have gone.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

impl Keys {
    fn serve(tls: Option<Arc<ServerConfig>>) -> Keys {
        let socket = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = socket.local_addr().expect("an address");
        let answer = Arc::new(Mutex::new(("500 Away".to_owned(), String::new())));
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (theirs, counted, ending) =
            (Arc::clone(&answer), Arc::clone(&asked), Arc::clone(&over));
        let serving = std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            while let Ok((mut stream, _)) = socket.accept() {
                if ending.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let answer = theirs.lock().expect("whole").clone();
                match &tls {
                    None => reply(&mut stream, &answer),
                    Some(tls) => {
                        let session = ServerConnection::new(Arc::clone(tls)).expect("a session");
                        reply(&mut StreamOwned::new(session, stream), &answer);
                    }
                }
            }
        });
        Keys { address, answer, asked, over, serving: Some(serving.expect("a thread")) }
    }

    fn say(&self, status: &str, body: &str) {
        *self.answer.lock().expect("whole") = (status.to_owned(), body.to_owned());
    }

    fn have(&self, keys: &[Value]) {
        self.say("200 OK", &json!({ "keys": keys }).to_string());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(serving) = self.serving.take() {
            let ended = serving.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

fn start(url: &str, more: &[(&str, &str, &str)]) -> TestApp {
    let mut settings = vec![
        ("auth", "mode", "jwt"),
        ("auth", "jwt_keys_url", url),
        ("auth", "jwt_issuer", "https://id"),
        ("auth", "jwt_audience", "litevisor"),
    ];
    settings.extend_from_slice(more);
    TestApp::start(&settings).ready()
}

fn until_read(app: &TestApp, outcome: &str) {
    let line = format!("credential_reads_total{{file=\"jwt_keys\",outcome=\"{outcome}\"}}");
    poll(&line, || app.admin_get("/metrics").text().contains(&line));
}

const SQL: &str = "/v1/query?tenant=acme&sql=SELECT%20count(*)%20FROM%20devices";

#[test]
fn a_new_key_is_looked_for_but_not_at_every_guess() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let keys = Keys::serve(None);
    keys.have(&[old.jwk()]);
    let app = start(&format!("http://{}/jwks.json", keys.address), &[]);
    until_read(&app, "ok");
    let ours = old.token(&["acme"], "viewer", LATER);
    assert_eq!(ask(&app, "GET", SQL, &ours).rows(), json!([[200]]));
    assert_eq!(keys.asked(), 1, "a known key is not fetched again");
    // The issuer has a new key: the first token of it makes us look.
    keys.have(&[new.jwk()]);
    let newer = new.token(&["acme"], "viewer", LATER);
    assert_eq!(ask(&app, "GET", SQL, &newer).rows(), json!([[200]]));
    assert_eq!(keys.asked(), 2);
    ask(&app, "GET", SQL, &ours).problem(401, "unauthenticated");
    for _ in 0..5 {
        let guess = Issuer::new("guess").token(&["acme"], "viewer", LATER);
        ask(&app, "GET", SQL, &guess).problem(401, "unauthenticated");
    }
    assert_eq!(keys.asked(), 2, "guesses do not make us hammer the issuer");
}

#[test]
fn an_issuer_that_is_away_is_nobodys_fault_but_ours() {
    let issuer = Issuer::new("k");
    let token = issuer.token(&["acme"], "viewer", LATER);
    let keys = Keys::serve(None);
    let app = start(&format!("http://{}/", keys.address), &[("auth", "jwt_keys_refresh", "1s")]);
    until_read(&app, "failed");
    ask(&app, "GET", SQL, &token).problem(503, "source_unavailable");
    keys.have(&[issuer.jwk()]);
    poll("the keys", || ask(&app, "GET", SQL, &token).status == 200);
    // Away again, or answering something else: what was in force stays.
    let elsewhere = "302 Found\r\nLocation: http://127.0.0.1:1/";
    let none = json!({ "keys": [] }).to_string();
    let secret = json!({ "keys": [{"kty": "oct", "kid": "k", "k": "c2VjcmV0".repeat(8)}] });
    // Other keys, which would replace ours, in more bytes than are read.
    let padding = "x".repeat(model::limits::JWKS_BYTES_MAX);
    let endless = json!({ "keys": [Issuer::new("other").jwk()], "padding": padding });
    for (status, body) in [
        ("500 Away", ""),
        (elsewhere, ""),
        ("200 OK", "<html>"),
        ("200 OK", &none),
        ("200 OK", &secret.to_string()),
        ("200 OK", &endless.to_string()),
    ] {
        keys.say(status, body);
        let before = keys.asked();
        poll("two more fetches", || keys.asked() >= before + 2);
        assert_eq!(ask(&app, "GET", SQL, &token).status, 200, "{status} {body}");
    }
}

#[test]
fn only_an_address_that_is_vouched_for_is_believed() {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let authority = authority.expect("signed");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &authority).expect("signed");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], der)
        .expect("a certificate");
    let keys = Keys::serve(Some(Arc::new(tls)));
    let issuer = Issuer::new("k");
    keys.have(&[issuer.jwk()]);
    let token = issuer.token(&["acme"], "viewer", LATER);
    let url = format!("https://{}/jwks.json", keys.address);
    let stranger = start(&url, &[]);
    until_read(&stranger, "failed");
    ask(&stranger, "GET", SQL, &token).problem(503, "source_unavailable");
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, authority.pem()).expect("written");
    let app = start(&url, &[("auth", "jwt_keys_ca_file", &path.display().to_string())]);
    until_read(&app, "ok");
    assert_eq!(ask(&app, "GET", SQL, &token).rows(), json!([[200]]));
}
