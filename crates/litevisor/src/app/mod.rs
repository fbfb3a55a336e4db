//! The one place that wires: configuration in, a running program out.

mod grants;
mod listening;
mod parts;
mod peer_door;
mod secrets;
mod settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hypervisor::Hypervisor;
use model::limits::{FAREWELL_MS, LEDGER_LOOK_MS, SOURCE_RETRY_MS, STREAM_PIECE_BYTES};
use model::{Clock, Error};
use source::Source;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::auth::{AdminDoor, Authenticator, LinkSigner};
use crate::canary::Canary;
use crate::config::{Config, HttpConfig, TlsFiles};
use crate::http::{Front, ListenerBounds, Service, Tls, bind};
use crate::runtime::SystemRuntime;
use crate::telemetry::{EventSink, Metrics};

pub use grants::grants;
use listening::Listening;
use peer_door::PeerDoor;

pub use parts::{Parts, ProgressFn, StartError, build, check, declared_catalog, open_source};
pub use secrets::warn_of_open_secrets;

/// How far a slow start is.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A dump's files are being indexed.
    Indexing {
        /// Bytes read.
        bytes_done: u64,
        /// Bytes of all files.
        bytes_total: u64,
    },
    /// Documents are being looked at for inference.
    Sampling {
        /// Whose documents.
        collection: String,
        /// Looked at.
        documents_done: u64,
        /// To be looked at, of this collection.
        documents_total: u64,
    },
    /// All done.
    Done,
}

impl From<source::infer::Progress<'_>> for Progress {
    fn from(step: source::infer::Progress<'_>) -> Self {
        Progress::Sampling {
            collection: step.collection.to_owned(),
            documents_done: step.documents_done,
            documents_total: step.documents_total,
        }
    }
}

/// A program with both its ports.
pub struct App {
    config: Config,
    runtime: Arc<SystemRuntime>,
    metrics: Arc<Metrics>,
    front: Front,
    public: (TcpListener, SocketAddr),
    admin: (TcpListener, SocketAddr),
    tls: TlsPair,
    door: AdminDoor,
    peers: Option<PeerDoor>,
}

/// Of tenants' listener, and of the admin's.
type TlsPair = [Option<Arc<Tls>>; 2];

impl App {
    /// Takes both ports before any slow work.
    ///
    /// # Errors
    /// A port cannot be bound, or a certificate not be used; says which.
    pub async fn bind(config: Config, runtime: Arc<SystemRuntime>) -> Result<App, String> {
        runtime.confine_queries(config.query.seccomp)?;
        let tls = tls(&config)?;
        let door = AdminDoor::new(config.http.admin_listen, config.admin.token_file.as_ref())?;
        let public = bind_one("http.listen (--listen)", config.http.listen).await?;
        let admin =
            bind_one("http.admin_listen (--admin-listen)", config.http.admin_listen).await?;
        let peers = PeerDoor::bind(config.peers.as_ref(), &runtime).await?;
        let metrics = Arc::new(Metrics::new());
        let front = Front::new(&config.http, Arc::clone(&runtime), Arc::clone(&metrics));
        Ok(App { config, runtime, metrics, front, public, admin, tls, door, peers })
    }

    /// Where tenants' requests come in.
    pub fn address(&self) -> SocketAddr {
        self.public.1
    }

    /// `https` where tenants' listener has a certificate, and the same of the admin's.
    pub fn schemes(&self) -> [&'static str; 2] {
        [&self.tls[0], &self.tls[1]].map(|tls| if tls.is_some() { "https" } else { "http" })
    }

    /// Where the operator comes in.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.1
    }

    /// Serves until the process is told to end, then drains. Bytes of the budget that are still
    /// charged then, of which there should be none; `None` if it did not get so far.
    ///
    /// # Errors
    /// It cannot start: a wrong catalog, a corrupt dump.
    pub async fn run(
        self,
        progress: impl FnMut(&Progress) + Send + 'static,
    ) -> Result<Option<u64>, String> {
        let App { config, runtime, metrics, front, public, admin, tls, door, mut peers } = self;
        let [public_tls, admin_tls] = tls;
        door.watch(&runtime, &metrics);
        let (admin_closing, public_closing) = (CancellationToken::new(), CancellationToken::new());
        let listening =
            Listening { bounds: bounds(&config.http), runtime: &runtime, metrics: &metrics };
        let admin_ended = listening.start(admin.0, front.admin(door), admin_tls, &admin_closing);
        let public_ended = listening.start(public.0, front.public(), public_tls, &public_closing);
        if let Some(peers) = &mut peers {
            peers.listen(&listening, &admin_closing);
        }
        let starting =
            start((&config, peers.as_ref()), &runtime, &metrics, &front, Box::new(progress));
        let started = tokio::select! {
            started = starting => Some(started?),
            () = runtime.lifecycle().draining() => None,
        };
        if started.is_some() {
            tracing::info!(seccomp = runtime.confining(), landlock = runtime.landlock(), "ready");
            runtime.lifecycle().draining().await;
            // Readiness is off by now (it looks at the lifecycle). Then, in this order:
            until_everyone_knows(config.http.drain_delay.0, &runtime).await;
        }
        public_closing.cancel();
        let deadline = runtime.monotonic().after(config.http.drain_timeout.0);
        let mut drained = None;
        if let Some(hypervisor) = started {
            if let Some(peers) = &peers {
                peers.hand_on(&hypervisor, deadline, &metrics).await;
            }
            tokio::select! {
                () = hypervisor.drain(deadline) => drained = Some(hypervisor),
                () = runtime.lifecycle().stopping() => {}
            }
        }
        let farewell = Duration::from_millis(FAREWELL_MS);
        if tokio::time::timeout(farewell, public_ended.cancelled()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        admin_closing.cancel();
        let _ = tokio::time::timeout(farewell, admin_ended.cancelled()).await;
        let charged = match &drained {
            Some(hypervisor) => Some(still_charged(hypervisor).await),
            None => None,
        };
        tracing::info!("drained");
        Ok(charged)
    }
}

