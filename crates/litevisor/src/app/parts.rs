//! Catalog and source, as the configuration wants them.

use std::path::Path;
use std::sync::Arc;

use hypervisor::Hypervisor;
use model::{Catalog, Clock, Error, ErrorCode};
use source::Source;
use source::dump::DumpSource;
use source::infer::{Options, infer};
use source::mongo::{MongoSettings, MongoSource, SnapshotMode};

use super::{Progress, settings};
use crate::auth::{Authenticator, LinkSigner};
use crate::config::{Config, SnapshotWanted, SourceConfig, SourceKind};
use crate::runtime::SystemRuntime;
use crate::telemetry::EventSink;

/// Told how far a slow start is.
pub type ProgressFn = Box<dyn FnMut(&Progress) + Send>;

/// Why a start did not come to its end.
#[derive(Debug)]
pub enum StartError {
    /// The source cannot be reached now: worth waiting for.
    Wait(Error),
    /// Something that waiting does not mend.
    Wrong(String),
}

impl From<Error> for StartError {
    fn from(error: Error) -> Self {
        if error.code.retryable() && error.code != ErrorCode::Internal {
            StartError::Wait(error)
        } else {
            StartError::Wrong(told(error))
        }
    }
}

impl StartError {
    /// A failure of this source. A dump lies here: what is wrong with it stays wrong.
    fn of(source: &SourceConfig, error: Error) -> Self {
        match source.kind {
            Some(SourceKind::Dump) => StartError::Wrong(told(error)),
            _ => error.into(),
        }
    }
}

/// For the operator, who started the program: with the details.
fn told(error: Error) -> String {
    match error.internal {
        Some(detail) => format!("{} ({detail})", error.message),
        None => error.message,
    }
}

/// Settles what can be told wrong without asking anybody: the connection string and its database,
/// the dump's folder, what is granted besides, the credentials, the declared catalog.
///
/// # Errors
/// What is wrong and what to do.
pub fn check(config: &Config) -> Result<(), String> {
    let source = &config.source;
    match (source.kind, &source.path, &source.uri) {
        (Some(SourceKind::Dump), Some(path), _) => DumpSource::look(path)
            .map_err(|error| format!("source.path: {}", error.internal.unwrap_or(error.message)))?,
        (Some(SourceKind::Mongodb), _, Some(uri)) => {
            mongo_settings(source, uri).checked_database().map(drop).map_err(told)?;
        }
        _ => return Err(NO_SOURCE.to_owned()),
    }
    for path in &config.process.landlock_paths {
        // What is not there now cannot be granted.
        let told = |error| format!("process.landlock_paths: {}: {error}", path.display());
        std::fs::metadata(path).map_err(told)?;
    }
    Authenticator::new(&config.auth)?;
    LinkSigner::of(&config.auth)?;
    declared_catalog(config).map(drop)
}

const NO_SOURCE: &str =
    "there is no source: write [source] kind and uri (or path) into litevisor.toml";

/// What a hypervisor is made of.
pub struct Parts {
    /// Declared or inferred.
    pub catalog: Arc<Catalog>,
    /// With that catalog.
    pub source: Arc<dyn Source>,
}

impl Parts {
    /// The hypervisor over these parts.
    ///
    /// # Errors
    /// As [`Hypervisor::start`].
    pub async fn hypervisor(
        self,
        config: &Config,
        peers: Option<Arc<dyn hypervisor::Peers>>,
        (runtime, events): (&Arc<SystemRuntime>, Arc<EventSink>),
    ) -> Result<Hypervisor, Error> {
        Hypervisor::start(hypervisor::Parts {
            peers,
            catalog: self.catalog,
            source: self.source,
            runtime: Arc::clone(runtime) as Arc<dyn hypervisor::Runtime>,
            settings: settings::of(config),
            events,
        })
        .await
    }
}

