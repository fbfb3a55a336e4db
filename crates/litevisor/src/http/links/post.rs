//! `POST /v1/links?tenant=`: signs a link.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use model::limits::LINK_TOKEN_BYTES_MAX;
use model::{Clock, Error, ErrorCode, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::error::{Problem, ProblemBody};
use super::super::json_body::json;
use super::super::query;
use super::super::received::receive;
use super::super::service::Service;
use crate::auth::{Action, Link};
use crate::config::Interval;

/// A query to sign: the keys of `POST /v1/query`, and how long the link is good for.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only described: the query's own keys are read as they are there")]
pub(crate) struct LinkBody {
    /// As in `POST /v1/query`; so are `params`, `format`, `timeout_ms`, `max_rows`, `max_age`.
    sql: String,
    /// A length of time such as `1h`; within the service's own bound, which it is by default.
    expires_in: Option<String>,
}

/// A signed link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    /// What to ask, on this host: path and query.
    url: String,
    /// When it ends.
    expires: String,
}

/// Signs a link that runs one query on one tenant's data, for whoever has it.
#[utoipa::path(
    post, path = "/v1/links", operation_id = "signLink", tag = "links",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    request_body = LinkBody,
    responses(
        (status = 201, description = "The link", body = LinkView),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> impl Future<Output = Result<Response<Body>, Problem>> + Send {
    let (parts, body) = request.into_parts();
    async move {
        let tenant = service.tenant(&parts, Action::SignLink)?;
        query::post::check_content_type(&parts.headers)?;
        let received = receive(&service, &tenant, &parts.headers, body).await?;
        Ok(json(StatusCode::CREATED, &signed(&service, &parts, tenant, &received.bytes)?))
    }
}

/// A body as it was sent, without repeated keys.
#[derive(Deserialize)]
#[serde(transparent)]
struct Sent {
    #[serde(deserialize_with = "query::distinct_json::deserialize")]
    body: Option<Value>,
}

/// The query's own text and the time asked for.
fn taken_apart(bytes: &Bytes) -> Result<(String, Option<Interval>), Error> {
    let wrong = |error: serde_json::Error| {
        Error::new(ErrorCode::RequestInvalid, format!("the body is not as it should be: {error}"))
    };
    let sent: Sent = serde_json::from_slice(bytes).map_err(wrong)?;
    let mut keys: Map<String, Value> = match sent.body {
        Some(Value::Object(keys)) => keys,
        _ => return Err(Error::new(ErrorCode::RequestInvalid, "the body is a JSON object")),
    };
    let expires_in = match keys.remove("expires_in") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Interval::parse(&text).map(Some).ok_or(()),
        Some(_) => Err(()),
    };
    let wrong = |()| {
        let message = "expires_in is a length of time such as \"30m\" or \"1h\"";
        Error::new(ErrorCode::RequestInvalid, message)
    };
    Ok((Value::Object(keys).to_string(), expires_in.map_err(wrong)?))
}

fn signed(
    service: &Arc<Service>,
    parts: &Parts,
    tenant: TenantId,
    bytes: &Bytes,
) -> Result<LinkView, Error> {
    let (query, expires_in) = taken_apart(bytes)?;
    // What could not be asked is not signed.
    query::post::wanted(service, parts, tenant.clone(), query.as_bytes())?;
    let max = service.bounds.link_expiry_max;
    let lasts = expires_in.unwrap_or(max);
    if lasts > max || lasts.0.is_zero() {
        return Err(Error::new(
            ErrorCode::RequestInvalid,
            format!("expires_in is {lasts}; it is more than nothing and at most {max}"),
        ));
    }
    let principal = service.caller(parts)?;
    let ms = i64::try_from(lasts.0.as_millis()).unwrap_or(i64::MAX);
    let asked = service.runtime.now().0.saturating_add(ms);
    // A link does not outlive the credential that signed it.
    let expires = principal.expires.map_or(asked, |own| own.0.min(asked));
    let link = Link { tenant: tenant.to_string(), query, expires, signer: principal.name.clone() };
    let Some(token) = service.links.sign(&link) else {
        return Err(Error::new(
            ErrorCode::NotFound,
            "this service signs no links; its operator may set [auth] link_secrets_file",
        ));
    };
    if token.len() > LINK_TOKEN_BYTES_MAX {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            format!("the link would have {} bytes; at most {LINK_TOKEN_BYTES_MAX}", token.len()),
        ));
    }
    let (parameter, id) = (&service.naming.parameter, tenant.to_url());
    let url = format!("/v1/links/{token}?{parameter}={id}");
    Ok(LinkView { url, expires: Timestamp(expires).to_string() })
}
