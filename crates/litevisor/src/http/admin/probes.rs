//! `GET /livez` and `GET /readyz`: what an orchestrator asks. Without credentials, and never an
//! activity of any instance.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Response, StatusCode};

use super::AdminState;

/// Alive: the process answers.
#[utoipa::path(
    get, path = "/livez", operation_id = "isAlive", tag = "admin", security(()),
    servers((url = "http://localhost:8081", description = "The admin listener: http.admin_listen")),
    responses(
        (status = 200, description = "It should not be killed", content_type = "text/plain", body = String),
    )
)]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Ready: traffic may come. `?verbose` lists what it looks at.
#[utoipa::path(
    get, path = "/readyz", operation_id = "isReady", tag = "admin", security(()),
    servers((url = "http://localhost:8081", description = "The admin listener: http.admin_listen")),
    params(("verbose" = Option<String>, Query, description = "Lists what it looks at and what it waits for")),
    responses(
        (status = 200, description = "It should get traffic", content_type = "text/plain", body = String),
        (status = 503, description = "It should not", content_type = "text/plain", body = String),
    )
)]
pub(crate) async fn ready(
    State(state): State<AdminState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let readiness = state.standing.readiness();
    let checks = [
        ("listeners are bound", true),
        ("catalog is valid", readiness.catalog),
        ("source answered once", readiness.source),
        ("not draining", !state.standing.draining()),
    ];
    let ready = checks.iter().all(|(_, holds)| *holds);
    let verbose =
        query.is_some_and(|query| query.split('&').any(|part| part.starts_with("verbose")));
    let mut text = String::new();
    if verbose {
        for (check, holds) in checks {
            text.push_str(&format!("[{}] {check}\n", if holds { "+" } else { "-" }));
        }
        let runtime = &state.standing.runtime;
        text.push_str(&format!("seccomp: {}\n", runtime.confining()));
        text.push_str(&format!("landlock: {}\n", runtime.landlock()));
        // It may name the source's hosts.
        let operator = state.door.check(&headers).is_ok();
        if let Some(waiting_for) = readiness.waiting_for.filter(|_| operator) {
            text.push_str(&format!("waiting: {waiting_for}\n"));
        }
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    let mut response = Response::new(Body::from(text));
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
