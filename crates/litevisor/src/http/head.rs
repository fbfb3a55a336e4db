//! Bounds of a request's head, below the HTTP library's own: that one refuses without a body.

use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri, Version};
use model::limits::{HEADERS_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX};
use model::{Error, ErrorCode};

const NO_HOST: &str = "the request has no Host, which every request of HTTP/1.1 has: send one, which \
                       may be empty";

/// Refuses a head that is over its bounds, or that HTTP/1.1 requires to be refused (RFC 9112, 3.2).
///
/// # Errors
/// `request_invalid`, with the bound and what to do.
pub(super) fn check(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
    if version == Version::HTTP_11 && !headers.contains_key(HOST) {
        return Err(invalid(NO_HOST.to_owned()));
    }
    let target = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if target > TARGET_BYTES_MAX {
        return Err(invalid(format!(
            "the URL has {target} bytes; at most {TARGET_BYTES_MAX} are taken: send the SQL and \
             its parameters as the body of POST /v1/query"
        )));
    }
    if headers.len() > HEADERS_MAX {
        return Err(invalid(format!(
            "the request has {} header fields; at most {HEADERS_MAX} are taken: send fewer",
            headers.len()
        )));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > HEADERS_BYTES_MAX {
        return Err(invalid(format!(
            "the header fields have {bytes} bytes; at most {HEADERS_BYTES_MAX} are taken: send \
             fewer or shorter ones, cookies for one"
        )));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}
