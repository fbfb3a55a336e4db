//! `GET /v1/links/{token}?tenant=`: runs what a link says, for whoever has it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, Response};
use model::{Error, ErrorCode};

use super::super::error::{Problem, ProblemBody};
use super::super::query;
use super::super::service::Service;

/// Runs the query of a signed link. Needs no other credential, and opens nothing else.
#[utoipa::path(
    get, path = "/v1/links/{token}", operation_id = "runLink", tag = "links",
    params(
        ("token" = String, Path, description = "What POST /v1/links signed"),
        ("tenant" = String, Query, description = "The tenant that it was signed for"),
    ),
    security(()),
    responses(
        (status = 200, description = "The result of the last statement, streamed"),
        (status = "4XX", description = "The request's or the statement's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    if parts.method == Method::HEAD {
        return Err(Problem::method_not_allowed("GET"));
    }
    let link = service.links.verify(&token).ok_or_else(|| {
        let message = "there is no such link, or it was not copied as a whole; ask for a new one";
        Error::new(ErrorCode::NotFound, message)
    })?;
    let tenant = service.tenant_of_link(&parts, &link)?;
    let wanted = query::post::wanted(&service, &parts, tenant, link.query.as_bytes())?;
    query::answer(service, wanted).await
}