/// Proxies go on sending requests until the orchestrator has told them that this replica is not
/// ready; meanwhile it serves them as before.
async fn until_everyone_knows(delay: Duration, runtime: &SystemRuntime) {
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = runtime.lifecycle().stopping() => {}
    }
}

/// Bytes that stay charged though nobody is inside any more; what ends in these moments is waited
/// for.
async fn still_charged(hypervisor: &Hypervisor) -> u64 {
    let charged = || hypervisor.usage().budget_used;
    let mut looks = FAREWELL_MS / LEDGER_LOOK_MS;
    while charged() > 0 && looks > 0 {
        looks -= 1;
        tokio::time::sleep(Duration::from_millis(LEDGER_LOOK_MS)).await;
    }
    let bytes = charged();
    if bytes > 0 {
        tracing::warn!(bytes, "some memory stays charged though nothing uses it");
    }
    bytes
}

fn tls(config: &Config) -> Result<TlsPair, String> {
    let open = |files: &Option<TlsFiles>| files.as_ref().map(Tls::open).transpose();
    Ok([open(&config.tls.public)?, open(&config.tls.admin)?])
}

fn bounds(http: &HttpConfig) -> ListenerBounds {
    // A stream's own patience ends first: it knows why, and frees the lease.
    let write_timeout = http.stream_idle_timeout.0 + Duration::from_millis(FAREWELL_MS);
    // Who takes no less than the least rate takes a piece in time.
    let piece = Duration::from_secs(STREAM_PIECE_BYTES as u64 / http.stream_rate_min.0.max(1));
    ListenerBounds {
        connections_max: http.connections_max,
        keep_alive_timeout: http.keep_alive_timeout.0,
        write_timeout,
        stream_timeout: write_timeout + piece.min(write_timeout),
    }
}

async fn bind_one(setting: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let socket = bind(setting, address).await?;
    let bound = socket.local_addr().map_err(|error| error.to_string())?;
    Ok((socket, bound))
}

/// Builds everything behind the front. A source that cannot be reached is waited for: the process
/// lives, and says 503 meanwhile.
async fn start(
    (config, peers): (&Config, Option<&PeerDoor>),
    runtime: &Arc<SystemRuntime>,
    metrics: &Arc<Metrics>,
    front: &Front,
    mut progress: parts::ProgressFn,
) -> Result<Hypervisor, String> {
    let events = Arc::new(EventSink::new(Arc::clone(metrics)));
    let parts = loop {
        match build(config, runtime, &mut progress).await {
            Ok(parts) => break parts,
            Err(StartError::Wait(error)) => wait_for_source(front, &error).await,
            Err(StartError::Wrong(message)) => return Err(message),
        }
    };
    progress(&Progress::Done);
    let catalog = Arc::clone(&parts.catalog);
    front.note(|readiness| readiness.catalog = true);
    let source = Arc::clone(&parts.source);
    let finder = peers.map(PeerDoor::finder);
    let started = parts.hypervisor(config, finder, (runtime, events)).await;
    let hypervisor = started.map_err(|error| format!("{error}"))?;
    if let Some(peers) = peers {
        peers.open(&hypervisor, &catalog, metrics);
    }
    let authenticator = Arc::new(Authenticator::new(&config.auth)?);
    authenticator.watch(runtime, metrics);
    let links = LinkSigner::of(&config.auth)?;
    links.watch(runtime, metrics);
    let canary = config.canary.as_ref();
    let canary = canary
        .map(|canary| Canary::new(canary, catalog.tenant_key_type, Arc::clone(metrics)))
        .transpose()?;
    let service = Service::new(
        config,
        Arc::clone(&catalog),
        hypervisor.clone(),
        (authenticator, links),
        canary,
        (Arc::clone(runtime), Arc::clone(metrics)),
    );
    front.open(service);
    let front = front.clone();
    runtime.spawn_task("source_check", check_source(source, catalog, front));
    Ok(hypervisor)
}

/// Until the source has answered once, readiness waits for it; then its advice is logged.
async fn check_source(source: Arc<dyn Source>, catalog: Arc<model::Catalog>, front: Front) {
    while let Err(error) = source.ping().await {
        wait_for_source(&front, &error).await;
    }
    front.note(|readiness| {
        readiness.source = true;
        readiness.waiting_for = None;
    });
    let scans = source::plan_scans(&catalog, catalog.tenant_tables());
    match source.advise(&scans).await {
        Ok(advice) => advice.iter().for_each(|line| tracing::warn!("{line}")),
        Err(error) => tracing::debug!(%error, "the source gives no advice"),
    }
}

async fn wait_for_source(front: &Front, error: &Error) {
    tracing::warn!(code = error.code.slug(), internal = error.internal, "{}", error.message);
    // Who asks for readiness is the operator.
    let reason = error.internal.as_ref().unwrap_or(&error.message);
    front.note(|readiness| readiness.waiting_for = Some(reason.clone()));
    tokio::time::sleep(Duration::from_millis(SOURCE_RETRY_MS)).await;
}
