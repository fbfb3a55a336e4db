//! `POST /v1/instance/boot?tenant=`: pre-warms an instance.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hypervisor::BootRequested;

use super::super::error::{Problem, ProblemBody};
use super::super::service::Service;
use crate::auth::Action;

/// Boots a tenant's instance with all its tables, without waiting for it.
#[utoipa::path(
    post, path = "/v1/instance/boot", operation_id = "bootInstance", tag = "instance",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    responses(
        (status = 200, description = "All its tables are loaded already"),
        (status = 202, description = "It boots"),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let tenant = service.tenant_alone(&parts, Action::BootInstance)?;
    let status = match service.hypervisor.boot(&tenant).await? {
        BootRequested::Started => StatusCode::ACCEPTED,
        BootRequested::AlreadyLive => StatusCode::OK,
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    Ok(response)
}
