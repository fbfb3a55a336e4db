//! `GET /v1/tenants`: every slot, for the operator.

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use hypervisor::SlotStatus;
use serde::Serialize;

use super::super::json_body::json;
use super::AdminState;

#[derive(Serialize)]
struct TenantsView {
    tenants: Vec<SlotView>,
}

#[derive(Serialize)]
struct SlotView {
    /// Null: the shared tables.
    tenant: Option<String>,
    state: &'static str,
    bytes: u64,
    tables_loaded: usize,
    leases: u64,
    waiting: usize,
    idle_seconds: Option<f64>,
    generation: Option<u64>,
    as_of: Option<String>,
    boots: u64,
    evictions: u64,
    failure: Option<&'static str>,
}

impl From<SlotStatus> for SlotView {
    fn from(slot: SlotStatus) -> Self {
        SlotView {
            tenant: slot.tenant.map(|tenant| tenant.to_string()),
            state: slot.state.name(),
            bytes: slot.bytes,
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
pub(crate) async fn handle(State(state): State<AdminState>) -> Response<Body> {
    let slots =
        state.standing.service().map(|service| service.hypervisor.slots()).unwrap_or_default();
    let tenants = slots.into_iter().map(SlotView::from).collect();
    json(StatusCode::OK, &TenantsView { tenants })
}
