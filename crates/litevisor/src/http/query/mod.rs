//! `/v1/query`: a tenant's SQL in, a streamed result out.

mod body;
pub(super) mod distinct_json;
pub(crate) mod get;
mod params;
mod parts;
pub(crate) mod post;
mod request_body;
mod run;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use export::Format;
use hypervisor::{Held, Lane, QueryRequest};
use model::{Error, ErrorCode};

pub(crate) use params::UrlParams;

use super::error::Problem;
use super::service::Service;
use crate::canary::Watch;
use crate::telemetry::RequestFacts;

/// A request for a result, checked.
pub(super) struct Wanted {
    request: QueryRequest,
    format: Format,
    /// The client takes trailers.
    trailers: bool,
    /// Looks for canaries, where there is a decoy.
    watch: Option<Watch>,
    /// What the request's log line will say, where one is wanted.
    facts: Option<RequestFacts>,
    /// Its text and parameters, charged as long as it runs.
    held: Option<Held>,
}

impl Wanted {
    /// Goes on being charged for what was read of a body of so many bytes, no more for the body.
    fn keep(&mut self, mut held: Option<Held>, bytes: usize) {
        held.iter_mut().for_each(|held| held.shrink_to(bytes as u64));
        self.held = held;
    }
}

/// Runs what was wanted.
///
/// # Errors
/// What happened before the answer began.
pub(super) async fn answer(
    service: Arc<Service>,
    wanted: Wanted,
) -> Result<Response<Body>, Problem> {
    run::run(service, wanted).await
}

/// `timeout_ms` may only lower the setting.
fn timeout(service: &Service, wanted_ms: Option<u64>) -> Result<Duration, Error> {
    let setting = service.bounds.query_timeout;
    match wanted_ms {
        None => Ok(setting),
        Some(ms) if ms > 0 && u128::from(ms) <= setting.as_millis() => {
            Ok(Duration::from_millis(ms))
        }
        Some(ms) => Err(invalid(format!(
            "timeout_ms is {ms}; it is between 1 and this service's own {}",
            setting.as_millis()
        ))),
    }
}

/// A length of time in a request: as in the configuration (`5m`, `0s`).
fn max_age(text: Option<&str>) -> Result<Option<Duration>, Error> {
    text.map(|text| match crate::config::Interval::parse(text) {
        Some(interval) => Ok(interval.0),
        None => Err(invalid("max_age is a length of time such as \"30s\" or \"5m\"".to_owned())),
    })
    .transpose()
}

/// What the query is for.
fn lane(name: Option<&str>) -> Result<Lane, Error> {
    name.map_or(Ok(Lane::default()), |name| {
        Lane::of_query(name)
            .ok_or_else(|| invalid(format!("lane is `interactive` or `report`, not `{name}`")))
    })
}

/// SQL over its bound never reaches the engine.
fn check_sql(service: &Service, sql: &str) -> Result<(), Error> {
    if sql.len() as u64 > service.bounds.sql_bytes_max {
        return Err(Error::new(
            ErrorCode::BodyTooLarge,
            format!(
                "the SQL has {} bytes; at most {} are taken",
                sql.len(),
                service.bounds.sql_bytes_max
            ),
        ));
    }
    Ok(())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}
