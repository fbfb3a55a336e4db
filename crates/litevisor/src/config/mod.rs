//! Configuration (INTERFACE §4): a TOML file, overridden by the environment
//! (`LITEVISOR__SECTION__KEY`), overridden by flags. One file here per section. Reading has no side
//! effects; every setting remembers where its value came from.

mod admin;
mod admission;
mod auth;
mod canary;
mod catalog;
mod http;
mod instance;
mod jwt;
mod layers;
mod memory;
mod peers;
mod process;
mod query;
mod reader;
mod source;
mod telemetry;
mod tls;
mod value;

use std::fmt;

pub use admin::AdminConfig;
pub use admission::AdmissionConfig;
pub use auth::{AuthConfig, AuthMode, TrustedConfig};
pub use canary::CanaryConfig;
pub use catalog::CatalogConfig;
pub use http::HttpConfig;
pub use instance::{InstanceConfig, TablesMode};
pub use jwt::JwtConfig;
pub use layers::{Layers, Origin};
pub use memory::{Budget, MemoryConfig};
pub use peers::PeersConfig;
pub use process::{ProcessConfig, Wanted};
pub use query::QueryConfig;
pub use reader::Shown;
pub use source::{SnapshotWanted, SourceConfig, SourceKind};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use tls::{TlsConfig, TlsFiles};
pub use value::{Bytes, Interval};

/// Every setting of the program, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listeners, the tenant parameter, bounds of connections and bodies.
    pub http: HttpConfig,
    /// Where documents come from.
    pub source: SourceConfig,
    /// The declared catalog.
    pub catalog: CatalogConfig,
    /// The life of an instance.
    pub instance: InstanceConfig,
    /// The one budget in bytes.
    pub memory: MemoryConfig,
    /// Bounds of one query.
    pub query: QueryConfig,
    /// What the process may ask of the system.
    pub process: ProcessConfig,
    /// Bounds of what is under way.
    pub admission: AdmissionConfig,
    /// Who may ask.
    pub auth: AuthConfig,
    /// Who may ask on the admin listener.
    pub admin: AdminConfig,
    /// Certificates of the listeners.
    pub tls: TlsConfig,
    /// A decoy tenant, if there is one.
    pub canary: Option<CanaryConfig>,
    /// Hand-over between replicas, where it is used.
    pub peers: Option<PeersConfig>,
    /// Logs.
    pub telemetry: TelemetryConfig,
}

/// A configuration with what `config show` prints.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Each setting, its value and its origin, in the order of the sections.
    pub shown: Vec<Shown>,
}

impl Loaded {
    /// The files, once for each setting, in which secrets are written.
    pub fn files_with_secrets(&self) -> impl Iterator<Item = &str> {
        let config = &self.config;
        let holds = |shown: &Shown| match (shown.section, shown.key) {
            ("source", "uri") => config.source.uri.as_deref().is_some_and(source::has_password),
            ("auth", "link_secrets") => !config.auth.link_secrets.is_empty(),
            ("canary", "values") => config.canary.is_some(),
            _ => false,
        };
        self.shown.iter().filter(move |shown| holds(shown)).filter_map(|shown| {
            match &shown.origin {
                Origin::File { path, .. } => Some(path.as_str()),
                _ => None,
            }
        })
    }
}

/// Everything that is wrong with a configuration, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Sections that the contract knows and this program does not build yet.
const NOT_BUILT: [&str; 1] = ["reports"];

impl Config {
    /// Reads every section from the layers.
    ///
    /// # Errors
    /// Every unknown key (with the near one), ill-formed value and contradiction, each with the
    /// place it was read from.
    pub fn load(layers: Layers) -> Result<Loaded, ConfigError> {
        let mut reader = reader::Reader::new(layers);
        for section in NOT_BUILT {
            reader.refuse_section(section);
        }
        let http = HttpConfig::read(&mut reader);
        let source = SourceConfig::read(&mut reader);
        let catalog = CatalogConfig::read(&mut reader);
        let instance = InstanceConfig::read(&mut reader);
        let memory = MemoryConfig::read(&mut reader);
        let query = QueryConfig::read(&mut reader);
        let process = ProcessConfig::read(&mut reader);
        let admission = AdmissionConfig::read(&mut reader);
        let auth = AuthConfig::read(&mut reader);
        let admin = AdminConfig::read(&mut reader);
        let tls = TlsConfig::read(&mut reader);
        let canary = CanaryConfig::read(&mut reader);
        let peers = PeersConfig::read(&mut reader);
        let telemetry = TelemetryConfig::read(&mut reader);
        let shown = reader.finish()?;
        let config = Config {
            http,
            source,
            catalog,
            instance,
            memory,
            query,
            process,
            admission,
            auth,
            admin,
            tls,
            canary,
            peers,
            telemetry,
        };
        Ok(Loaded { config, shown })
    }

    /// Checks what `serve` may listen on: beyond loopback only with a declared catalog
    /// (invariant 11), and without authentication only if that was said in words.
    ///
    /// # Errors
    /// Which of the two is missing, and what to write.
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        let mut wrong = Vec::new();
        for (key, address) in
            [("listen", self.http.listen), ("admin_listen", self.http.admin_listen)]
        {
            if address.ip().is_loopback() {
                continue;
            }
            if self.catalog.path.is_none() {
                wrong.push(format!(
                    "http.{key} = \"{address}\" is beyond loopback, and no catalog is declared: an \
                     inferred one might show fields that nobody meant to show. Write one with \
                     `litevisor catalog infer --out catalog.toml`, read it, and set [catalog] path"
                ));
            }
            // The admin listener has its own door, shut beyond loopback without a token.
            let asks = key != "listen" || self.auth.mode != AuthMode::None;
            if !asks && !self.auth.allow_unauthenticated {
                wrong.push(format!(
                    "http.{key} = \"{address}\" is beyond loopback, where anybody who reaches the \
                     port may read every tenant: choose another [auth] mode or, if something in \
                     front of it authenticates, write [auth] allow_unauthenticated = true"
                ));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(ConfigError(wrong)) }
    }
}

#[cfg(test)]
mod tests;
