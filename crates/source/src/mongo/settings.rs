//! What the operator says about the MongoDB to read.

use std::path::PathBuf;
use std::time::Duration;

use model::{Error, ErrorCode};
use mongodb::options::{AuthMechanism, ConnectionString, Tls};

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

    /// The file with our own certificate and its private key, if the connection string names one.
    pub fn key_file(&self) -> Option<PathBuf> {
        match ConnectionString::parse(&self.uri).ok()?.tls? {
            Tls::Enabled(tls) => tls.cert_key_file_path,
            Tls::Disabled => None,
        }
    }

    /// The files that the driver reads by itself: certificates, and tokens of a pod.
    pub fn files(&self) -> Vec<PathBuf> {
        let Ok(parsed) = ConnectionString::parse(&self.uri) else { return Vec::new() };
        let mut files = Vec::from_iter(self.key_file());
        if let Some(Tls::Enabled(tls)) = parsed.tls {
            files.extend(tls.ca_file_path);
        }
        let mechanism = parsed.credential.and_then(|credential| credential.mechanism);
        if mechanism == Some(AuthMechanism::MongoDbOidc) {
            let named = ["AZURE_FEDERATED_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"];
            files.extend(named.into_iter().filter_map(std::env::var_os).map(PathBuf::from));
            files.push(PathBuf::from(POD_TOKEN));
        }
        files
    }
}

/// The service account's token, which a driver in a pod shows where the environment names no other.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_driver_are_named() {
        let files = |uri: &str| MongoSettings::new(uri).files();
        assert_eq!(files("mongodb://h/shop?tls=true"), Vec::<PathBuf>::new());
        let tls = "mongodb://h/shop?tlsCAFile=%2Fca.pem&tlsCertificateKeyFile=own/key.pem";
        assert_eq!(files(tls), [PathBuf::from("own/key.pem"), PathBuf::from("/ca.pem")]);
        let pod = "mongodb://h/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:k8s";
        assert!(files(pod).contains(&PathBuf::from(POD_TOKEN)), "{:?}", files(pod));
        assert!(files("no address").is_empty());
    }
}
