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
use model::{Clock, Error};

use super::activity::Connected;
use super::error::Problem;
use super::standing::Standing;
use crate::auth::{Action, AdminDoor};
use crate::telemetry::{AuditLine, RequestFacts};

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
    // Where nobody is asked, there is nobody to write down.
    let line = matches!(state.door, AdminDoor::Token { .. }).then(|| {
        let peer = request.extensions().get::<Connected>().map(|connected| connected.peer);
        let clock = Arc::clone(&state.standing.runtime) as Arc<dyn Clock>;
        let line = AuditLine::begin(RequestFacts::default(), peer, clock);
        line.audit().asked(Action::InspectReplica.name(), None);
        line
    });
    let checked = state.door.check(request.headers());
    if let Some(line) = &line {
        match checked {
            Ok(()) => line.audit().principal("operator"),
            Err(refusal) => line.audit().denied(refusal.name()),
        }
    }
    let response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            state.standing.metrics.access_denied(refusal.name());
            Problem::from(Error::from(refusal)).into_response()
        }
    };
    match line {
        Some(line) => line.follow(response),
        None => response,
    }
}
