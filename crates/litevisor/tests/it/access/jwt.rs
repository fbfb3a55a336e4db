//! Tokens through HTTP: who they are of, when they end, and that an issuer may renew its keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use litevisor::auth::write_private;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Reply;
use crate::harness::{TestApp, poll};

/// An issuer with one key.
pub struct Issuer {
    key: Ed25519KeyPair,
    id: &'static str,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Issuer {
    pub fn new(id: &'static str) -> Issuer {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Issuer { key: Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"), id }
    }

    pub fn jwk(&self) -> Value {
        let x = text(self.key.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x, "use": "sig"})
    }

    pub fn token(&self, tenants: &[&str], role: &str, exp: i64) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.id});
        let claims = json!({"iss": "https://id", "aud": "litevisor", "sub": "u1", "exp": exp,
                            "tenants": tenants, "role": role});
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", text(signature.as_ref()))
    }
}

pub fn ask(app: &TestApp, method: &str, target: &str, token: &str) -> Reply {
    app.send(method, target, &[("Authorization", &format!("Bearer {token}"))], b"")
}

/// Far away.
pub const LATER: i64 = 7_000_000_000;

#[test]
fn a_token_opens_its_tenants_until_it_ends() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("jwks.json");
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let write = |keys: &[Value]| {
        write_private(&path, &json!({ "keys": keys }).to_string()).expect("written");
    };
    write(&[old.jwk()]);
    let app = TestApp::start(&[
        ("auth", "mode", "jwt"),
        ("auth", "jwt_keys_file", &path.display().to_string()),
        ("auth", "jwt_issuer", "https://id"),
        ("auth", "jwt_audience", "litevisor"),
    ]);
    let app = app.ready();
    let sql = "/v1/query?tenant=acme&sql=SELECT%20count(*)%20FROM%20devices";
    let mine = old.token(&["acme"], "viewer", LATER);
    assert_eq!(ask(&app, "GET", sql, &mine).rows(), json!([[200]]));
    let other = "/v1/query?tenant=tiny&sql=SELECT%201";
    ask(&app, "GET", other, &mine).problem(404, "tenant_not_found");
    ask(&app, "DELETE", "/v1/instance?tenant=acme", &mine).problem(403, "forbidden");
    let owner = old.token(&["acme"], "owner", LATER);
    assert_eq!(ask(&app, "DELETE", "/v1/instance?tenant=acme", &owner).status, 202);
    let ended = old.token(&["acme"], "viewer", 1_500_000_000);
    ask(&app, "GET", sql, &ended).problem(401, "unauthenticated");
    let stranger = new.token(&["acme"], "viewer", LATER);
    ask(&app, "GET", sql, &stranger).problem(401, "unauthenticated");
    // The issuer renews its keys: first both are there, then the new one alone.
    write(&[old.jwk(), new.jwk()]);
    poll("the new key to be in force", || ask(&app, "GET", sql, &stranger).status == 200);
    assert_eq!(ask(&app, "GET", sql, &mine).status, 200);
    write(&[new.jwk()]);
    poll("the old key to be gone", || ask(&app, "GET", sql, &mine).status == 401);
    assert_eq!(ask(&app, "GET", sql, &stranger).status, 200);
}
