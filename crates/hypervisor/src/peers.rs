//! The other replicas, as the hypervisor sees them. What goes over the network, and how, is somebody
//! else's business.

use futures_util::future::BoxFuture;
use model::{Error, TenantId};

use crate::manifest::Manifest;

/// The other replicas.
pub trait Peers: Send + Sync + 'static {
    /// The freshest copy that any of them has of a tenant's data and that is `wanted`; `None` if none
    /// has, or none said so in time. Never waits longer than it was told to.
    fn find<'a>(
        &'a self,
        tenant: &'a TenantId,
        wanted: &'a Wanted,
    ) -> BoxFuture<'a, Option<Box<dyn Incoming>>>;
}

/// Which copies can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Of this catalog.
    pub catalog_version: String,
    /// In this format.
    pub image_format: u32,
    /// Not older than this generation.
    pub generation_min: u64,
    /// Not larger than this.
    pub bytes_max: u64,
}

impl Wanted {
    /// Whether `manifest` is of such a copy.
    pub fn takes(&self, manifest: &Manifest) -> bool {
        manifest.catalog_version == self.catalog_version
            && manifest.image_format == self.image_format
            && manifest.generation >= self.generation_min
            && manifest.bytes <= self.bytes_max
    }
}

/// A copy on its way in.
pub trait Incoming: Send {
    /// What it says of itself.
    fn manifest(&self) -> &Manifest;

    /// The next piece of the image. `None`: that was all, and all of it is what the peer sent.
    ///
    /// # Errors
    /// The peer went away, was too slow, or what came is not what it sent.
    fn next_piece(&mut self) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>>;
}
