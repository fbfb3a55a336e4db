//! `GET /v1/openapi.json`: the description of both listeners' routes, generated from their code. A
//! checked-in copy is `docs/openapi.json`; a test holds the two together.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{admin, error, error_pages, instance, links, query, schema};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Litevisor",
        description = "SQL for each tenant over its own MongoDB documents. Every tenant route \
                       carries ?tenant=ID in canonical percent-encoding."
    ),
    paths(
        query::post::handle,
        query::get::handle,
        schema::get::handle,
        instance::get::handle,
        instance::delete::handle,
        instance::boot::handle,
        instance::image::handle,
        links::post::handle,
        links::get::handle,
        handle,
        error_pages::handle,
        admin::tenants::handle,
        admin::probes::live,
        admin::probes::ready,
        admin::metrics::handle,
    ),
    tags((name = "admin", description = "On the admin listener only")),
    components(schemas(error::ProblemBody)),
    modifiers(&Credentials),
    security(("bearer" = []))
)]
struct Document;

/// How callers say who they are. (Where `[auth] mode` is `none` or `trusted_header`, they do not.)
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key or a token, by the service's auth.mode"))
            .build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        }
    }
}

/// The description as pretty JSON, with a line break at its end.
pub fn document() -> String {
    // Plain structures of strings: serialising cannot fail.
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// This description.
#[utoipa::path(
    get, path = "/v1/openapi.json", operation_id = "getDescription", tag = "documentation",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
pub(crate) async fn handle() -> Response<Body> {
    let mut response = Response::new(Body::from(document()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::super::{ADMIN_ROUTES, PUBLIC_ROUTES};
    use super::document;

    #[test]
    fn the_checked_in_copy_is_right() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(path, document()).expect("written");
        }
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == document(),
            "docs/openapi.json is old: run the tests once with UPDATE_SNAPSHOTS=1 and look at the \
             difference"
        );
    }

    #[test]
    fn each_route_is_described_and_documented() {
        let page = include_str!("../../../../docs/http.md");
        let described: serde_json::Value = serde_json::from_str(&document()).expect("JSON");
        let mut ids = Vec::new();
        for (route, methods) in PUBLIC_ROUTES.iter().chain(ADMIN_ROUTES) {
            for method in methods.split(", ") {
                let operation = &described["paths"][route][method.to_lowercase()];
                assert!(operation.is_object(), "{method} {route} is not in the OpenAPI document");
                let admin = ADMIN_ROUTES.contains(&(route, methods));
                assert_eq!(operation["tags"][0] == "admin", admin, "{route}");
                assert_eq!(operation["servers"].is_array(), admin, "{route} says where it is");
                ids.push(operation["operationId"].to_string());
            }
        }
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "each operation has an id of its own");
        for (route, methods) in PUBLIC_ROUTES.iter().chain(ADMIN_ROUTES) {
            for method in methods.split(", ") {
                let wanted = format!("`{method} {route}`");
                assert!(page.contains(&wanted), "docs/http.md does not have {wanted}");
            }
        }
    }
}
