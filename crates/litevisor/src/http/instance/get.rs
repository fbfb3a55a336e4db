//! `GET /v1/instance?tenant=`: an instance's state; never boots.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use hypervisor::InstanceStatus;
use model::{Catalog, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::error::{Problem, ProblemBody};
use super::super::json_body::json;
use super::super::service::Service;
use crate::auth::Action;

/// A tenant's instance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstanceView {
    /// The tenant's id.
    tenant: String,
    /// vacant, booting, live, closing or failed.
    state: &'static str,
    /// Names of the tables that are loaded.
    tables_loaded: Vec<String>,
    /// How many tables an instance has once all are loaded; shared tables are not in it.
    tables_total: usize,
    /// Rows of the tables loaded.
    rows: u64,
    /// Bytes of the image.
    bytes: u64,
    /// The point in time of the data, if live.
    as_of: Option<String>,
    /// Whether all of it was read at exactly that point.
    as_of_exact: Option<bool>,
    /// The populated copy's number, if live.
    generation: Option<u64>,
    /// How far the load under way is.
    progress: Option<ProgressView>,
    /// What a boot of all tables would cost, for a vacant instance; what the boot that was refused
    /// for its size would have cost.
    price: Option<PriceView>,
    /// Why the last boot failed.
    failure: Option<FailureView>,
}

/// How far a load is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgressView {
    /// Documents read.
    documents_done: u64,
    /// Documents to read, where known.
    documents_expected: Option<u64>,
    /// Bytes read.
    bytes_done: u64,
    /// Seconds since it began.
    elapsed_seconds: f64,
}

/// What a boot would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceView {
    /// Documents to read.
    documents: u64,
    /// Rows that they become at least: arrays with tables of their own become more.
    rows: u64,
    /// Bytes to read.
    bytes: u64,
    /// Seconds, by the speed of earlier boots.
    seconds: f64,
}

/// Why a boot failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    /// One of the closed list of error codes.
    code: &'static str,
    /// What was wrong.
    detail: String,
    /// Seconds until the next boot may start.
    retry_in_seconds: f64,
}

fn view(tenant: &TenantId, status: InstanceStatus, catalog: &Catalog) -> InstanceView {
    let names = status.tables.iter().filter_map(|table| catalog.tables.get(table));
    let live = status.generation.is_some();
    InstanceView {
        tenant: tenant.to_string(),
        state: status.state.name(),
        tables_loaded: names.map(|table| table.name.clone()).collect(),
        tables_total: catalog.tenant_tables().len(),
        rows: status.rows,
        bytes: status.bytes,
        as_of: status.as_of.map(|as_of| as_of.to_string()),
        as_of_exact: live.then_some(status.as_of_exact),
        generation: status.generation,
        progress: status.progress.map(|progress| ProgressView {
            documents_done: progress.documents,
            documents_expected: progress.documents_expected,
            bytes_done: progress.bytes,
            elapsed_seconds: progress.elapsed.as_secs_f64(),
        }),
        price: status.price.map(|price| PriceView {
            documents: price.documents,
            rows: price.rows,
            bytes: price.bytes,
            seconds: price.takes.as_secs_f64(),
        }),
        failure: status.failure.map(|failure| FailureView {
            code: failure.error.code.slug(),
            detail: failure.error.message,
            retry_in_seconds: failure.retry_in.as_secs_f64(),
        }),
    }
}

/// A tenant's instance: state, what is loaded, a boot's progress and its price. Never boots.
#[utoipa::path(
    get, path = "/v1/instance", operation_id = "getInstance", tag = "instance",
    params(("tenant" = String, Query, description = "The tenant, in canonical percent-encoding")),
    responses(
        (status = 200, description = "The instance", body = InstanceView),
        (status = "4XX", description = "The request's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    let tenant = service.tenant_alone(&parts, Action::ReadInstance)?;
    let status = service.hypervisor.instance(&tenant).await?;
    Ok(json(StatusCode::OK, &view(&tenant, status, &service.catalog)))
}
