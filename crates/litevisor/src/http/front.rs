//! What stands between a listener and the routes: request ids, the request's span, the metrics,
//! crashes turned into problems; and, until the program has started, a polite refusal.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use hyper::body::Incoming;
use hypervisor::Runtime;
use model::{Error, ErrorCode, TenantId};
use tower::Service as _;
use tracing::Instrument;

use super::admin::AdminState;
use super::error::Problem;
use super::listener::Answer;
use super::request_id::{self, REQUEST_ID};
use super::routes;
use super::service::Service;
use crate::runtime::SystemRuntime;
use crate::telemetry::Metrics;

/// What readiness asks for, each said by who knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// The catalog was read or inferred.
    pub catalog: bool,
    /// The source answered once.
    pub source: bool,
    /// Why not, where something failed.
    pub waiting_for: Option<String>,
}

/// Both listeners' front.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    runtime: Arc<SystemRuntime>,
    metrics: Arc<Metrics>,
    service: OnceLock<(Arc<Service>, axum::Router)>,
    readiness: Mutex<Readiness>,
}

impl Front {
    /// A front of a program that has not started yet.
    pub fn new(runtime: Arc<SystemRuntime>, metrics: Arc<Metrics>) -> Self {
        Front(Arc::new(Inner {
            runtime,
            metrics,
            service: OnceLock::new(),
            readiness: Mutex::default(),
        }))
    }

    /// The program has started: requests go to `service` from now on.
    pub fn open(&self, service: Arc<Service>) {
        let router = routes::public(Arc::clone(&service));
        // A second opening would be a fault of `app`; the first stays.
        let _ = self.0.service.set((service, router));
    }

    /// Notes a step of the start.
    pub fn note(&self, change: impl FnOnce(&mut Readiness)) {
        change(&mut self.0.readiness.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// How far the start is.
    pub fn readiness(&self) -> Readiness {
        self.0.readiness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the process drains.
    pub(super) fn draining(&self) -> bool {
        self.0.runtime.lifecycle().is_draining()
    }

    /// The service, once there is one.
    pub(super) fn service(&self) -> Option<&Arc<Service>> {
        self.0.service.get().map(|(service, _)| service)
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Who answers on tenants' listener.
    pub fn public(&self) -> Answer {
        let front = self.clone();
        Arc::new(move |request| {
            let front = front.clone();
            let router = front.0.service.get().map(|(_, router)| router.clone());
            match router {
                Some(router) => Box::pin(front.answer(router, request)),
                None => Box::pin(async move { front.not_started(&request) }),
            }
        })
    }

    /// Who answers on the admin listener.
    pub fn admin(&self) -> Answer {
        let router = routes::admin(AdminState { front: self.clone() });
        let front = self.clone();
        Arc::new(move |request| {
            let (front, router) = (front.clone(), router.clone());
            Box::pin(front.answer(router, request))
        })
    }

    async fn answer(self, mut router: axum::Router, request: Request<Incoming>) -> Response<Body> {
        let id = request_id::of(request.headers(), || self.0.runtime.random());
        let route = routes::label(request.uri().path());
        // A tenant that is ill-formed is not named: the handler refuses it.
        let (uri, headers) = (request.uri(), request.headers());
        let tenant = self.service().and_then(|s| s.naming.tenant(uri.query(), headers).ok());
        let span = tracing::info_span!(
            "request",
            "request.id" = id.to_str().unwrap_or_default(),
            route,
            "tenant.id" = tenant.as_ref().map(TenantId::as_str)
        );
        drop(tenant);
        let answered = AssertUnwindSafe(router.call(request)).catch_unwind().instrument(span).await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => {
                tracing::error!(route, "a request's handler crashed");
                Problem::from(Error::internal("the handler crashed")).into_response()
            }
        };
        response.headers_mut().insert(REQUEST_ID, id);
        self.0.metrics.request(route, response.status().as_u16());
        response
    }

    fn not_started(&self, request: &Request<Incoming>) -> Response<Body> {
        let id = request_id::of(request.headers(), || self.0.runtime.random());
        let error = Error::new(
            ErrorCode::SourceUnavailable,
            "this replica is still starting: it has not read its source yet; try again soon",
        );
        let mut response = Problem::from(error).into_response();
        response.headers_mut().insert(REQUEST_ID, id);
        let route = routes::label(request.uri().path());
        self.0.metrics.request(route, response.status().as_u16());
        response
    }
}
