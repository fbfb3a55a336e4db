//! `GET /v1/tenants`: every slot, for the operator.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use hypervisor::SlotStatus;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::json_body::json;
use super::AdminState;

/// All slots.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantsView {
    /// One for each tenant that this replica knows, and one for the shared tables.
    tenants: Vec<SlotView>,
}

/// A tenant's slot.
#[derive(Serialize, ToSchema)]
pub(crate) struct SlotView {
    /// Null: the shared tables.
    tenant: Option<String>,
    /// vacant, booting, live, closing or failed.
    state: &'static str,
    /// Bytes of the image.
    bytes: u64,
    /// Bytes that its queries hold: heap, temp files, private scratches, and
    /// readers that are kept open.
    query_bytes: u64,
    /// How many tables are loaded.
    tables_loaded: usize,
    /// Queries and downloads that use the instance now.
    leases: u64,
    /// Requests that wait for a load.
    waiting: usize,
    /// Seconds since it was last used.
    idle_seconds: Option<f64>,
    /// The populated copy's number, if live.
    generation: Option<u64>,
    /// The point in time of the data, if live.
    as_of: Option<String>,
    /// How often it was booted.
    boots: u64,
    /// How often it was shut down.
    evictions: u64,
    /// The code of the last boot's failure.
    failure: Option<&'static str>,
}

impl From<SlotStatus> for SlotView {
    fn from(slot: SlotStatus) -> Self {
        SlotView {
            tenant: slot.tenant.map(|tenant| tenant.to_string()),
            state: slot.state.name(),
            bytes: slot.bytes,
            query_bytes: slot.query_bytes,
            tables_loaded: slot.tables,
            leases: slot.leases,
            waiting: slot.waiting,
            idle_seconds: slot.idle.map(|idle| idle.as_secs_f64()),
            generation: slot.generation,
            as_of: slot.as_of.map(|as_of| as_of.to_string()),
            boots: slot.boots,
            evictions: slot.evictions,
            failure: slot.failure.map(|code| code.slug()),
        }
    }
}

/// Every slot with its state, bytes, last use, boots and evictions.
#[utoipa::path(
    get, path = "/v1/tenants", operation_id = "listTenants", tag = "admin",
    servers((url = "http://localhost:8081", description = "The admin listener: http.admin_listen")),
    responses(
        (status = 200, description = "The slots", body = TenantsView),
    )
)]
pub(crate) async fn handle(State(state): State<AdminState>) -> Response<Body> {
    let slots =
        state.standing.service().map(|service| service.hypervisor.slots()).unwrap_or_default();
    let tenants = slots.into_iter().map(SlotView::from).collect();
    json(StatusCode::OK, &TenantsView { tenants })
}
