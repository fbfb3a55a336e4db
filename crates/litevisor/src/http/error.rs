//! Problems (RFC 9457): the only map from an error's code to an HTTP status.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use model::{Error, ErrorCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem_log;

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Where the pages of the error codes are, on this very listener.
const PAGES: &str = "/docs/errors/";

/// An error on its way out. 4xx are the tenant's fault, 5xx are this pod's (invariant 6).
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) error: Error,
    allow: Option<&'static str>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem { error, allow: None }
    }
}

impl Problem {
    /// A method that the route does not have; `allow` lists those that it has.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let error = Error::new(
            ErrorCode::MethodNotAllowed,
            format!("this route has other methods: {allow}"),
        );
        Problem { error, allow: Some(allow) }
    }
}

/// The body of every failed request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// The page of this code.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    page: String,
    /// The code again, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do about it.
    detail: String,
    /// One of a closed list.
    code: &'static str,
    /// Whether the same request may succeed later, unchanged.
    retryable: bool,
    /// For SQL errors: the byte offset into the whole `sql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    /// The budget that was full, by the setting or limit that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'static str>,
    /// How much of it is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    /// How much of it there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// By what it is taken, in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    by: Option<BTreeMap<&'static str, u64>>,
    /// For a boot that was refused: the rows it would store at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// The bytes it would read.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// How long it would take.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
}

/// The HTTP status of a code.
pub(crate) fn status(code: ErrorCode) -> StatusCode {
    use ErrorCode as C;
    match code {
        C::RequestInvalid | C::TenantMissing | C::SqlError => StatusCode::BAD_REQUEST,
        C::Unauthenticated => StatusCode::UNAUTHORIZED,
        C::SqlNotAllowed | C::Forbidden => StatusCode::FORBIDDEN,
        C::TenantNotFound | C::NotFound => StatusCode::NOT_FOUND,
        C::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        C::Conflict => StatusCode::CONFLICT,
        C::Gone => StatusCode::GONE,
        C::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        C::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        C::MediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        C::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        C::QueryTimeout | C::QueryMemoryExceeded | C::ResultTooLarge | C::InstanceTooLarge => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        C::TenantBusy => StatusCode::TOO_MANY_REQUESTS,
        C::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        C::Overloaded
        | C::InstanceBooting
        | C::SourceUnavailable
        | C::StoreUnavailable
        | C::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Seconds after which to come back, for codes where it helps and nobody said better.
fn retry_after(error: &Error) -> Option<u64> {
    let default = match error.code {
        ErrorCode::TenantBusy
        | ErrorCode::Overloaded
        | ErrorCode::InstanceBooting
        | ErrorCode::ShuttingDown => Some(1),
        ErrorCode::SourceUnavailable | ErrorCode::StoreUnavailable => Some(5),
        // One answer for every tenant that is not there for the caller: no word of when somebody
        // last asked for it.
        ErrorCode::TenantNotFound => return None,
        _ => None,
    };
    error.retry_after.map(|wait| wait.as_millis().div_ceil(1000).max(1) as u64).or(default)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let error = &self.error;
        problem_log::log(error);
        let status = status(error.code);
        let (hit, price) = (error.hit.as_deref(), error.price.as_deref());
        let body = ProblemBody {
            page: format!("{PAGES}{}", error.code.slug()),
            title: error.code.slug(),
            status: status.as_u16(),
            detail: error.message.clone(),
            code: error.code.slug(),
            retryable: error.code.retryable(),
            offset: error.offset,
            budget: hit.map(|hit| hit.budget),
            used: hit.map(|hit| hit.used),
            limit: hit.map(|hit| hit.limit),
            by: hit.map(|hit| hit.by.iter().copied().collect()),
            rows: price.map(|price| price.rows),
            bytes: price.map(|price| price.bytes),
            seconds: price.map(|price| price.takes.as_secs_f64()),
        };
        // Serialising plain strings and numbers cannot fail.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        // For the audit log: which of the codes with this status it was.
        response.extensions_mut().insert(error.code);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after(error) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if error.code == ErrorCode::Unauthenticated {
            headers
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"litevisor\""));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_fault_it_is_shows() {
        for code in ErrorCode::ALL {
            let status = status(*code);
            assert!(status.is_client_error() || status.is_server_error());
            // What may succeed unchanged elsewhere or later is this pod's state, or a rate.
            let ours = code.retryable() && *code != ErrorCode::TenantBusy;
            assert_eq!(status.is_server_error(), ours, "{code}");
        }
    }

    #[test]
    fn retry_after_is_never_zero() {
        let error =
            Error::new(ErrorCode::Overloaded, "x").retry_after(std::time::Duration::from_millis(3));
        assert_eq!(retry_after(&error), Some(1));
        assert_eq!(retry_after(&Error::new(ErrorCode::SqlError, "x")), None);
        let remembered = Error::tenant_not_found().retry_after(std::time::Duration::from_secs(3));
        assert_eq!(retry_after(&remembered), None);
    }
}
