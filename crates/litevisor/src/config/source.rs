//! `[source]`: where documents come from.

use std::path::PathBuf;

use model::limits;
use source::mongo::ReadPreference;

use super::reader::Reader;
use super::value::{Interval, words};

/// `[source]`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Which kind; `None` where nobody said.
    pub kind: Option<SourceKind>,
    /// MongoDB's connection string.
    pub uri: Option<String>,
    /// MongoDB's database; where unset, the connection string's.
    pub database: Option<String>,
    /// Which members boots read from.
    pub read_preference: ReadPreference,
    /// Whether boots read one point in time.
    pub snapshot: SnapshotWanted,
    /// Boots that read at once.
    pub max_concurrent_boots: usize,
    /// How long the server may take for one batch.
    pub max_time: Interval,
    /// A mongodump folder.
    pub path: Option<PathBuf>,
}

/// The kinds of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A MongoDB server.
    Mongodb,
    /// A folder that mongodump wrote.
    Dump,
}

/// Whether a boot reads all its tables at one point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotWanted {
    /// Where the server can.
    Auto,
    /// Or not at all.
    Required,
    /// Never.
    Off,
}

words!(SourceKind, "mongodb" => SourceKind::Mongodb, "dump" => SourceKind::Dump);
words!(SnapshotWanted,
    "auto" => SnapshotWanted::Auto,
    "required" => SnapshotWanted::Required,
    "off" => SnapshotWanted::Off,
);

words!(ReadPreference,
    "primary" => ReadPreference::Primary,
    "primaryPreferred" => ReadPreference::PrimaryPreferred,
    "secondary" => ReadPreference::Secondary,
    "secondaryPreferred" => ReadPreference::SecondaryPreferred,
    "nearest" => ReadPreference::Nearest,
);

impl SourceConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "source";
        let kind = reader.take_optional(S, "kind");
        let uri: Option<String> = reader.take_optional(S, "uri");
        reader.mask(mask_password);
        if kind == Some(SourceKind::Mongodb) && uri.is_none() {
            reader.wrong("is missing: a source of kind \"mongodb\" needs its connection string");
        }
        let database = reader.take_optional(S, "database");
        let read_preference = reader.take(S, "read_preference", ReadPreference::default());
        let snapshot = reader.take(S, "snapshot", SnapshotWanted::Auto);
        let max_concurrent_boots =
            reader.take(S, "max_concurrent_boots", limits::CONCURRENT_BOOTS_DEFAULT);
        let max_time =
            reader.take(S, "max_time", Interval::seconds(limits::SOURCE_MAX_TIME_SECONDS));
        let path: Option<PathBuf> = reader.take_optional(S, "path");
        if kind == Some(SourceKind::Dump) && path.is_none() {
            reader.wrong("is missing: a source of kind \"dump\" needs its folder");
        }
        SourceConfig {
            kind,
            uri,
            database,
            read_preference,
            snapshot,
            max_concurrent_boots,
            max_time,
            path,
        }
    }
}

/// Whether a connection string holds a password.
pub(super) fn has_password(uri: &str) -> bool {
    credentials(uri).is_some_and(|user| user.contains(':'))
}

/// A connection string without its password: everything between the first `:` after the scheme and
/// the last `@` before the hosts' end.
fn mask_password(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return "\"…\"".to_owned() };
    let Some(credentials) = credentials(uri) else { return uri.to_owned() };
    let user = credentials.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:…{}", &rest[credentials.len()..])
}

/// What stands between the scheme and the `@` before the hosts.
fn credentials(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A password may itself hold a `/` if it is badly escaped: the last `@` of all decides then.
    let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'))?;
    Some(&rest[..at])
}

#[cfg(test)]
mod tests {
    use super::mask_password;

    #[test]
    fn passwords_are_masked() {
        let cases = [
            ("mongodb://h/db", "mongodb://h/db"),
            ("mongodb://u:p@h:1/db?x=1", "mongodb://u:…@h:1/db?x=1"),
            ("mongodb://u:p@x@h/db", "mongodb://u:…@h/db"),
            ("mongodb://u:p/x@h/db", "mongodb://u:…@h/db"),
            ("mongodb+srv://u@h", "mongodb+srv://u:…@h"),
        ];
        for (uri, masked) in cases {
            assert_eq!(mask_password(uri), masked);
        }
    }
}
