//! Listeners: bound before any slow work, a bounded number of connections, each with its
//! deadlines; draining stops accepting, finishes what is under way, then closes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use model::limits::{
    ACCEPT_RETRY_MS, CONNECTION_BUFFER_BYTES, CONNECTION_WINDOW_BYTES, FAREWELL_MS,
    HEADER_LIST_BYTES_MAX, RESETS_OURS_MAX, RESETS_PENDING_MAX, STREAMS_PER_CONNECTION_MAX,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, Connected, WatchedBody};
use super::framing::{Ambiguous, Framing};
use super::guarded_io::GuardedIo;
use super::streams::{self, StreamedBody, Streams};
use super::tls::{Tls, Wire};
use crate::runtime::SystemRuntime;
use crate::telemetry::{HandshakeFailure, Metrics};

/// Binds `address`, named by its setting in the error.
///
/// # Errors
/// The port is taken or may not be bound: says which, and what to do.
pub async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            _ => error.to_string(),
        };
        format!(
            "cannot listen on {address} (port {}): {why}; choose another {setting}",
            address.port()
        )
    })
}

/// Answers one request; never fails.
pub(crate) type Answer =
    Arc<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Bounds of a listener.
#[derive(Clone, Debug)]
pub struct ListenerBounds {
    /// Open at once.
    pub connections_max: usize,
    /// Without a complete request head.
    pub keep_alive_timeout: Duration,
    /// Taking nothing of a response.
    pub write_timeout: Duration,
    /// Giving no window for the next piece of an HTTP/2 response.
    pub stream_timeout: Duration,
}

/// A bound listener about to accept.
pub struct Listener {
    /// Where it is bound.
    pub socket: TcpListener,
    /// What it shows to those who connect; without: plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Who answers.
    pub answer: Answer,
    /// Its bounds.
    pub bounds: ListenerBounds,
    /// Once cancelled: accept no more, finish what is under way.
    pub closing: CancellationToken,
}

impl Listener {
    /// Accepts connections until it is closing; returns once the last of them has ended, or the
    /// process stops at once.
    pub async fn serve(self, runtime: Arc<SystemRuntime>, metrics: Arc<Metrics>) {
        let room = Arc::new(Semaphore::new(self.bounds.connections_max));
        let mut builder = auto::Builder::new(Streams {
            runtime: Arc::clone(&runtime),
            patience: self.bounds.stream_timeout,
        });
        // `Activity` times heads: the library's timer does not run before the first bytes, nor
        // for HTTP/2.
        builder.http1().header_read_timeout(None).max_buf_size(CONNECTION_BUFFER_BYTES);
        builder
            .http2()
            .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
            .max_pending_accept_reset_streams(RESETS_PENDING_MAX)
            .max_local_error_reset_streams(RESETS_OURS_MAX)
            .max_header_list_size(HEADER_LIST_BYTES_MAX)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .initial_stream_window_size(CONNECTION_WINDOW_BYTES)
            .max_send_buf_size(CONNECTION_BUFFER_BYTES);
        let builder = Arc::new(builder);
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                accepted = accept(&self.socket, &room) => accepted,
            };
            let Some((stream, peer, permit)) = accepted else {
                // Out of file descriptors, most likely: some connection has to end first.
                tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                continue;
            };
            let connection = Connection {
                builder: Arc::clone(&builder),
                tls: self.tls.clone(),
                answer: Arc::clone(&self.answer),
                closing: self.closing.clone(),
                runtime: Arc::clone(&runtime),
                bounds: self.bounds.clone(),
            };
            metrics.connection(1);
            let metrics = Arc::clone(&metrics);
            runtime.spawn_task("connection", async move {
                match connection.wire(stream).await {
                    Some(Ok(wire)) => connection.serve(wire, peer).await,
                    Some(Err(why)) => metrics.handshake_failed(why),
                    None => {}
                }
                metrics.connection(-1);
                drop(permit);
            });
        }
        drop(self.socket);
        let all = u32::try_from(self.bounds.connections_max).unwrap_or(u32::MAX);
        tokio::select! {
            _ = room.acquire_many(all) => {}
            () = runtime.lifecycle().stopping() => {}
        }
    }
}

async fn accept(
    socket: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, IpAddr, tokio::sync::OwnedSemaphorePermit)> {
    // Over the bound, newcomers wait in the kernel's backlog.
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, peer)) => Some((stream, peer.ip().to_canonical(), permit)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            None
        }
    }
}

struct Connection {
    builder: Arc<auto::Builder<Streams>>,
    tls: Option<Arc<Tls>>,
    answer: Answer,
    closing: CancellationToken,
    runtime: Arc<SystemRuntime>,
    bounds: ListenerBounds,
}

impl Connection {
    /// Its bytes, after the handshake where there is one; none when the listener closes first.
    async fn wire(&self, stream: TcpStream) -> Option<Result<Wire, HandshakeFailure>> {
        // Without it a small answer may wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return Some(Ok(Wire::Plain(stream))) };
        tokio::select! {
            shaken = tls.accept(stream, self.bounds.keep_alive_timeout) => Some(shaken),
            () = self.closing.cancelled() => None,
        }
    }

    async fn serve(self, wire: Wire, peer: IpAddr) {
        let activity = Activity::new(Arc::clone(&self.runtime));
        let ambiguous = Ambiguous::default();
        let framing = Framing::new(ambiguous.clone());
        let write_timeout = self.bounds.write_timeout;
        let io = TokioIo::new(GuardedIo::new(wire, write_timeout, Arc::clone(&activity), framing));
        let (answer, watch) = (Arc::clone(&self.answer), Arc::clone(&activity));
        let requests = AtomicU64::new(0);
        let farewell = Arc::new(CancellationToken::new());
        let connected = Connected { peer, farewell: Arc::clone(&farewell) };
        let service = service_fn(move |mut request: Request<Incoming>| {
            let busy = watch.begin();
            request.extensions_mut().insert(connected.clone());
            let doubt = ambiguous.of(requests.fetch_add(1, Ordering::Relaxed) + 1);
            if let Some(doubt) = doubt {
                request.extensions_mut().insert(doubt);
            }
            let response = answer(request);
            async move {
                let ours = streams::answering();
                let mut response = response.await.map(StreamedBody::wrap);
                drop(ours);
                if doubt.is_some() {
                    // What comes after it on the connection may not be a request at all.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, std::convert::Infallible>(response.map(|body| WatchedBody::new(body, busy)))
            }
        });
        let connection = self.builder.serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        // Asked again only when something of it has happened, not at each wake of the connection:
        // a token's answer takes a lock.
        let reason_to_leave = async {
            tokio::select! {
                () = self.closing.cancelled() => {}
                () = farewell.cancelled() => {}
                () = activity.quiet(self.bounds.keep_alive_timeout) => {}
            }
        };
        let mut leaving: FuturesUnordered<_> = std::iter::once(reason_to_leave).collect();
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => Some(ended),
            _ = leaving.next() => None,
        };
        drop(leaving);
        let ended = match ended {
            Some(ended) => ended,
            None => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    // Half a head, or a peer that ignores the farewell.
                    () = activity.quiet(Duration::from_millis(FAREWELL_MS)) => Ok(()),
                    () = self.runtime.lifecycle().stopping() => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = &*error, "a connection ended early");
        }
    }
}
