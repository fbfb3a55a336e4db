//! `GET /docs/errors/{code}`: the pages that problems point to, compiled in. A code without a page
//! does not build.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use model::{Error, ErrorCode};

use super::error::{Problem, ProblemBody};

macro_rules! pages {
    ($($variant:ident => $file:literal),* $(,)?) => {
        /// The page of a code, in Markdown.
        fn page(code: ErrorCode) -> &'static str {
            match code {
                $(ErrorCode::$variant => {
                    include_str!(concat!("../../../../docs/errors/", $file, ".md"))
                })*
            }
        }
    };
}

pages! {
    RequestInvalid => "request_invalid",
    TenantMissing => "tenant_missing",
    SqlError => "sql_error",
    Unauthenticated => "unauthenticated",
    SqlNotAllowed => "sql_not_allowed",
    Forbidden => "forbidden",
    TenantNotFound => "tenant_not_found",
    NotFound => "not_found",
    MethodNotAllowed => "method_not_allowed",
    Conflict => "conflict",
    Gone => "gone",
    PreconditionFailed => "precondition_failed",
    RangeNotSatisfiable => "range_not_satisfiable",
    BodyTooLarge => "body_too_large",
    MediaTypeUnsupported => "media_type_unsupported",
    QueryTimeout => "query_timeout",
    QueryMemoryExceeded => "query_memory_exceeded",
    ResultTooLarge => "result_too_large",
    InstanceTooLarge => "instance_too_large",
    TenantBusy => "tenant_busy",
    Internal => "internal",
    Overloaded => "overloaded",
    InstanceBooting => "instance_booting",
    SourceUnavailable => "source_unavailable",
    StoreUnavailable => "store_unavailable",
    ShuttingDown => "shutting_down",
}

/// What a code means and what to do about it.
#[utoipa::path(
    get, path = "/docs/errors/{code}", operation_id = "getErrorPage", tag = "documentation",
    security(()),
    params(("code" = String, Path, description = "An error's code")),
    responses(
        (status = 200, description = "The code's page", content_type = "text/markdown", body = String),
        (status = 404, description = "No such code", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(Path(slug): Path<String>) -> Result<Response<Body>, Problem> {
    let Some(code) = ErrorCode::ALL.iter().find(|code| code.slug() == slug) else {
        return Err(Error::new(ErrorCode::NotFound, "there is no error code of this name").into());
    };
    let mut response = Response::new(Body::from(page(*code)));
    let markdown = HeaderValue::from_static("text/markdown; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, markdown);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn each_page_is_its_codes() {
        for code in ErrorCode::ALL {
            assert!(page(*code).contains(code.slug()), "{code}");
        }
    }

    #[tokio::test]
    async fn each_page_shows_a_body_as_it_is_sent() {
        for code in ErrorCode::ALL {
            let example = page(*code).split("```json\n").nth(1).and_then(|s| s.split("```").next());
            let example: serde_json::Value =
                serde_json::from_str(example.expect("an example")).expect("JSON");
            let detail = example["detail"].as_str().expect("a detail");
            let mut error = Error::new(*code, detail);
            error.offset = example["offset"].as_u64();
            // What only some errors of a code say is taken from the page, name by name.
            let number = |name: &str| example[name].as_u64();
            if let Some(budget) = example["budget"].as_str() {
                let by = example["by"].as_object().expect("what fills it").iter();
                let by = by.map(|(what, n)| (&*what.clone().leak(), n.as_u64().expect("a number")));
                error.hit = Some(Box::new(model::Hit {
                    budget: budget.to_owned().leak(),
                    used: number("used").expect("how much"),
                    limit: number("limit").expect("of how much"),
                    by: by.collect(),
                }));
            }
            if let Some(rows) = number("rows") {
                error.price = Some(Box::new(model::Price {
                    documents: rows,
                    rows,
                    bytes: number("bytes").expect("bytes"),
                    takes: std::time::Duration::from_secs_f64(
                        example["seconds"].as_f64().expect("seconds"),
                    ),
                }));
            }
            let body = Problem::from(error).into_response().into_body();
            let sent = axum::body::to_bytes(body, 4096).await.expect("a body");
            let sent: serde_json::Value = serde_json::from_slice(&sent).expect("JSON");
            assert_eq!(example, sent, "{code}");
        }
    }
}
