//! The door of every tenant route: who asks is found out before anything else is looked at, and a
//! handler gets its tenant from [`Service::tenant`] only, which asks the one rule of access.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use model::{Clock, Error, ErrorCode, TenantId};

use super::error::Problem;
use super::service::Service;
use crate::auth::{Action, Link, Presented, Principal, Reason, Resource, Verdict, decide};
use crate::telemetry::{Audit, AuditLine, RequestFacts};

/// Where a request's connection comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Who asks: an extension of a request that the door let in.
#[derive(Clone)]
struct Caller(Arc<Principal>);

/// Has a line written into the audit log, where callers are asked who they are.
pub(super) async fn audited(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    if !service.authenticator.asks() {
        return next.run(request).await;
    }
    let extensions = request.extensions_mut();
    let peer = extensions.get().map(|Peer(address)| *address);
    let facts = extensions.get_or_insert_default::<RequestFacts>().clone();
    let line = AuditLine::begin(facts, peer, service.clock());
    extensions.insert(line.audit());
    let response = next.run(request).await;
    line.follow(response)
}

/// The line of this request, where there is one.
fn audit(parts: &Parts) -> Option<&Audit> {
    parts.extensions.get()
}

/// Lets in whoever can say who they are.
pub(super) async fn door(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let peer = request.extensions().get().map(|Peer(address)| *address);
    let presented = Presented { headers: request.headers(), peer, now: service.runtime.now() };
    match service.authenticator.authenticate(presented).await {
        Ok(principal) => {
            if let Some(audit) = request.extensions().get::<Audit>() {
                audit.principal(&principal.name);
            }
            request.extensions_mut().insert(Caller(principal));
            next.run(request).await
        }
        Err(refusal) => {
            service.metrics.access_denied(refusal.name());
            if let Some(audit) = request.extensions().get::<Audit>() {
                audit.denied(refusal.name());
            }
            Problem::from(Error::from(refusal)).into_response()
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
