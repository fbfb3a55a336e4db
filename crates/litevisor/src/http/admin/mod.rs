//! The admin listener's routes.

pub(super) mod metrics;
pub(super) mod probes;
pub(super) mod tenants;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;
use axum::response::IntoResponse;
use model::Error;

use super::error::Problem;
use super::standing::Standing;
use crate::auth::AdminDoor;

/// What these routes look at.
#[derive(Clone)]
pub(super) struct AdminState {
    pub(super) standing: Arc<Standing>,
    pub(super) door: AdminDoor,
}

/// Lets in the operator.
pub(super) async fn door(
    State(state): State<AdminState>,
    request: Request,
    next: Next,
) -> Response<Body> {
    match state.door.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            state.standing.metrics.access_denied(refusal.name());
            Problem::from(Error::from(refusal)).into_response()
        }
    }
}
