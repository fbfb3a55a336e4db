//! `GET /v1/query?tenant=&sql=&p.NAME=&format=`: the same for spreadsheets and curl.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response, request::Parts};
use engine::Script;
use hypervisor::QueryRequest;
use model::{Error, TenantId};

use super::super::error::{Problem, ProblemBody};
use super::super::service::Service;
use super::super::{format, percent};
use super::params::UrlParams;
use super::{Wanted, invalid, run};
use crate::auth::Action;
use crate::telemetry::Audit;

/// Runs SQL on one tenant's data, everything in the URL.
#[utoipa::path(
    get, path = "/v1/query", operation_id = "runQueryInUrl", tag = "query",
    params(
        ("tenant" = String, Query, description = "The tenant, in canonical percent-encoding"),
        ("sql" = String, Query, description = "One or more statements; the result is the last one's"),
        ("p.NAME" = Option<String>, Query, description = "A parameter: a number if nothing is lost by reading it as one; `p.NAME:text` is always text; `p.1` is positional"),
        ("format" = Option<String>, Query, description = "json, ndjson or csv; without it Accept decides"),
        ("timeout_ms" = Option<u64>, Query, description = "For queue and execution together; only lower than the service's own"),
        ("max_rows" = Option<u64>, Query, description = "At most so many rows"),
        ("max_age" = Option<String>, Query, description = "The oldest data that will do, such as 5m"),
        ("lane" = Option<String>, Query, description = "interactive (the default), or report for what nobody waits for"),
    ),
    responses(
        (status = 200, description = "The result of the last statement, streamed"),
        (status = "4XX", description = "The request's or the statement's fault", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "This replica's fault", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, _) = request.into_parts();
    if parts.method == Method::HEAD {
        // It would cost the whole query to answer without the answer.
        return Err(Problem::method_not_allowed("GET, POST"));
    }
    let tenant = service.tenant(&parts, Action::Query)?;
    let wanted = wanted(&service, &parts, tenant)?;
    run::run(service, wanted).await
}

#[derive(Default)]
struct Said {
    sql: Option<String>,
    format: Option<String>,
    timeout_ms: Option<String>,
    max_rows: Option<String>,
    max_age: Option<String>,
    lane: Option<String>,
    params: UrlParams,
}

fn wanted(service: &Service, parts: &Parts, tenant: TenantId) -> Result<Wanted, Error> {
    let said = said(&service.naming.parameter, parts.uri.query().unwrap_or_default())?;
    let Some(sql) = said.sql else {
        return Err(invalid("there is no SQL: add sql= to the URL".to_owned()));
    };
    super::check_sql(service, &sql)?;
    if let Some(audit) = parts.extensions.get::<Audit>() {
        audit.statement(&sql);
    }
    let watch = service.watch(&tenant, parts);
    Ok(Wanted {
        request: QueryRequest {
            tenant,
            script: Script { sql, params: said.params.finish()? },
            timeout: super::timeout(service, number("timeout_ms", said.timeout_ms)?)?,
            max_rows: number("max_rows", said.max_rows)?,
            max_age: super::max_age(said.max_age.as_deref())?,
            lane: super::lane(said.lane.as_deref())?,
        },
        format: match &said.format {
            Some(name) => format::by_name(name)?,
            None => format::by_accept(&parts.headers)?,
        },
        trailers: run::takes_trailers(&parts.headers),
        watch,
        facts: parts.extensions.get().cloned(),
        held: None,
    })
}

fn said(tenant_parameter: &str, query: &str) -> Result<Said, Error> {
    let mut said = Said::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == tenant_parameter {
            continue;
        }
        let decoded = |raw| {
            percent::decode_form(raw)
                .map_err(|why| invalid(format!("the parameter `{name}` {why}")))
        };
        let (name, value) = (decoded(name)?, decoded(value)?);
        if let Some(name) = name.strip_prefix("p.") {
            said.params.add(name, value)?;
            continue;
        }
        let place = match name.as_str() {
            "sql" => &mut said.sql,
            "format" => &mut said.format,
            "timeout_ms" => &mut said.timeout_ms,
            "max_rows" => &mut said.max_rows,
            "max_age" => &mut said.max_age,
            "lane" => &mut said.lane,
            _ => {
                return Err(invalid(format!(
                    "there is no parameter `{name}`; there are sql, p.NAME, format, timeout_ms, \
                     max_rows, max_age, lane"
                )));
            }
        };
        if place.replace(value).is_some() {
            return Err(invalid(format!("the parameter `{name}` is there more than once")));
        }
    }
    Ok(said)
}

fn number(name: &str, text: Option<String>) -> Result<Option<u64>, Error> {
    text.map(|text| {
        text.parse().map_err(|_| invalid(format!("{name} is a whole number, not `{text}`")))
    })
    .transpose()
}
