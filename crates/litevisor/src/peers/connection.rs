//! One request to one peer, on a connection of its own.

use std::net::SocketAddr;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use model::Clock;
use tokio::net::TcpStream;

use super::Peering;
use super::credential::{self, Nonce};

impl Peering {
    /// A number used once.
    pub(super) fn nonce() -> Result<Nonce, String> {
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce).map_err(|error| format!("no random numbers: {error}"))?;
        Ok(nonce)
    }

    /// Asks a peer. The answer's body can be read for as long as the peer sends it.
    pub(super) async fn request(
        &self,
        peer: SocketAddr,
        (method, target): (Method, &str),
        nonce: Nonce,
        body: Body,
    ) -> Result<Response<Incoming>, String> {
        let keys = self.secrets.in_force();
        let credential =
            credential::sign(&keys, (method.as_str(), target), nonce, self.runtime.now());
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, peer.to_string())
            .header(credential::HEADER, credential.ok_or("there is no secret")?)
            .body(body)
            .map_err(|error| error.to_string())?;
        let stream = TcpStream::connect(peer).await.map_err(|error| error.to_string())?;
        // Without it the last piece may wait 40 ms for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let handshake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
        self.runtime.spawn_task("peer_connection", async move {
            // It ends with its one request, whose answer tells what went wrong.
            let _ = connection.await;
        });
        sender.send_request(request).await.map_err(|error| error.to_string())
    }
}
