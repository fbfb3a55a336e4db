//! Tokens of every algorithm, and those of forgers.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use model::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{self as rs, KeyPair as _};
use serde_json::{Value, json};

use super::verifier::Bad;
use super::*;
use crate::auth::{Principal, Role, Tenants};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A private key of a test's issuer; the RSA one is of this test and opens nothing.
enum Signer {
    Shared(&'static [u8]),
    Rsa(Box<rs::RsaKeyPair>),
    Ec(rs::EcdsaKeyPair),
    Ed(rs::Ed25519KeyPair),
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    fn rsa() -> Signer {
        let lines: String = include_str!("rsa_key.txt").split_whitespace().collect();
        let der = STANDARD.decode(lines).expect("base64");
        Signer::Rsa(Box::new(rs::RsaKeyPair::from_pkcs8(&der).expect("a key")))
    }

    fn ec(algorithm: &'static rs::EcdsaSigningAlgorithm) -> Signer {
        let random = SystemRandom::new();
        let der = rs::EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        Signer::Ec(rs::EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("a key"))
    }

    fn ed() -> Signer {
        let der = rs::Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Signer::Ed(rs::Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"))
    }

    /// Its public part (or the secret) as a set has it.
    fn jwk(&self, id: &str) -> Value {
        let mut jwk = match self {
            Signer::Shared(secret) => json!({"kty": "oct", "k": text(secret)}),
            Signer::Rsa(key) => {
                let parts: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
                json!({"kty": "RSA", "n": text(parts.n), "e": text(parts.e)})
            }
            Signer::Ec(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": text(x), "y": text(y)})
            }
            Signer::Ed(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.public_key())})
            }
        };
        jwk["kid"] = json!(id);
        jwk
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Signer::Shared(secret) => {
                let hash = match algorithm {
                    "HS384" => ring::hmac::HMAC_SHA384,
                    "HS512" => ring::hmac::HMAC_SHA512,
                    _ => ring::hmac::HMAC_SHA256,
                };
                ring::hmac::sign(&ring::hmac::Key::new(hash, secret), message).as_ref().to_vec()
            }
            Signer::Rsa(key) => {
                let padding: &dyn rs::RsaEncoding = match algorithm {
                    "RS384" => &rs::RSA_PKCS1_SHA384,
                    "RS512" => &rs::RSA_PKCS1_SHA512,
                    "PS256" => &rs::RSA_PSS_SHA256,
                    _ => &rs::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, message, &mut signature).expect("signed");
                signature
            }
            Signer::Ec(key) => key.sign(&random, message).expect("signed").as_ref().to_vec(),
            Signer::Ed(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let signature = self.sign(algorithm, message.as_bytes());
        format!("{message}.{}", text(signature))
    }
}

