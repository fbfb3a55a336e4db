//! What the operator says about the MongoDB to read.

use std::time::Duration;

use model::{Error, ErrorCode};
use mongodb::options::ConnectionString;

/// Where and how to read.
#[derive(Clone)]
pub struct MongoSettings {
    /// The connection string; may hold credentials, so it is never logged.
    pub uri: String,
    /// The database; `None`: the one that the URI names.
    pub database: Option<String>,
    /// Which members are read.
    pub read_preference: ReadPreference,
    /// Whether a boot reads all its tables at one point in time.
    pub snapshot: SnapshotMode,
    /// How long the server may work on one command (`maxTimeMS`).
    pub max_time: Duration,
    /// How long to look for a server that answers.
    pub selection_timeout: Duration,
    /// Connections in the pool at most.
    pub connections_max: u32,
}

impl MongoSettings {
    /// The defaults for `uri`.
    pub fn new(uri: impl Into<String>) -> Self {
        use model::limits;
        MongoSettings {
            uri: uri.into(),
            database: None,
            read_preference: ReadPreference::default(),
            snapshot: SnapshotMode::default(),
            max_time: Duration::from_secs(limits::SOURCE_MAX_TIME_SECONDS),
            selection_timeout: Duration::from_millis(limits::SOURCE_SELECTION_TIMEOUT_MS),
            connections_max: limits::SOURCE_CONNECTIONS_MAX,
        }
    }
}

impl MongoSettings {
    /// The database to read, found without asking anybody.
    ///
    /// # Errors
    /// `request_invalid`: no waiting mends an ill-formed connection string, or one without database.
    pub fn checked_database(&self) -> Result<String, Error> {
        let wrong = |what: String| Error::new(ErrorCode::RequestInvalid, what);
        let parsed = ConnectionString::parse(&self.uri).map_err(|error| {
            // What is quoted of one with credentials may be a piece of the password.
            wrong(if self.uri.contains('@') {
                "source.uri is no connection string of MongoDB: are reserved characters in its user and password percent-encoded?".to_owned()
            } else {
                format!("source.uri is no connection string of MongoDB: {}", error.kind)
            })
        })?;
        let named = self.database.clone().or(parsed.default_database);
        named.filter(|name| !name.is_empty()).ok_or_else(|| {
            wrong("no database: set source.database, or name one in source.uri".to_owned())
        })
    }
}

/// Which members of a replica set are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadPreference {
    /// The primary only.
    Primary,
    /// The primary, or a secondary if there is none.
    PrimaryPreferred,
    /// A secondary only.
    Secondary,
    /// A secondary, or the primary if there is none: boots are large reads, so they keep off the
    /// primary where they can.
    #[default]
    SecondaryPreferred,
    /// The member with the least latency.
    Nearest,
}

/// Whether a boot reads at one point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotMode {
    /// Where the server can.
    #[default]
    Auto,
    /// Always; a server that cannot is an error.
    Required,
    /// Never.
    Off,
}

impl SnapshotMode {
    /// The word in the settings.
    pub fn name(self) -> &'static str {
        match self {
            SnapshotMode::Auto => "auto",
            SnapshotMode::Required => "required",
            SnapshotMode::Off => "off",
        }
    }

    /// Parses the word in the settings.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::Required, Self::Off].into_iter().find(|mode| mode.name() == name)
    }
}
