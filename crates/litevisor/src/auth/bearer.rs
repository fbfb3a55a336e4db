//! `Authorization: Bearer …` (RFC 6750), in the header only: a URL is logged by everybody it passes.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use model::limits::CREDENTIAL_BYTES_MAX;

/// There is an `Authorization` that is no single Bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The token of a request, if it has one.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, Malformed> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() || value.len() > CREDENTIAL_BYTES_MAX {
        return Err(Malformed);
    }
    let text = value.to_str().map_err(|_| Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(Malformed)?;
    let token = token.trim_start_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains(' ') {
        return Err(Malformed);
    }
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let ask = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().expect("a value"));
            }
            token(&headers).map(|found| found.map(str::to_owned))
        };
        assert_eq!(ask(&[]), Ok(None));
        assert_eq!(ask(&["Bearer abc"]), Ok(Some("abc".to_owned())));
        assert_eq!(ask(&["bearer  abc"]), Ok(Some("abc".to_owned())));
        for bad in ["abc", "Basic abc", "Bearer ", "Bearer a b", "Bearerabc", ""] {
            assert_eq!(ask(&[bad]), Err(Malformed), "{bad:?}");
        }
        assert_eq!(ask(&["Bearer a", "Bearer a"]), Err(Malformed), "which of them?");
        assert_eq!(ask(&[&format!("Bearer {}", "a".repeat(CREDENTIAL_BYTES_MAX))]), Err(Malformed));
    }
}
