//! What every handler is given: the hypervisor, the bounds, the clock, the metrics.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderName, request::Parts};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hypervisor::Hypervisor;
use model::{Catalog, Clock, Error, ErrorCode, TenantId};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::activity::Connected;
use super::pipe::Patience;
use super::tenant::TenantNaming;
use crate::auth::{Authenticator, LinkSigner};
use crate::canary::{Canary, Watch};
use crate::config::{Config, Interval};
use crate::runtime::SystemRuntime;
use crate::telemetry::Metrics;

/// The state behind all routes.
pub struct Service {
    pub(crate) hypervisor: Hypervisor,
    pub(crate) runtime: Arc<SystemRuntime>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) naming: TenantNaming,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) links: LinkSigner,
    pub(crate) bounds: Bounds,
    pub(crate) canary: Option<Arc<Canary>>,
    /// Images on their way out as files: each holds a thread.
    pub(crate) image_downloads: Arc<Semaphore>,
}

/// What bounds a request.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) query_timeout: Duration,
    pub(crate) sql_bytes_max: u64,
    pub(crate) result_bytes_max: u64,
    pub(crate) result_rows_max: u64,
    pub(crate) row_bytes_max: u64,
    pub(crate) body_bytes_max: u64,
    pub(crate) read_timeout: Duration,
    pub(crate) link_expiry_max: Interval,
    pub(crate) patience: Patience,
}

impl Service {
    /// The state for these parts.
    pub(crate) fn new(
        config: &Config,
        catalog: Arc<Catalog>,
        hypervisor: Hypervisor,
        (authenticator, links): (Arc<Authenticator>, LinkSigner),
        canary: Option<Arc<Canary>>,
        (runtime, metrics): (Arc<SystemRuntime>, Arc<Metrics>),
    ) -> Arc<Self> {
        let http = &config.http;
        let key_type = catalog.tenant_key_type;
        let header = http.tenant_header.as_deref();
        Arc::new(Service {
            hypervisor,
            runtime,
            metrics,
            catalog,
            naming: TenantNaming {
                parameter: http.tenant_parameter.clone(),
                header: header.and_then(|name| HeaderName::try_from(name).ok()),
                key_type,
            },
            authenticator,
            links,
            bounds: Bounds {
                query_timeout: config.query.timeout.0,
                sql_bytes_max: config.query.sql_bytes_max.0,
                result_bytes_max: config.query.result_bytes_max.0,
                result_rows_max: config.query.result_rows_max as u64,
                row_bytes_max: config.query.row_bytes_max.0,
                body_bytes_max: http.body_bytes_max.0,
                read_timeout: http.read_timeout.0,
                link_expiry_max: config.auth.link_expiry_max,
                patience: Patience {
                    idle: http.stream_idle_timeout.0,
                    rate_min: http.stream_rate_min.0,
                },
            },
            canary,
            image_downloads: Arc::new(Semaphore::new(model::limits::IMAGE_DOWNLOADS_MAX)),
        })
    }

    /// Watches the result of a request, where there is a decoy.
    pub(crate) fn watch(&self, tenant: &TenantId, parts: &Parts) -> Option<Watch> {
        let canary = self.canary.as_ref()?;
        let farewell = parts.extensions.get::<Connected>();
        let farewell = farewell.map(|connected| CancellationToken::clone(&connected.farewell));
        canary.watch(tenant, farewell.unwrap_or_default())
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.runtime) as Arc<dyn Clock>
    }

    /// Refuses parameters in the URL other than the tenant's: what nobody reads is a mistake.
    pub(crate) fn only_parameter(&self, parts: &Parts) -> Result<(), Error> {
        let pairs =
            parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let mut names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
        match names.find(|name| *name != self.naming.parameter) {
            None => Ok(()),
            Some(name) => Err(Error::new(
                ErrorCode::RequestInvalid,
                format!(
                    "{} {} takes no parameter `{name}` in the URL",
                    parts.method,
                    parts.uri.path()
                ),
            )),
        }
    }

    /// A request's body, within its bound and its time.
    pub(crate) async fn read_body(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Error> {
        let max = self.bounds.body_bytes_max;
        let too_large = || {
            let message = format!("the body is larger than {max} bytes");
            Error::new(ErrorCode::BodyTooLarge, message)
        };
        let declared = headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<u64>().ok());
        if declared.is_some_and(|bytes| bytes > max) {
            return Err(too_large());
        }
        let limited = Limited::new(body, usize::try_from(max).unwrap_or(usize::MAX));
        let mut collecting = std::pin::pin!(limited.collect());
        // Most bodies arrive with their heads: no timer is needed for them.
        let first = poll_fn(|cx| Poll::Ready(collecting.as_mut().poll(cx))).await;
        let collected = match first {
            Poll::Ready(collected) => Ok(collected),
            Poll::Pending => tokio::time::timeout(self.bounds.read_timeout, collecting).await,
        };
        match collected {
            Ok(Ok(collected)) => Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => {
                Err(Error::new(ErrorCode::RequestInvalid, "the body broke off before its end")
                    .with_internal(error.to_string()))
            }
            Err(_) => {
                Err(Error::new(ErrorCode::RequestInvalid, "the body took too long to arrive"))
            }
        }
    }
}
