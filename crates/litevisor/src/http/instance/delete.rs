//! `DELETE /v1/instance?tenant=`: shuts an instance down.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hypervisor::CloseRequested;

use super::super::error::{Problem, ProblemBody};
use super::super::service::Service;
use crate::auth::Action;

/// Shuts a tenant's instance down once its leases end.
#[utoipa::path(
    delete, path = "/v1/instance", operation_id = "closeInstance", tag = "instance",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    responses(
        (status = 202, description = "It closes"),
        (status = 204, description = "There is none"),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let tenant = service.tenant_alone(&parts, Action::CloseInstance)?;
    let status = match service.hypervisor.close(&tenant).await? {
        CloseRequested::Closing => StatusCode::ACCEPTED,
        CloseRequested::Vacant => StatusCode::NO_CONTENT,
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    Ok(response)
}