fn claims() -> Value {
    json!({"sub": "dashboard", "iss": "https://id", "aud": "litevisor", "exp": 1_800_000_600,
           "tenants": ["acme"], "role": "author"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

fn rules(algorithms: &[Algorithm]) -> JwtRules {
    JwtRules {
        algorithms: algorithms.to_vec(),
        issuer: "https://id".to_owned(),
        audience: vec!["litevisor".to_owned()],
        skew: std::time::Duration::from_secs(60),
        claims: ClaimNames {
            name: "sub".to_owned(),
            tenants: "tenants".to_owned(),
            all_tenants: Some("everything".to_owned()),
            role: "role".to_owned(),
            role_prefix: String::new(),
        },
    }
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn verifier(algorithms: &[Algorithm], keys: &[Value]) -> JwtVerifier {
    let verifier = JwtVerifier::new(rules(algorithms));
    verifier.load_file(&set(keys)).expect("a set");
    verifier
}

const SECRET: &[u8] = b"a shared secret of thirty-two or more bytes";

#[test]
fn every_algorithm_proves_its_own_tokens_only() {
    let (p256, p384) = (&rs::ECDSA_P256_SHA256_FIXED_SIGNING, &rs::ECDSA_P384_SHA384_FIXED_SIGNING);
    let table = [
        ("HS256", Algorithm::HS256, Signer::Shared(SECRET)),
        ("HS384", Algorithm::HS384, Signer::Shared(SECRET)),
        ("HS512", Algorithm::HS512, Signer::Shared(SECRET)),
        ("RS256", Algorithm::RS256, Signer::rsa()),
        ("RS384", Algorithm::RS384, Signer::rsa()),
        ("RS512", Algorithm::RS512, Signer::rsa()),
        ("PS256", Algorithm::PS256, Signer::rsa()),
        ("ES256", Algorithm::ES256, Signer::ec(p256)),
        ("ES384", Algorithm::ES384, Signer::ec(p384)),
        ("EdDSA", Algorithm::EdDSA, Signer::ed()),
    ];
    for (name, algorithm, signer) in &table {
        let header = json!({"alg": name, "kid": "k1", "typ": "JWT"});
        let token = signer.token(&header, &claims());
        let mine = verifier(&[*algorithm], &[signer.jwk("k1")]);
        let found = mine.verify(&token, NOW).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        let wanted = Principal {
            name: "dashboard".to_owned(),
            tenants: Tenants::one("acme"),
            role: Role::Author,
            expires: Some(Timestamp(1_800_000_660_000)),
        };
        assert_eq!(found, wanted, "{name}");
        // One bit of the claims, of the signature; another key; no signature.
        let (message, signature) = token.rsplit_once('.').expect("three parts");
        let forged = signer.token(&header, &with("tenants", json!(["tiny"])));
        let (claimed, _) = forged.rsplit_once('.').expect("three parts");
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        for bad in [
            format!("{claimed}.{signature}"),
            format!("{message}.{flipped}{}", &signature[1..]),
            format!("{message}."),
            message.to_owned(),
        ] {
            assert_eq!(mine.verify(&bad, NOW), Err(Bad::Token), "{name}: {bad}");
        }
        let others = table.iter().filter(|(other, ..)| other != name);
        for (other, theirs, _) in others {
            let elsewhere = verifier(&[*algorithm, *theirs], &[signer.jwk("k1")]);
            let header = json!({"alg": other, "kid": "k1"});
            let relabelled = format!(
                "{}.{}",
                text(header.to_string()),
                &token[token.find('.').expect("a dot") + 1..]
            );
            assert_eq!(elsewhere.verify(&relabelled, NOW), Err(Bad::Token), "{name} as {other}");
        }
    }
}

#[test]
fn confusion_and_none_are_refused() {
    let (rsa, all) = (Signer::rsa(), [Algorithm::RS256, Algorithm::HS256]);
    let jwk = rsa.jwk("k1");
    let mine = verifier(&all, std::slice::from_ref(&jwk));
    // The public key's bytes, in the forms an attacker would try, as a shared secret.
    let modulus = jwk["n"].as_str().expect("text").to_owned();
    let secrets = [modulus.clone().into_bytes(), URL_SAFE_NO_PAD.decode(&modulus).expect("n")];
    for secret in secrets {
        let forger = Signer::Shared(secret.leak());
        let token = forger.token(&json!({"alg": "HS256", "kid": "k1"}), &claims());
        assert_eq!(mine.verify(&token, NOW), Err(Bad::Token));
    }
    for alg in
        [json!("none"), json!("None"), json!("NONE"), json!(""), json!(null), json!(["RS256"])]
    {
        let header = json!({"alg": alg, "kid": "k1"});
        let bare = format!("{}.{}.", text(header.to_string()), text(claims().to_string()));
        assert_eq!(mine.verify(&bare, NOW), Err(Bad::Token), "{header}");
        assert_eq!(mine.verify(bare.trim_end_matches('.'), NOW), Err(Bad::Token), "{header}");
    }
    // An algorithm that the configuration does not take, though the key could.
    let ps = rsa.token(&json!({"alg": "PS256", "kid": "k1"}), &claims());
    assert_eq!(mine.verify(&ps, NOW), Err(Bad::Token));
    // A key that came with the token proves nothing.
    let own = Signer::ed();
    let header = json!({"alg": "EdDSA", "jwk": own.jwk("k1"), "kid": "k1"});
    assert_eq!(mine.verify(&own.token(&header, &claims()), NOW), Err(Bad::Token));
    let critical = json!({"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1});
    assert_eq!(mine.verify(&rsa.token(&critical, &claims()), NOW), Err(Bad::Token));
    for bad in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "ü.ü.ü"] {
        assert_eq!(mine.verify(bad, NOW), Err(Bad::Token), "{bad}");
    }
}

#[test]
fn claims_are_checked() {
    let signer = Signer::Shared(SECRET);
    let mine = verifier(&[Algorithm::HS256], &[signer.jwk("k1")]);
    let ask = |claims: &Value| {
        mine.verify(&signer.token(&json!({"alg": "HS256", "kid": "k1"}), claims), NOW)
    };
    let s = NOW.0 / 1000;
    for bad in [
        without("exp"),
        without("iss"),
        without("aud"),
        without("sub"),
        with("iss", json!("https://other")),
        with("aud", json!("other")),
        with("aud", json!(["other", "more"])),
        with("exp", json!("tomorrow")),
        with("nbf", json!(s + 61)),
        with("nbf", json!("soon")),
        with("tenants", json!([1])),
        with("tenants", json!({"acme": true})),
        with("role", json!(3)),
        with("sub", json!("a\nb")),
    ] {
        assert_eq!(ask(&bad), Err(Bad::Token), "{bad}");
    }
    let good = |claims: Value| ask(&claims).unwrap_or_else(|why| panic!("{claims}: {why:?}"));
    good(with("aud", json!(["other", "litevisor"])));
    good(with("nbf", json!(s + 59)));
    // When it ends is the rule's to say: with the skew, and not sooner.
    assert_eq!(good(with("exp", json!(s - 30))).expires, Some(Timestamp(NOW.0 + 30_000)));
    assert_eq!(good(with("tenants", json!("tiny"))).tenants, Tenants::one("tiny"));
    assert_eq!(good(with("tenants", json!("*"))).tenants, Tenants::one("*"), "no pattern");
    assert_eq!(good(without("tenants")).tenants, Tenants::List(Default::default()));
    assert_eq!(good(with("everything", json!(true))).tenants, Tenants::All);
    assert_eq!(good(with("everything", json!("true"))).tenants, Tenants::one("acme"));
    assert_eq!(good(without("role")).role, Role::Viewer);
    assert_eq!(good(with("role", json!(["x", "owner", "viewer"]))).role, Role::Owner);
}

#[test]
fn claims_may_lie_deep_and_have_a_prefix() {
    let signer = Signer::Shared(SECRET);
    let mut rules = rules(&[Algorithm::HS256]);
    rules.claims.tenants = "https://acme.example/tenants".to_owned();
    rules.claims.role = "/realm_access/roles".to_owned();
    rules.claims.role_prefix = "litevisor-".to_owned();
    let mine = JwtVerifier::new(rules);
    mine.load_file(&set(&[signer.jwk("k1")])).expect("a set");
    let mut claims = with("https://acme.example/tenants", json!(["tiny"]));
    claims["realm_access"] = json!({"roles": ["operator", "litevisor-author"]});
    let found = mine.verify(&signer.token(&json!({"alg": "HS256", "kid": "k1"}), &claims), NOW);
    let found = found.expect("good");
    assert_eq!((found.tenants, found.role), (Tenants::one("tiny"), Role::Author));
}

#[test]
fn sets_are_read_with_care() {
    let (rsa, ed, shared) = (Signer::rsa(), Signer::ed(), Signer::Shared(SECRET));
    let both = [Algorithm::RS256, Algorithm::EdDSA];
    let mine = verifier(&both, &[rsa.jwk("a"), ed.jwk("b")]);
    let without_id = ed.token(&json!({"alg": "EdDSA"}), &claims());
    assert!(mine.verify(&without_id, NOW).is_ok(), "one key fits");
    let unknown = ed.token(&json!({"alg": "EdDSA", "kid": "c"}), &claims());
    assert_eq!(mine.verify(&unknown, NOW), Err(Bad::UnknownKey));
    let twice = verifier(&both, &[ed.jwk("b"), Signer::ed().jwk("c")]);
    assert_eq!(twice.verify(&without_id, NOW), Err(Bad::Token), "which of them?");
    let mut for_encryption = rsa.jwk("a");
    for_encryption["use"] = json!("enc");
    let mut of_another = rsa.jwk("a");
    of_another["alg"] = json!("RS512");
    let token = rsa.token(&json!({"alg": "RS256", "kid": "a"}), &claims());
    for jwk in [for_encryption, of_another] {
        let mine = verifier(&both, &[jwk, ed.jwk("b")]);
        assert!(mine.verify(&token, NOW).is_err());
    }
    let hs = JwtVerifier::new(rules(&[Algorithm::HS256]));
    for (bad, wanted) in [
        ("{}".to_owned(), "no JSON Web Key Set"),
        (set(&[]), "no key for"),
        (set(&[ed.jwk("b")]), "no key for"),
        (set(&[Signer::Shared(b"short").jwk("s")]), "at least 32 bytes"),
    ] {
        let why = hs.load_file(&bad).expect_err(wanted);
        assert!(why.contains(wanted), "{why}");
    }
    hs.load_file(&set(&[shared.jwk("s")])).expect("a secret in the operator's own file");
}
