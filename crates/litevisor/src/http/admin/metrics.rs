//! `GET /metrics` for Prometheus.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};

use super::AdminState;

/// Everything, in OpenMetrics text.
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "admin", security(()),
    servers((url = "http://localhost:8081", description = "The admin listener: http.admin_listen")),
    responses(
        (status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text", body = String),
    )
)]
pub(crate) async fn handle(State(state): State<AdminState>) -> Response<Body> {
    if let Some(service) = state.standing.service() {
        state.standing.metrics.usage(&service.hypervisor.usage());
    }
    let mut response = Response::new(Body::from(state.standing.metrics.encode()));
    let text = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(text));
    response
}
