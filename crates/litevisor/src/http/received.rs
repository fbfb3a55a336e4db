//! A request's body as it comes in: within its bound and its time, and charged to its tenant, so
//! that bodies which are sent slowly, or wait with their queries, are nobody else's memory.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Frame, SizeHint};
use hypervisor::{Held, Hypervisor};
use model::limits::{BODY_COPIES, BODY_FREE_BYTES};
use model::{Error, ErrorCode, TenantId};

use super::service::Service;

/// A whole body, charged as long as this is kept.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    /// `None`: it is so short that nothing is charged.
    pub(super) held: Option<Held>,
}

/// A body whose bytes are charged before they are kept.
struct Charged<'a> {
    body: Limited<Body>,
    hypervisor: &'a Hypervisor,
    tenant: &'a TenantId,
    held: Option<Held>,
    /// Bytes that came, of which none is charged until it is known that the body is long or slow:
    /// most are neither.
    bytes: u64,
    slow: bool,
}

/// Why there was no room for it, on its way through the body's own errors.
type BodyError = Box<dyn std::error::Error + Send + Sync>;

impl Charged<'_> {
    /// Charges `more` bytes, and with the first ones all that came before.
    fn came(&mut self, more: u64) -> Result<(), Error> {
        self.bytes += more;
        match &mut self.held {
            Some(held) => held.grow(BODY_COPIES * more),
            None if self.slow || self.bytes > BODY_FREE_BYTES => self.charge_all(),
            None => Ok(()),
        }
    }

    /// It does not come at once.
    fn waits(&mut self) -> Result<(), Error> {
        self.slow = true;
        if self.held.is_some() || self.bytes == 0 { Ok(()) } else { self.charge_all() }
    }

    fn charge_all(&mut self) -> Result<(), Error> {
        let held = self.held.insert(self.hypervisor.held(self.tenant));
        held.grow(BODY_COPIES * self.bytes)
    }
}

impl hyper::body::Body for Charged<'_> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return match self.waits() {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Some(Err(error.into()))),
            };
        };
        let more = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        let charged = more.map_or(Ok(()), |data| self.came(data.len() as u64));
        Poll::Ready(match charged {
            Ok(()) => frame,
            Err(error) => Some(Err(error.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Reads a body of `tenant`'s.
///
/// # Errors
/// `body_too_large`, `request_invalid` where it breaks off or takes too long, `tenant_busy` and
/// `overloaded` where there is no room for it.
pub(super) async fn receive(
    service: &Service,
    tenant: &TenantId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, Error> {
    let max = service.bounds.body_bytes_max;
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
    let mut charged = Charged {
        body: Limited::new(body, usize::try_from(max).unwrap_or(usize::MAX)),
        hypervisor: &service.hypervisor,
        tenant,
        held: None,
        bytes: 0,
        slow: false,
    };
    let collected = {
        let mut collecting = std::pin::pin!((&mut charged).collect());
        // Most bodies arrive with their heads: no timer is needed for them.
        let first = poll_fn(|cx| Poll::Ready(collecting.as_mut().poll(cx))).await;
        match first {
            Poll::Ready(collected) => Ok(collected),
            Poll::Pending => tokio::time::timeout(service.bounds.read_timeout, collecting).await,
        }
    };
    let invalid = |message| Error::new(ErrorCode::RequestInvalid, message);
    match collected {
        Ok(Ok(collected)) => Ok(Received { bytes: collected.to_bytes(), held: charged.held }),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(match error.downcast::<Error>() {
            Ok(no_room) => *no_room,
            Err(broken) => {
                invalid("the body broke off before its end").with_internal(broken.to_string())
            }
        }),
        Err(_) => Err(invalid("the body took too long to arrive")),
    }
}
