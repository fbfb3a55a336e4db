//! What every handler is given: the hypervisor, the bounds, the clock, the metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, request::Parts};
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
}
