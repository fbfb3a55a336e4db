//! What peers can ask of this replica: `GET /peers/v1/images/{tenant}` for its copy (`?offer`: for what
//! it says of itself), `PUT` to leave one here. Who does not prove to be a peer learns nothing.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use hyper::body::Incoming;
use hypervisor::{Hypervisor, Offer};
use model::{Clock, TenantId, TenantKeyType};

use super::Peering;
use super::arrival::Arrival;
use super::credential::{self, Nonce};
use super::wire::{Opener, Sealer};
use crate::http::percent_decode;

/// Where copies are.
pub(super) const IMAGES: &str = "/peers/v1/images/";

/// The service behind `peers.listen`.
pub struct PeerService {
    peering: Peering,
    hypervisor: Hypervisor,
    key_type: TenantKeyType,
}

impl PeerService {
    /// A replica with these instances.
    pub fn new(peering: Peering, hypervisor: Hypervisor, key_type: TenantKeyType) -> Arc<Self> {
        Arc::new(PeerService { peering, hypervisor, key_type })
    }

    /// Answers a peer.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let outcome = self.decide(request).await;
        outcome.unwrap_or_else(|status| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response
        })
    }

    async fn decide(&self, request: Request<Incoming>) -> Result<Response<Body>, StatusCode> {
        let target = request.uri().path_and_query().map(|target| target.as_str()).unwrap_or("/");
        let asked = (request.method().as_str(), target);
        let header =
            request.headers().get(credential::HEADER).and_then(|value| value.to_str().ok());
        let keys = self.peering.secrets.in_force();
        let now = self.peering.runtime.now();
        let nonce = header.and_then(|header| credential::verify(&keys, asked, header, now));
        let nonce = nonce.ok_or(StatusCode::UNAUTHORIZED)?;
        let tenant = self.tenant(request.uri().path()).ok_or(StatusCode::NOT_FOUND)?;
        match (request.method(), request.uri().query()) {
            (&Method::GET, Some("offer")) => self.offer(&tenant, nonce),
            (&Method::GET, None) => self.copy(&tenant, nonce),
            (&Method::PUT, None) => self.adopt(&tenant, request.into_body(), nonce).await,
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn tenant(&self, path: &str) -> Option<TenantId> {
        let text = percent_decode(path.strip_prefix(IMAGES)?).ok()?;
        TenantId::parse(&text, self.key_type).ok()
    }

    fn found(
        &self,
        tenant: &TenantId,
        nonce: Nonce,
    ) -> Result<(Offer, Vec<u8>, Sealer), StatusCode> {
        let offer = self.hypervisor.offer(tenant).ok_or(StatusCode::NOT_FOUND)?;
        let keys = self.peering.secrets.in_force();
        let sealed = Sealer::new(&keys, nonce, &offer.manifest);
        let (head, sealer) = sealed.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok((offer, head, sealer))
    }

    fn offer(&self, tenant: &TenantId, nonce: Nonce) -> Result<Response<Body>, StatusCode> {
        let (_, head, _) = self.found(tenant, nonce)?;
        Ok(Response::new(Body::from(head)))
    }

    fn copy(&self, tenant: &TenantId, nonce: Nonce) -> Result<Response<Body>, StatusCode> {
        let (offer, head, sealer) = self.found(tenant, nonce)?;
        let (hypervisor, tenant) = (self.hypervisor.clone(), tenant.clone());
        let generation = offer.manifest.generation;
        let whole = move || hypervisor.lent(&tenant, generation);
        Ok(Response::new(sent(self.peering.clone(), offer, (head, sealer), whole)))
    }

    async fn adopt(
        &self,
        tenant: &TenantId,
        body: Incoming,
        nonce: Nonce,
    ) -> Result<Response<Body>, StatusCode> {
        let runtime = &self.peering.runtime;
        if runtime.lifecycle().is_draining() {
            // Its own image may have come back to it.
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        let until = runtime.monotonic().after(self.peering.config.timeout.0);
        let opener = Opener::new(self.peering.secrets.in_force(), nonce);
        let arrival = Arrival::open(body, opener, until, runtime).await;
        let arrival = arrival.map_err(|why| {
            tracing::info!(why, "a peer's copy was not taken");
            StatusCode::BAD_REQUEST
        })?;
        match self.hypervisor.adopt(tenant, Box::new(arrival)).await {
            Ok(true) => Err(StatusCode::CREATED),
            Ok(false) => Err(StatusCode::CONFLICT),
            Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// A copy as it goes out, no faster than this replica sends; `whole` is called when all of it has.
pub(super) fn sent(
    peering: Peering,
    offer: Offer,
    (head, sealer): (Vec<u8>, Sealer),
    whole: impl Fn() + Send + Sync + 'static,
) -> Body {
    enum Next {
        Head(Vec<u8>),
        Piece(usize),
        End,
    }
    let start = (Next::Head(head), Some(sealer));
    let whole = Arc::new(whole);
    Body::from_stream(stream::unfold(start, move |(next, mut sealer)| {
        let (peering, offer, whole) = (peering.clone(), offer.clone(), Arc::clone(&whole));
        async move {
            let (bytes, next) = match next {
                Next::Head(head) => (Bytes::from(head), Next::Piece(0)),
                Next::Piece(number) => match offer.piece(number) {
                    Some(piece) => {
                        sealer.as_mut()?.piece(piece);
                        peering.pace.turn(piece.len()).await;
                        (Bytes::copy_from_slice(piece), Next::Piece(number + 1))
                    }
                    None => {
                        whole();
                        (Bytes::from(sealer.take()?.tail()), Next::End)
                    }
                },
                Next::End => return None,
            };
            Some((Ok::<_, std::convert::Infallible>(bytes), (next, sealer)))
        }
    }))
}
