//! Tenant ids: their bounds, their canonical text per key type, and their canonical form in a URL.

use std::fmt;
use std::sync::Arc;

use crate::limits::TENANT_ID_BYTES_MAX;

/// The customer boundary's name: any UTF-8 text of 1-128 bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Arc<str>);

/// The BSON type that tenant keys have in the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TenantKeyType {
    /// A string, byte for byte.
    #[default]
    String,
    /// An ObjectId: 24 lower-case hex digits.
    ObjectId,
    /// Int32 or Int64: decimal without plus or leading zeros.
    Int,
    /// A UUID: lower-case, hyphenated.
    Uuid,
}

impl TenantKeyType {
    /// The word used in the catalog.
    pub fn name(self) -> &'static str {
        match self {
            TenantKeyType::String => "string",
            TenantKeyType::ObjectId => "objectid",
            TenantKeyType::Int => "int",
            TenantKeyType::Uuid => "uuid",
        }
    }

    /// Parses the catalog's word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::String, Self::ObjectId, Self::Int, Self::Uuid]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Why a text is no tenant id. The message says the rule and, where there is one, the right form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantIdError(pub String);

impl fmt::Display for TenantIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TenantId {
    /// Checks `text` against the bounds and against the canonical text of `kind`.
    pub fn parse(text: &str, kind: TenantKeyType) -> Result<Self, TenantIdError> {
        if text.is_empty() || text.len() > TENANT_ID_BYTES_MAX {
            return Err(TenantIdError(format!(
                "a tenant id has 1 to {TENANT_ID_BYTES_MAX} bytes, this one has {}",
                text.len()
            )));
        }
        if text.chars().any(char::is_control) {
            return Err(TenantIdError("a tenant id has no control characters".to_owned()));
        }
        let bad = |rule: &str| Err(TenantIdError(format!("tenant ids of this catalog are {rule}")));
        match kind {
            TenantKeyType::String => {}
            TenantKeyType::ObjectId => {
                if text.len() != 24 || !text.bytes().all(is_lower_hex) {
                    return bad("24 lower-case hex digits");
                }
            }
            TenantKeyType::Int => {
                if text.parse::<i64>().map(|n| n.to_string()).as_deref() != Ok(text) {
                    return bad("64-bit decimal integers without plus sign or leading zeros");
                }
            }
            TenantKeyType::Uuid => {
                let hyphens = [8, 13, 18, 23];
                let ok = text.len() == 36
                    && text.bytes().enumerate().all(|(i, b)| {
                        if hyphens.contains(&i) { b == b'-' } else { is_lower_hex(b) }
                    });
                if !ok {
                    return bad("lower-case UUIDs such as 0188f3a2-1c5e-7a40-8f2e-0123456789ab");
                }
            }
        }
        Ok(TenantId(text.into()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one percent-encoding that this id may have in a URL.
    pub fn to_url(&self) -> String {
        percent_encode(&self.0)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// Whether this byte stands for itself in a URL (RFC 3986, unreserved).
pub fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// The canonical percent-encoding: RFC 3986 unreserved characters plain, everything else `%XX`
/// in upper case. Proxies hash the raw bytes, so there must be one form only (INTERFACE §3).
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_texts() {
        use TenantKeyType::*;
        let cases = [
            ("acme.com", String, true),
            ("auth0|1", String, true),
            ("a@b", String, true),
            ("ü", String, true),
            ("", String, false),
            ("a\u{7}", String, false),
            ("0123456789abcdef01234567", ObjectId, true),
            ("0123456789ABCDEF01234567", ObjectId, false),
            ("42", Int, true),
            ("-42", Int, true),
            ("+42", Int, false),
            ("042", Int, false),
            ("-0", Int, false),
            ("0188f3a2-1c5e-7a40-8f2e-0123456789ab", Uuid, true),
            ("0188F3A2-1C5E-7A40-8F2E-0123456789AB", Uuid, false),
        ];
        for (text, kind, ok) in cases {
            assert_eq!(TenantId::parse(text, kind).is_ok(), ok, "{text} {kind:?}");
        }
        assert!(TenantId::parse(&"x".repeat(128), String).is_ok());
        assert!(TenantId::parse(&"x".repeat(129), String).is_err());
    }

    #[test]
    fn one_form_in_a_url() {
        assert_eq!(percent_encode("acme.com"), "acme.com");
        assert_eq!(percent_encode("auth0|1"), "auth0%7C1");
        assert_eq!(percent_encode("a b/ü"), "a%20b%2F%C3%BC");
    }
}
