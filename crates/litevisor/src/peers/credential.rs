//! The proof that a request comes from a peer: a MAC over what is asked, when, and a number used once,
//! which the answer is bound to.

use model::Timestamp;
use model::limits::PEER_CLOCK_SKEW_MS;
use ring::hmac;

/// Its header.
pub(super) const HEADER: &str = "litevisor-peer";

/// Stands before what is signed, so that no other use of a secret ever signs a request.
const PURPOSE: &[u8] = b"litevisor peer request 1\n";

/// A number used once.
pub(super) type Nonce = [u8; 16];

/// Signs a request with the first of `keys`: the header's value.
pub(super) fn sign(
    keys: &[hmac::Key],
    (method, target): (&str, &str),
    nonce: Nonce,
    now: Timestamp,
) -> Option<String> {
    let mac = hmac::sign(keys.first()?, &signed(method, target, now.0, nonce));
    Some(format!("1 {} {} {}", now.0, hex(&nonce), hex(mac.as_ref())))
}

/// The number of a request, if a peer sent it, lately.
pub(super) fn verify(
    keys: &[hmac::Key],
    (method, target): (&str, &str),
    header: &str,
    now: Timestamp,
) -> Option<Nonce> {
    let mut words = header.split(' ');
    let ["1", at, nonce, mac] = [words.next()?, words.next()?, words.next()?, words.next()?] else {
        return None;
    };
    let at: i64 = at.parse().ok()?;
    let nonce: Nonce = unhex(nonce)?.try_into().ok()?;
    let mac = unhex(mac)?;
    let lately = at.abs_diff(now.0) <= PEER_CLOCK_SKEW_MS;
    let said = signed(method, target, at, nonce);
    // All are tried, so that the time does not tell which secrets there are.
    let good = keys.iter().fold(false, |good, key| good | hmac::verify(key, &said, &mac).is_ok());
    (good && lately && words.next().is_none()).then_some(nonce)
}

fn signed(method: &str, target: &str, at: i64, nonce: Nonce) -> Vec<u8> {
    [PURPOSE, format!("{method} {target}\n{at}\n").as_bytes(), &nonce].concat()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 64 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(value(pair[0])? * 16 + value(pair[1])?).ok();
    digits.chunks_exact(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_request_of_these_moments_by_one_of_these_secrets() {
        let key = |text: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, text);
        let (old, new) = (key(b"old"), key(b"new"));
        let asked = ("GET", "/peers/v1/images/acme");
        let now = Timestamp(1_000_000_000);
        let header = sign(std::slice::from_ref(&old), asked, [7; 16], now).expect("signed");
        let both = [new.clone(), old.clone()];
        assert_eq!(verify(&both, asked, &header, now), Some([7; 16]));
        assert_eq!(verify(&[new], asked, &header, now), None);
        assert_eq!(verify(&both, ("PUT", asked.1), &header, now), None);
        assert_eq!(verify(&both, ("GET", "/peers/v1/images/acmf"), &header, now), None);
        let late = Timestamp(now.0 + 1 + i64::try_from(PEER_CLOCK_SKEW_MS).expect("small"));
        assert_eq!(verify(&both, asked, &header, late), None);
        for bad in [
            "",
            "1",
            "1 x y z",
            "2 1 00 00",
            &format!("{header} more"),
            &header[..header.len() - 2],
        ] {
            assert_eq!(verify(&both, asked, bad, now), None, "{bad}");
        }
        assert_eq!(sign(&[], asked, [7; 16], now), None);
    }
}
