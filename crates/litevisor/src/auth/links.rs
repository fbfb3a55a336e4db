//! Signed links: one query on one tenant's data for whoever has the link, until it ends. The link
//! holds all of it; nothing is stored.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Timestamp;
use model::limits::LINK_TOKEN_BYTES_MAX;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::rule::{Principal, Role, Tenants};
use super::secrets::Secrets;
use crate::config::AuthConfig;
use crate::runtime::SystemRuntime;
use crate::telemetry::{CredentialFile, Metrics};

/// Stands before what is signed, so that no other use of a secret ever signs a link.
const PURPOSE: &[u8] = b"litevisor link 1\n";

/// Bytes of the signature (HMAC-SHA256).
const SIGNATURE_BYTES: usize = 32;

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Whose data.
    #[serde(rename = "t")]
    pub tenant: String,
    /// The query, as the body of `POST /v1/query` has it.
    #[serde(rename = "q")]
    pub query: String,
    /// When it ends, in milliseconds since 1970.
    #[serde(rename = "e")]
    pub expires: i64,
    /// Who signed it.
    #[serde(rename = "n")]
    pub signer: String,
}

impl Link {
    /// Whoever has the link: may ask about its tenant, until it ends.
    pub fn principal(&self) -> Principal {
        Principal {
            name: format!("a link of {}", self.signer),
            tenants: Tenants::one(self.tenant.as_str()),
            role: Role::Viewer,
            expires: Some(Timestamp(self.expires)),
        }
    }
}

/// Signs links with the first of its secrets, and takes what any of them signed.
#[derive(Debug)]
pub struct LinkSigner {
    secrets: Secrets,
}

impl LinkSigner {
    /// With these secrets; without any, there are no links.
    ///
    /// # Errors
    /// A secret is too short, or there are too many. Never quotes one.
    pub fn new(secrets: &[String]) -> Result<Self, String> {
        let secrets = Secrets::new(secrets).map_err(|why| format!("auth.link_secrets: {why}"))?;
        Ok(LinkSigner { secrets })
    }

    /// With the secrets of the settings or of their file.
    ///
    /// # Errors
    /// As [`LinkSigner::new`], or the file cannot be read.
    pub fn of(config: &AuthConfig) -> Result<Self, String> {
        let Some(path) = &config.link_secrets_file else {
            return LinkSigner::new(&config.link_secrets);
        };
        let secrets = Secrets::of_file(path);
        Ok(LinkSigner { secrets: secrets.map_err(|why| format!("auth.link_secrets_file: {why}"))? })
    }

    /// Reads the file again whenever it changes, from now on.
    pub fn watch(&self, runtime: &Arc<SystemRuntime>, metrics: &Arc<Metrics>) {
        self.secrets.watch(CredentialFile::LinkSecrets, runtime, metrics);
    }

    /// Signs: the token; `None` if there are no secrets.
    pub fn sign(&self, link: &Link) -> Option<String> {
        // Plain texts and a number: serialising cannot fail.
        let mut bytes = serde_json::to_vec(link).ok()?;
        let signature = hmac::sign(self.secrets.in_force().first()?, &signed(&bytes));
        bytes.extend_from_slice(signature.as_ref());
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token says, if we signed it. Whether it has ended is the rule's to say.
    pub fn verify(&self, token: &str) -> Option<Link> {
        if token.len() > LINK_TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, signature) =
            bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        let signed = signed(said);
        // All are tried, so that the time does not tell which secrets there are.
        let good =
            self.secrets.in_force().iter().fold(false, |good, secret| {
                good | hmac::verify(secret, &signed, signature).is_ok()
            });
        if good { serde_json::from_slice(said).ok() } else { None }
    }
}

fn signed(said: &[u8]) -> Vec<u8> {
    [PURPOSE, said].concat()
}

#[cfg(test)]
mod tests {
    use model::limits::SIGNING_SECRETS_MAX;

    use super::*;

    fn link() -> Link {
        Link {
            tenant: "acme".to_owned(),
            query: "{\"sql\":\"SELECT 1\"}".to_owned(),
            expires: 1_800_000_000_000,
            signer: "ann".to_owned(),
        }
    }

    fn signer(secrets: &[&str]) -> LinkSigner {
        let secrets: Vec<String> = secrets.iter().map(|it| it.repeat(32)).collect();
        LinkSigner::new(&secrets).expect("good secrets")
    }

    #[test]
    fn the_first_signs_and_all_verify() {
        let old = signer(&["a"]).sign(&link()).expect("signed");
        let both = signer(&["b", "a"]);
        assert_eq!(both.verify(&old), Some(link()));
        let new = both.sign(&link()).expect("signed");
        assert_eq!(signer(&["b"]).verify(&new), Some(link()));
        assert_eq!(signer(&["a"]).verify(&new), None);
        assert_eq!(signer(&["c"]).verify(&old), None);
        assert_eq!(signer(&[]).sign(&link()), None);
        assert_eq!(signer(&[]).verify(&old), None);
    }

    #[test]
    fn no_byte_may_change() {
        let signer = signer(&["a"]);
        let token = signer.sign(&link()).expect("signed");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(signer.verify(&URL_SAFE_NO_PAD.encode(&changed)), None, "byte {at}");
        }
        let longer = format!("{token}{}", "A".repeat(LINK_TOKEN_BYTES_MAX));
        for bad in ["", "A", "!", &token[..token.len() - 4], &token[4..], longer.as_str()] {
            assert_eq!(signer.verify(bad), None, "{bad}");
        }
        // Signed with the secret, but for something else.
        let said = serde_json::to_vec(&link()).expect("JSON");
        let key = hmac::Key::new(hmac::HMAC_SHA256, "a".repeat(32).as_bytes());
        let other = [&said[..], hmac::sign(&key, &said).as_ref()].concat();
        assert_eq!(signer.verify(&URL_SAFE_NO_PAD.encode(other)), None);
    }

    #[test]
    fn weak_secrets_are_refused_and_not_quoted() {
        let weak = "hunter2".to_owned();
        let why = LinkSigner::new(&["x".repeat(32), weak.clone()]).expect_err("weak");
        assert!(why.contains("number 2") && !why.contains(&weak), "{why}");
        assert!(LinkSigner::new(&vec!["x".repeat(32); SIGNING_SECRETS_MAX + 1]).is_err());
    }
}
