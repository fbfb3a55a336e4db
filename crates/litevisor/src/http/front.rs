//! What stands between a listener and the routes: request ids, the request's span, the metrics,
//! crashes turned into problems; and, until the program has started, a polite refusal.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::header::EXPECT;
use axum::http::{Request, Response, Version};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use hyper::body::{Body as _, Incoming};
use hypervisor::Runtime;
use model::{Error, ErrorCode, TenantId};
use tower::Service as _;
use tracing::Instrument;

use super::admin::AdminState;
use super::cors::Cors;
use super::error::Problem;
use super::framing::Doubt;
use super::guard::Guarded;
use super::head;
use super::listener::Answer;
use super::request_id::{self, REQUEST_ID};
use super::routes;
use super::service::Service;
use super::standing::{Readiness, Standing};
use super::unread::ReadToEnd;
use crate::auth::AdminDoor;
use crate::config::HttpConfig;
use crate::runtime::SystemRuntime;
use crate::telemetry::{Metrics, RequestFacts, Route};

/// Both listeners' front.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    standing: Arc<Standing>,
    public: OnceLock<Guarded>,
    cors: Option<Cors>,
}

/// What stands behind the front of a listener.
enum Behind {
    /// Tenants' routes.
    Guarded(Guarded),
    /// The operator's, or those of a program that has not started.
    Plain(axum::Router),
}

impl Behind {
    async fn answer(self, route: Route, request: Request<Body>) -> Response<Body> {
        match self {
            Behind::Guarded(guarded) => guarded.answer(route, request).await,
            Behind::Plain(mut router) => match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
        }
    }
}

impl Front {
    /// A front of a program that has not started yet.
    pub fn new(http: &HttpConfig, runtime: Arc<SystemRuntime>, metrics: Arc<Metrics>) -> Self {
        let standing = Standing::new(runtime, metrics);
        Front(Arc::new(Inner { standing, public: OnceLock::new(), cors: Cors::of(http) }))
    }

    /// The program has started: requests go to `service` from now on.
    pub fn open(&self, service: Arc<Service>) {
        self.0.standing.open(Arc::clone(&service));
        // As with the standing, the first opening stays.
        let _ = self.0.public.set(Guarded::new(service));
    }

    /// Notes a step of the start.
    pub fn note(&self, change: impl FnOnce(&mut Readiness)) {
        self.0.standing.note(change);
    }

    /// Who answers on tenants' listener.
    pub fn public(&self) -> Answer {
        let front = self.clone();
        let starting = routes::starting();
        Arc::new(move |request| {
            let behind = match front.0.public.get() {
                Some(guarded) => Behind::Guarded(guarded.clone()),
                None => Behind::Plain(starting.clone()),
            };
            Box::pin(front.clone().answer_pages(behind, request))
        })
    }

    /// Who answers on the admin listener.
    pub fn admin(&self, door: AdminDoor) -> Answer {
        let standing = Arc::clone(&self.0.standing);
        let router = routes::admin(AdminState { standing, door });
        let front = self.clone();
        Arc::new(move |request| {
            let (front, router) = (front.clone(), router.clone());
            Box::pin(front.answer(Behind::Plain(router), request))
        })
    }

    /// Also to pages of other origins, where they are listed.
    async fn answer_pages(self, behind: Behind, request: Request<Incoming>) -> Response<Body> {
        let inner = Arc::clone(&self.0);
        let Some(cors) = &inner.cors else { return self.answer(behind, request).await };
        let said = cors.said(request.headers());
        // What no route takes is refused below, also where a page asks beforehand.
        let good = check(&request).is_ok();
        let mut response = match said.preflight(&request).filter(|_| good) {
            Some(response) => {
                let route = routes::label(request.uri().path());
                inner.standing.metrics.request(route, response.status().as_u16());
                response
            }
            None => self.answer(behind, request).await,
        };
        said.write(response.headers_mut());
        response
    }

    async fn answer(self, behind: Behind, request: Request<Incoming>) -> Response<Body> {
        let standing = &self.0.standing;
        let id = request_id::of(request.headers(), || standing.runtime.random());
        let route = routes::label(request.uri().path());
        // A tenant that is ill-formed is not named: the handler refuses it.
        let (uri, headers) = (request.uri(), request.headers());
        let tenant = standing.service().and_then(|s| s.naming.tenant(uri.query(), headers).ok());
        // At the highest level, so that every line keeps it whatever lines are wanted.
        let span = tracing::error_span!(
            "request",
            "request.id" = id.to_str().unwrap_or_default(),
            route,
            "tenant.id" = tenant.as_ref().map(TenantId::as_str)
        );
        drop(tenant);
        let line = RequestFacts::if_wanted().map(|facts| (facts, span.clone()));
        let mut response = match check(&request) {
            Err(error) => span.in_scope(|| Problem::from(error).into_response()),
            Ok(()) => {
                let mut request = self.readable(request);
                if let Some((facts, _)) = &line {
                    request.extensions_mut().insert(facts.clone());
                }
                let answering = AssertUnwindSafe(behind.answer(route, request)).catch_unwind();
                match answering.instrument(span).await {
                    Ok(response) => response,
                    Err(_) => {
                        tracing::error!(route, "a request's handler crashed");
                        Problem::from(Error::internal("the handler crashed")).into_response()
                    }
                }
            }
        };
        response.headers_mut().insert(REQUEST_ID, id);
        standing.metrics.request(route, response.status().as_u16());
        match line {
            Some((facts, span)) => facts.follow(response, span, route),
            None => response,
        }
    }

    /// The request with a body that somebody reads to its end, as far as HTTP/1 needs it: on
    /// HTTP/2 each request can be told alone that nobody wants the rest.
    fn readable(&self, request: Request<Incoming>) -> Request<Body> {
        if request.version() > Version::HTTP_11 || request.body().is_end_stream() {
            return request.map(Body::new);
        }
        let held_back = request.headers().contains_key(EXPECT);
        let runtime = Arc::clone(&self.0.standing.runtime);
        request.map(|body| Body::new(ReadToEnd::new(body, held_back, runtime)))
    }
}

/// Refuses what no route takes.
fn check(request: &Request<Incoming>) -> Result<(), Error> {
    if let Some(doubt) = request.extensions().get::<Doubt>() {
        return Err(Error::new(ErrorCode::RequestInvalid, doubt.told()));
    }
    head::check(request.version(), request.uri(), request.headers())
}
