//! JSON Web Tokens: which key a token's is (`keys`), how its signature is checked (`provider`), and
//! what its claims say of its bearer (`claims`).

mod claims;
mod fetch;
mod issuer;
mod keys;
mod provider;
mod verifier;

pub use claims::{ClaimNames, Claims};
pub use issuer::Issuer;
pub use verifier::{JwtRules, JwtVerifier};

#[cfg(test)]
mod tests;
