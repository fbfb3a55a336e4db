//! The door of every tenant route: who asks is found out before anything else is looked at, and a
//! handler gets its tenant from [`Service::tenant`] only, which asks the one rule of access.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use model::{Clock, Error, ErrorCode, TenantId};
use tower::Service as _;

use super::activity::Connected;
use super::error::Problem;
use super::query;
use super::routes::{self, Door};
use super::service::Service;
use crate::auth::{Action, Link, Presented, Principal, Reason, Resource, Verdict, decide};
use crate::telemetry::{Audit, AuditLine, RequestFacts, Route};

/// Who asks: an extension of a request that the door let in.
#[derive(Clone)]
struct Caller(Arc<Principal>);

/// The line of this request, where there is one.
fn audit(parts: &Parts) -> Option<&Audit> {
    parts.extensions.get()
}

/// Tenants' routes behind their door.
///
/// The door is no middleware of the router's, and the most frequent route is called without it:
/// axum boxes a future and a service or two for each layer and route, which took a tenth of a
/// small answer's time (perf, 64 connections).
#[derive(Clone)]
pub(super) struct Guarded {
    service: Arc<Service>,
    router: Router,
}

impl Guarded {
    /// The routes of `service`.
    pub(super) fn new(service: Arc<Service>) -> Self {
        Guarded { router: routes::public(Arc::clone(&service)), service }
    }

    /// Answers whoever can say who they are, and has a line written into the audit log where
    /// callers are asked for it.
    pub(super) async fn answer(self, route: Route, mut request: Request) -> Response<Body> {
        let door = routes::door(route);
        if door == Door::Open {
            return self.inside(route, request).await;
        }
        let line = self.audit_line(&mut request);
        let let_in = match door {
            Door::Credential => self.let_in(&mut request).await,
            // A link is its own credential; it is written down like the others.
            Door::Link | Door::Open => Ok(()),
        };
        let response = match let_in {
            Ok(()) => self.inside(route, request).await,
            Err(refused) => refused.into_response(),
        };
        match line {
            Some(line) => line.follow(response),
            None => response,
        }
    }

    async fn inside(mut self, route: Route, request: Request) -> Response<Body> {
        if routes::is_query(route, request.method()) {
            return query::post::handle(State(self.service), request).await.into_response();
        }
        match self.router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn audit_line(&self, request: &mut Request) -> Option<AuditLine> {
        if !self.service.authenticator.asks() {
            return None;
        }
        let extensions = request.extensions_mut();
        let peer = extensions.get::<Connected>().map(|connected| connected.peer);
        let facts = extensions.get_or_insert_default::<RequestFacts>().clone();
        let line = AuditLine::begin(facts, peer, self.service.clock());
        extensions.insert(line.audit());
        Some(line)
    }

    async fn let_in(&self, request: &mut Request) -> Result<(), Problem> {
        let service = &self.service;
        let peer = request.extensions().get::<Connected>().map(|connected| connected.peer);
        let presented = Presented { headers: request.headers(), peer, now: service.runtime.now() };
        match service.authenticator.authenticate(presented).await {
            Ok(principal) => {
                if let Some(audit) = request.extensions().get::<Audit>() {
                    audit.principal(&principal.name);
                }
                request.extensions_mut().insert(Caller(principal));
                Ok(())
            }
            Err(refusal) => {
                service.metrics.access_denied(refusal.name());
                if let Some(audit) = request.extensions().get::<Audit>() {
                    audit.denied(refusal.name());
                }
                Err(Problem::from(Error::from(refusal)))
            }
        }
    }
}

impl Service {
    /// The tenant of a request whose caller may do `action` to it.
    ///
    /// A tenant that is not among the credential's is refused here, before anybody knows whether
    /// it exists: the same words, the same headers, the same work, whoever it is.
    pub(crate) fn tenant(&self, parts: &Parts, action: Action) -> Result<TenantId, Error> {
        let tenant = self.naming.tenant(parts.uri.query(), &parts.headers)?;
        self.decide(parts, &*self.caller(parts)?, action, &tenant)?;
        Ok(tenant)
    }

    /// Who asks.
    pub(super) fn caller(&self, parts: &Parts) -> Result<Arc<Principal>, Error> {
        let caller = parts.extensions.get().map(|Caller(principal)| Arc::clone(principal));
        caller.ok_or_else(|| Error::internal("a tenant route without a door"))
    }

    /// The tenant of a request that has a link in the place of a credential: the one that the link
    /// was signed for, until it ends.
    pub(super) fn tenant_of_link(&self, parts: &Parts, link: &Link) -> Result<TenantId, Error> {
        let tenant = self.naming.tenant(parts.uri.query(), &parts.headers)?;
        let principal = link.principal();
        if let Some(audit) = audit(parts) {
            audit.principal(&principal.name);
        }
        match self.decide(parts, &principal, Action::Query, &tenant) {
            Ok(()) => Ok(tenant),
            Err(Reason::Expired(at)) => {
                let message = format!("this link ended at {at}; ask for a new one");
                Err(Error::new(ErrorCode::Gone, message))
            }
            Err(reason) => Err(reason.into()),
        }
    }

    fn decide(
        &self,
        parts: &Parts,
        principal: &Principal,
        action: Action,
        tenant: &TenantId,
    ) -> Result<(), Reason> {
        if let Some(audit) = audit(parts) {
            audit.asked(action.name(), Some(tenant.as_str()));
        }
        let resource = Resource::Tenant(tenant.as_str());
        match decide(principal, action, resource, self.runtime.now()) {
            Verdict::Allow => Ok(()),
            Verdict::Deny(reason) => {
                self.metrics.access_denied(reason.name());
                if let Some(audit) = audit(parts) {
                    audit.denied(reason.name());
                }
                Err(reason)
            }
        }
    }

    /// The tenant of a request that has no other parameter.
    pub(crate) fn tenant_alone(&self, parts: &Parts, action: Action) -> Result<TenantId, Error> {
        let tenant = self.tenant(parts, action)?;
        self.only_parameter(parts)?;
        Ok(tenant)
    }
}
