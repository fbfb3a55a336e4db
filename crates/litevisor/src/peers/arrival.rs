//! A copy on its way in: an answer's body or a request's.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hypervisor::{Incoming, Manifest};
use model::{Clock, Error, Monotonic};

use super::wire::{Come, Opener};
use crate::runtime::SystemRuntime;

/// Reads it until a deadline.
pub(super) struct Arrival {
    body: Body,
    opener: Opener,
    manifest: Box<Manifest>,
    until: Monotonic,
    runtime: Arc<SystemRuntime>,
}

impl Arrival {
    /// Reads the manifest.
    pub(super) async fn open(
        body: Body,
        opener: Opener,
        until: Monotonic,
        runtime: &Arc<SystemRuntime>,
    ) -> Result<Arrival, String> {
        let runtime = Arc::clone(runtime);
        let manifest = Box::default();
        let mut arrival = Arrival { body, opener, manifest, until, runtime };
        match arrival.come().await? {
            Come::Manifest(manifest) => arrival.manifest = manifest,
            _ => return Err("it does not begin with its manifest".to_owned()),
        }
        Ok(arrival)
    }

    async fn come(&mut self) -> Result<Come, String> {
        loop {
            match self.opener.next()? {
                Come::Nothing => {}
                come => return Ok(come),
            }
            let left = self.until.since(self.runtime.monotonic());
            let frame = tokio::time::timeout(left, self.body.frame()).await;
            let frame = frame.map_err(|_| "it did not come in time (peers.timeout)")?;
            let frame = frame.ok_or("it ended too early")?.map_err(|error| error.to_string())?;
            if let Ok(bytes) = frame.into_data() {
                self.opener.push(&bytes);
            }
        }
    }
}

impl Incoming for Arrival {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn next_piece(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>> {
        Box::pin(async {
            let odd = |why| Error::internal(format!("a copy from a peer came to nothing: {why}"));
            match self.come().await.map_err(odd)? {
                Come::Piece(piece) => Ok(Some(piece)),
                Come::Whole => Ok(None),
                Come::Manifest(_) | Come::Nothing => Err(odd("two manifests".to_owned())),
            }
        })
    }
}
