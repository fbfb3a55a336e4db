//! The cryptography under the token library: *ring*, which TLS to MongoDB brings along anyhow.
//! Only checking: this program signs no tokens.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{self as rs, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use ring::{hmac, rsa};
use signature::{Error, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: check,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes the library use it; again and again is once.
pub(super) fn install() {
    // Somebody else's in this process would be ours as well: nobody else installs one.
    let _ = PROVIDER.install_default();
}

/// How an algorithm checks.
enum Check {
    Hmac(hmac::Algorithm),
    Rsa(&'static RsaParameters),
    Curve(&'static dyn rs::VerificationAlgorithm),
}

impl Check {
    fn of(algorithm: Algorithm) -> Option<Check> {
        Some(match algorithm {
            Algorithm::HS256 => Check::Hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => Check::Hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => Check::Hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => Check::Rsa(&rs::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => Check::Rsa(&rs::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => Check::Rsa(&rs::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => Check::Rsa(&rs::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => Check::Rsa(&rs::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => Check::Rsa(&rs::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => Check::Curve(&rs::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => Check::Curve(&rs::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => Check::Curve(&rs::ED25519),
            _ => return None,
        })
    }
}

struct RingVerifier {
    algorithm: Algorithm,
    check: Check,
    key: DecodingKey,
}

fn check(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if key.family() != algorithm.family() {
        return Err(new_error(ErrorKind::InvalidAlgorithm));
    }
    let check = Check::of(*algorithm).ok_or_else(|| new_error(ErrorKind::UnsupportedAlgorithm))?;
    Ok(Box::new(RingVerifier { algorithm: *algorithm, check, key: key.clone() }))
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let checked = match (&self.check, self.key.kind()) {
            (Check::Hmac(algorithm), DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(*algorithm, secret), message, signature)
            }
            (Check::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                let bare = |bytes: &[u8]| {
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    bytes.get(zeros..).unwrap_or_default().to_vec()
                };
                let key: RsaPublicKeyComponents<Vec<u8>> =
                    rsa::PublicKeyComponents { n: bare(n), e: bare(e) };
                key.verify(parameters, message, signature)
            }
            (Check::Curve(algorithm), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(*algorithm, point).verify(message, signature)
            }
            _ => return Err(Error::new()),
        };
        checked.map_err(|_| Error::new())
    }
}
