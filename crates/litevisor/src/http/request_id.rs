//! `Request-Id`: taken from the client where it is sane, else drawn.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use model::limits::REQUEST_ID_BYTES_MAX;

/// The header.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// What Envoy sends.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: its own, or one made of `random`.
pub(super) fn of(headers: &HeaderMap, random: impl FnOnce() -> u64) -> HeaderValue {
    let given = headers.get(REQUEST_ID).or_else(|| headers.get(X_REQUEST_ID));
    match given {
        Some(id) if is_sane(id) => id.clone(),
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let drawn = random();
            let digits: [u8; 16] =
                std::array::from_fn(|i| HEX[(drawn >> (60 - 4 * i)) as usize & 15]);
            HeaderValue::from_bytes(&digits).unwrap_or(HeaderValue::from_static("0"))
        }
    }
}

fn is_sane(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= REQUEST_ID_BYTES_MAX
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~:+/=".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_ids_are_taken_over() {
        let id = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, value.parse().expect("header"));
            of(&headers, || 0xabc)
        };
        assert_eq!(id("6ba7b810-9dad-11d1"), "6ba7b810-9dad-11d1");
        assert_eq!(id(&"x".repeat(REQUEST_ID_BYTES_MAX + 1)), "0000000000000abc");
        assert_eq!(id("a b\tc"), "0000000000000abc");
        assert_eq!(id(""), "0000000000000abc");
    }
}
