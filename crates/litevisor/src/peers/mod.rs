//! Hand-over between replicas: a tenant who moved is fetched from the peer that holds the image, and a
//! replica that leaves sends its images to foster peers. Peers prove to each other that they have the
//! same secret; what goes between them is authenticated, and not encrypted (a mesh's or a network's
//! business).

mod arrival;
mod ask;
mod connection;
mod credential;
mod finder;
mod hand_on;
mod pace;
mod resolve;
mod service;
mod silent;
mod wire;

pub use finder::Finder;
pub use hand_on::hand_on;
pub use service::PeerService;

use std::sync::Arc;

use crate::auth::Secrets;
use crate::config::PeersConfig;
use crate::runtime::SystemRuntime;

use pace::Pace;
use resolve::Resolver;
use silent::Silent;

/// What all of this has in common. Cheap to clone.
#[derive(Clone)]
pub struct Peering {
    secrets: Secrets,
    config: Arc<PeersConfig>,
    resolver: Arc<Resolver>,
    pace: Arc<Pace>,
    silent: Arc<Silent>,
    runtime: Arc<SystemRuntime>,
}

impl Peering {
    /// With these settings.
    ///
    /// # Errors
    /// The file of secrets is of no use; says why.
    pub fn new(config: &PeersConfig, runtime: &Arc<SystemRuntime>) -> Result<Peering, String> {
        let secrets = Secrets::of_file(&config.secret_file);
        Ok(Peering {
            secrets: secrets.map_err(|why| format!("peers.secret_file: {why}"))?,
            resolver: Arc::new(Resolver::new(&config.service, runtime)),
            pace: Arc::new(Pace::new(config.bytes_per_second.0, runtime)),
            silent: Arc::default(),
            config: Arc::new(config.clone()),
            runtime: Arc::clone(runtime),
        })
    }

    /// The shared secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}