/// Reads the declared catalog, or infers one; opens the source with it.
///
/// # Errors
/// See [`StartError`].
pub async fn build(
    config: &Config,
    runtime: &Arc<SystemRuntime>,
    progress: &mut ProgressFn,
) -> Result<Parts, StartError> {
    let failed = |error| StartError::of(&config.source, error);
    if let Some(catalog) = declared_catalog(config).map_err(StartError::Wrong)? {
        let source = open_source(config, Some(Arc::clone(&catalog)), runtime, progress).await;
        return Ok(Parts { catalog, source: source.map_err(failed)? });
    }
    let bare = open_source(config, None, runtime, progress).await.map_err(failed)?;
    let inferred = infer(bare.as_ref(), &Options::default(), &mut |step| {
        progress(&step.into());
    })
    .await
    .map_err(failed)?;
    tracing::info!("inferred a catalog; tenant key: {}", inferred.tenant_key);
    inferred.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    for table in &inferred.catalog.tables {
        tracing::info!(table = table.name, collection = table.collection, "inferred a table");
    }
    let catalog = Arc::new(inferred.catalog);
    let source = open_source(config, Some(Arc::clone(&catalog)), runtime, progress).await;
    Ok(Parts { catalog, source: source.map_err(failed)? })
}

/// The catalog that the configuration names, if it names one.
///
/// # Errors
/// The file cannot be read or is wrong: where and what to do.
pub fn declared_catalog(config: &Config) -> Result<Option<Arc<Catalog>>, String> {
    let Some(path) = &config.catalog.path else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the catalog {}: {error}", path.display()))?;
    let catalog = Catalog::parse(&text).map_err(|error| format!("{}:{error}", path.display()))?;
    Ok(Some(Arc::new(catalog)))
}

/// Opens the source; without a catalog only for looking at collections.
///
/// # Errors
/// The source's own; `request_invalid` if the configuration names none.
pub async fn open_source(
    config: &Config,
    catalog: Option<Arc<Catalog>>,
    runtime: &Arc<SystemRuntime>,
    progress: &mut ProgressFn,
) -> Result<Arc<dyn Source>, Error> {
    let source = &config.source;
    match (source.kind, &source.path, &source.uri) {
        (Some(SourceKind::Dump), Some(path), _) => {
            open_dump(path, catalog, runtime, progress).await
        }
        (Some(SourceKind::Mongodb), _, Some(uri)) => {
            let clock = Arc::clone(runtime) as Arc<dyn Clock>;
            let settings = mongo_settings(source, uri);
            Ok(Arc::new(MongoSource::connect(settings, catalog, clock).await?))
        }
        _ => Err(Error::new(ErrorCode::RequestInvalid, NO_SOURCE)),
    }
}

fn mongo_settings(source: &SourceConfig, uri: &str) -> MongoSettings {
    let mut settings = MongoSettings::new(uri);
    settings.database.clone_from(&source.database);
    settings.read_preference = source.read_preference;
    settings.snapshot = match source.snapshot {
        SnapshotWanted::Auto => SnapshotMode::Auto,
        SnapshotWanted::Required => SnapshotMode::Required,
        SnapshotWanted::Off => SnapshotMode::Off,
    };
    settings.max_time = source.max_time.0;
    settings
}

/// Indexing a dump takes a while and a thread; its progress comes back over a channel that drops
/// what nobody has looked at.
async fn open_dump(
    path: &Path,
    catalog: Option<Arc<Catalog>>,
    runtime: &Arc<SystemRuntime>,
    progress: &mut ProgressFn,
) -> Result<Arc<dyn Source>, Error> {
    let path = path.to_owned();
    let (steps, mut seen) = tokio::sync::watch::channel((0, 0));
    let (done, mut opened) = tokio::sync::oneshot::channel();
    let open = move || {
        let mut note = |step: source::dump::Progress<'_>| {
            steps.send_replace((step.bytes_done, step.bytes_total));
        };
        // Nobody listens any more if the start was given up.
        let _ = done.send(DumpSource::open(&path, catalog, &mut note));
    };
    hypervisor::Runtime::thread(runtime.as_ref(), "dump-index".to_owned(), Box::new(open))?;
    loop {
        tokio::select! {
            biased;
            result = &mut opened => {
                let source = result.map_err(|_| Error::internal("indexing the dump crashed"))??;
                return Ok(Arc::new(source));
            }
            Ok(()) = seen.changed() => {
                let (bytes_done, bytes_total) = *seen.borrow_and_update();
                progress(&Progress::Indexing { bytes_done, bytes_total });
            }
        }
    }
}
