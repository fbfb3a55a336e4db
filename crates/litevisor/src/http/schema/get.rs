//! `GET /v1/schema?tenant=`: a tenant's tables; never boots.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};

use super::super::error::{Problem, ProblemBody};
use super::super::json_body::json;
use super::super::service::Service;
use super::view::{SchemaView, view};
use crate::auth::Action;

/// A tenant's tables: columns, descriptions, types, and for those loaded rows and drift. Never
/// boots.
#[utoipa::path(
    get, path = "/v1/schema", operation_id = "getSchema", tag = "schema",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    responses(
        (status = 200, description = "The tables", body = SchemaView),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let tenant = service.tenant_alone(&parts, Action::ReadSchema)?;
    let report = service.hypervisor.schema(&tenant).await?;
    Ok(json(StatusCode::OK, &view(&tenant, &report)))
}
