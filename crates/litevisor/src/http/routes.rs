//! The routes of both listeners, as routers. Unknown routes and methods are problems too.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use model::{Error, ErrorCode};

use super::admin::AdminState;
use super::error::Problem;
use super::service::Service;
use super::{admin, error_pages, instance, links, openapi, query, schema};
use crate::telemetry::Route;

/// The routes of tenants' listener, with their methods.
pub const PUBLIC_ROUTES: &[(&str, &str)] = &[
    (QUERY, "GET, POST"),
    (SCHEMA, "GET"),
    (INSTANCE, "GET, DELETE"),
    (BOOT, "POST"),
    (IMAGE, "GET"),
    (LINKS, "POST"),
    (LINK, "GET"),
    (OPENAPI, "GET"),
    (ERROR_PAGE, "GET"),
];

/// The routes of the admin listener, with their methods.
pub const ADMIN_ROUTES: &[(&str, &str)] =
    &[("/v1/tenants", "GET"), ("/livez", "GET"), ("/readyz", "GET"), ("/metrics", "GET")];

const QUERY: &str = "/v1/query";
const SCHEMA: &str = "/v1/schema";
const INSTANCE: &str = "/v1/instance";
const BOOT: &str = "/v1/instance/boot";
const IMAGE: &str = "/v1/instance/image";
const LINKS: &str = "/v1/links";
const LINK: &str = "/v1/links/{token}";
const OPENAPI: &str = "/v1/openapi.json";
const ERROR_PAGE: &str = "/docs/errors/{code}";

/// The template of a path, for metrics: never the path itself, which anybody may make up.
pub(super) fn label(path: &str) -> Route {
    let known = PUBLIC_ROUTES.iter().chain(ADMIN_ROUTES).map(|(route, _)| *route);
    known.into_iter().find(|route| *route == path).unwrap_or_else(|| match path {
        page if page.starts_with("/docs/errors/") => ERROR_PAGE,
        link if link.starts_with("/v1/links/") => LINK,
        _ => "none",
    })
}

/// The methods of tenants' route at this path.
pub(super) fn methods(path: &str) -> Option<&'static str> {
    let label = label(path);
    PUBLIC_ROUTES.iter().find(|(route, _)| *route == label).map(|(_, methods)| *methods)
}

/// What a request must have to get to a route of tenants' listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// A caller's credential.
    Credential,
    /// A link, which the handler reads.
    Link,
    /// Nothing: it tells everybody the same.
    Open,
}

/// The door of a route. One that is forgotten here is not open: its handler finds no caller.
pub(super) fn door(route: Route) -> Door {
    match route {
        QUERY | SCHEMA | INSTANCE | BOOT | IMAGE | LINKS => Door::Credential,
        LINK => Door::Link,
        _ => Door::Open,
    }
}

/// Whether this is the most frequent route, which is called without the router.
pub(super) fn is_query(route: Route, method: &Method) -> bool {
    method == Method::POST && route == QUERY
}

/// The router of tenants' listener, behind its door.
pub(super) fn public(service: Arc<Service>) -> Router {
    let instance = get(instance::get::handle).merge(delete(instance::delete::handle));
    Router::new()
        .route(QUERY, only(get(query::get::handle).merge(post(query::post::handle)), "GET, POST"))
        .route(SCHEMA, only(get(schema::get::handle), "GET"))
        .route(INSTANCE, only(instance, "GET, DELETE"))
        .route(BOOT, only(post(instance::boot::handle), "POST"))
        .route(IMAGE, only(get(instance::image::handle), "GET"))
        .route(LINKS, only(post(links::post::handle), "POST"))
        .route(LINK, only(get(links::get::handle), "GET"))
        .route(OPENAPI, only(get(openapi::handle), "GET"))
        .route(ERROR_PAGE, only(get(error_pages::handle), "GET"))
        .fallback(not_found)
        .with_state(service)
}

/// The router of tenants' listener until the program has started: a polite refusal, and the page
/// that it points to.
pub(super) fn starting() -> Router {
    let page = only(get(error_pages::handle), "GET");
    Router::new().route(ERROR_PAGE, page).fallback(not_started)
}

async fn not_started() -> Response {
    let message = "this replica is still starting: it has not read its source yet; try again soon";
    Problem::from(Error::new(ErrorCode::SourceUnavailable, message)).into_response()
}

/// The router of the admin listener.
pub(super) fn admin(state: AdminState) -> Router {
    Router::new()
        .route("/v1/tenants", only(get(admin::tenants::handle), "GET"))
        // What stands above is the operator's; probes have no credential.
        .route_layer(from_fn_with_state(state.clone(), admin::door))
        .route("/livez", only(get(admin::probes::live), "GET"))
        .route("/readyz", only(get(admin::probes::ready), "GET"))
        .route("/metrics", only(get(admin::metrics::handle), "GET"))
        .route(ERROR_PAGE, only(get(error_pages::handle), "GET"))
        .fallback(not_found)
        .with_state(state)
}

fn only<S: Clone + Send + Sync + 'static>(
    methods: MethodRouter<S>,
    allow: &'static str,
) -> MethodRouter<S> {
    methods.fallback(move || async move { Problem::method_not_allowed(allow) })
}

async fn not_found(uri: Uri) -> Response {
    let path = uri.path();
    let known = PUBLIC_ROUTES.iter().chain(ADMIN_ROUTES).any(|(route, _)| *route == path);
    let message = if known {
        format!("{path} is a route of the other listener")
    } else {
        "there is no such route; GET /v1/openapi.json lists those there are".to_owned()
    };
    Problem::from(Error::new(ErrorCode::NotFound, message)).into_response()
}
