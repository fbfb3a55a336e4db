//! Pages of other origins (CORS): those of a list may read answers, nobody else. The list is of
//! exact origins: there is no «any», with or without credentials.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use model::limits::CORS_MAX_AGE_S;

use super::routes;
use crate::config::HttpConfig;

/// What a page may read of an answer besides what every page may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "litevisor-as-of, litevisor-as-of-exact, litevisor-complete, litevisor-generation, \
     litevisor-instance, litevisor-max-rows, request-id, retry-after, server-timing",
);

const VARIES: HeaderValue = HeaderValue::from_static("Origin");
const YES: HeaderValue = HeaderValue::from_static("true");

/// The list, and what goes with it.
pub(super) struct Cors {
    origins: Vec<HeaderValue>,
    credentials: bool,
    headers: HeaderValue,
}

/// What one request's answer says of it.
pub(super) struct Said<'a> {
    cors: &'a Cors,
    /// The page's origin, if it is of the list.
    origin: Option<HeaderValue>,
}

impl Cors {
    /// As configured; none where no origin is listed.
    pub(super) fn of(http: &HttpConfig) -> Option<Self> {
        let origins = http.cors_origins.iter();
        let origins: Vec<_> = origins.filter_map(|origin| origin.parse().ok()).collect();
        let mut headers = "authorization, content-type, request-id".to_owned();
        if let Some(tenant) = &http.tenant_header {
            headers.push_str(", ");
            headers.push_str(&tenant.to_ascii_lowercase());
        }
        let headers = HeaderValue::try_from(headers).ok()?;
        let cors = Cors { origins, credentials: http.cors_credentials, headers };
        (!cors.origins.is_empty()).then_some(cors)
    }

    /// Of a request with these headers.
    pub(super) fn said(&self, headers: &HeaderMap) -> Said<'_> {
        let mut sent = headers.get_all(ORIGIN).iter();
        let origin = sent.next().filter(|origin| self.origins.contains(origin)).cloned();
        Said { cors: self, origin: origin.filter(|_| sent.next().is_none()) }
    }
}

impl Said<'_> {
    /// The answer to a browser that asks beforehand: without credentials, which it does not send,
    /// and without looking at anything but the route.
    pub(super) fn preflight<T>(&self, request: &axum::http::Request<T>) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        self.origin.as_ref().filter(|_| asks)?;
        let methods = routes::methods(request.uri().path())?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.cors.headers.clone());
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(CORS_MAX_AGE_S));
        Some(response)
    }

    /// Says so in an answer. What it says depends on who asks, also where it says nothing: a cache
    /// must not give one origin's answer to another.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.append(VARY, VARIES);
        let Some(origin) = self.origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if self.cors.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
        }
    }
}
