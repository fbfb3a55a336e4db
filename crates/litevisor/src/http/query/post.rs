//! `POST /v1/query?tenant=`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Response, request::Parts};
use engine::Script;
use export::Format;
use hypervisor::QueryRequest;
use model::{Error, ErrorCode, TenantId};

use super::super::error::{Problem, ProblemBody};
use super::super::format;
use super::super::received::{Received, receive};
use super::super::service::Service;
use super::request_body::QueryBody;
use super::{Wanted, request_body, run};
use crate::auth::Action;
use crate::telemetry::Audit;

/// Runs SQL on one tenant's data.
#[utoipa::path(
    post, path = "/v1/query", operation_id = "runQuery", tag = "query",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    request_body = QueryBody,
    responses(
        (status = 200, description = "The result of the last statement, streamed"),
        (status = "4XX", description = "The request's or the statement's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> impl Future<Output = Result<Response<Body>, Problem>> + Send {
    // Taken apart out here, so that the future has not both the request and its parts in it.
    let (parts, body) = request.into_parts();
    async move {
        let tenant = service.tenant(&parts, Action::Query)?;
        check_content_type(&parts.headers)?;
        let Received { bytes, held } = receive(&service, &tenant, &parts.headers, body).await?;
        let mut wanted = wanted(&service, &parts, tenant, &bytes)?;
        wanted.keep(held, bytes.len());
        drop((parts, bytes));
        run::run(service, wanted).await
    }
}

/// What a body of this tenant's asks for.
pub(in crate::http) fn wanted(
    service: &Service,
    parts: &Parts,
    tenant: TenantId,
    bytes: &[u8],
) -> Result<Wanted, Error> {
    service.only_parameter(parts)?;
    let body = request_body::read(bytes)?;
    super::check_sql(service, &body.sql)?;
    if let Some(audit) = parts.extensions.get::<Audit>() {
        audit.statement(&body.sql);
    }
    let watch = service.watch(&tenant, parts);
    Ok(Wanted {
        request: QueryRequest {
            tenant,
            script: Script { sql: body.sql, params: super::params::from_json(body.params)? },
            timeout: super::timeout(service, body.timeout_ms)?,
            max_rows: body.max_rows,
            max_age: super::max_age(body.max_age.as_deref())?,
            lane: super::lane(body.lane.as_deref())?,
        },
        format: chosen_format(body.format.as_deref(), &parts.headers)?,
        trailers: run::takes_trailers(&parts.headers),
        watch,
        facts: parts.extensions.get().cloned(),
        held: None,
    })
}

fn chosen_format(named: Option<&str>, headers: &HeaderMap) -> Result<Format, Error> {
    match named {
        Some(name) => format::by_name(name),
        None => format::by_accept(headers),
    }
}

/// Only JSON is read.
pub(in crate::http) fn check_content_type(headers: &HeaderMap) -> Result<(), Error> {
    let unsupported = |message: &str| Err(Error::new(ErrorCode::MediaTypeUnsupported, message));
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return unsupported("the body must come without Content-Encoding");
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next();
    let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    });
    if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        return unsupported("the body is UTF-8: send it with charset=utf-8, or without");
    }
    match essence {
        Some(essence) if essence.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => unsupported("the body is JSON: send it with Content-Type: application/json"),
    }
}
