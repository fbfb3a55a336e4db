//! Files that hold secrets and that others than their owner may read. Nothing is refused for it: in
//! Kubernetes a mounted secret is open to a group, in a folder that only its pod has.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jsonwebtoken::AlgorithmFamily;

use crate::config::{Loaded, SourceKind, TlsFiles};

/// The bits of a file's mode that are for its group and for others.
const OTHERS: u32 = 0o077;

/// Warns of each such file, once.
pub fn warn_of_open_secrets(loaded: &Loaded) {
    for path in files(loaded) {
        // What cannot be looked at is told of by whoever reads it.
        let Ok(found) = std::fs::metadata(&path) else { continue };
        let mode = found.mode() & 0o777;
        if mode & OTHERS != 0 {
            let path = path.display();
            tracing::warn!(
                "{path} holds secrets, and its mode {mode:04o} opens it to others than its owner; \
                 close it: chmod 600 {path}"
            );
        }
    }
}

/// Files of secrets, among them the configuration's own if some are written there.
fn files(loaded: &Loaded) -> BTreeSet<PathBuf> {
    let config = &loaded.config;
    let (auth, tls) = (&config.auth, &config.tls);
    let keys = |files: &TlsFiles| files.key.clone();
    // A set for other algorithms holds public keys.
    let shared = auth.jwt.algorithms.iter().any(|one| one.family() == AlgorithmFamily::Hmac);
    let driver = match (config.source.kind, &config.source.uri) {
        (Some(SourceKind::Mongodb), Some(uri)) => source::mongo::MongoSettings::new(uri).key_file(),
        _ => None,
    };
    let named = [
        auth.keys_file.clone(),
        auth.jwt.keys_file.clone().filter(|_| shared),
        auth.link_secrets_file.clone(),
        config.admin.token_file.clone(),
        config.peers.as_ref().map(|peers| peers.secret_file.clone()),
        tls.public.as_ref().map(keys),
        tls.admin.as_ref().map(keys),
        driver,
    ];
    let own = loaded.files_with_secrets().map(|path| Path::new(path).to_owned());
    named.into_iter().flatten().chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Layers};

    fn named(text: &str) -> Vec<String> {
        let layers = Layers::new().file("own.toml", text).expect("TOML");
        let loaded = Config::load(layers).expect("well-formed");
        files(&loaded).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn secrets_are_known_by_their_settings() {
        let mongodb = "[source]\nkind = \"mongodb\"\nuri = ";
        let none: [&str; 0] = [];
        assert_eq!(named("[http]\nlisten = \"127.0.0.1:1\""), none);
        assert_eq!(named(&format!("{mongodb}\"mongodb://reader@h/shop\"")), none);
        assert_eq!(named(&format!("{mongodb}\"mongodb://reader:x@h/shop\"")), ["own.toml"]);
        let client = "\"mongodb://h/shop?tlsCAFile=ca.pem&tlsCertificateKeyFile=mongo.pem\"";
        assert_eq!(named(&format!("{mongodb}{client}")), ["mongo.pem"]);
        let secret = "x".repeat(32);
        assert_eq!(named(&format!("[auth]\nlink_secrets = [\"{secret}\"]")), ["own.toml"]);
        assert_eq!(named("[auth]\nlink_secrets = []\njwt_keys_file = \"jwks\""), none);
        let shared = "jwt_keys_file = \"jwks\"\njwt_algorithms = [\"RS256\", \"HS256\"]";
        assert_eq!(named(&format!("[auth]\n{shared}")), ["jwks"]);
        let values = "tenant = \"decoy\"\nvalues = [\"0123456789abcdef\"]";
        assert_eq!(named(&format!("[canary]\n{values}")), ["own.toml"]);
        let all = "[auth]\nkeys_file = \"a\"\nlink_secrets_file = \"b\"\n[admin]\ntoken_file = \"c\"\n\
                   [tls]\ncert_file = \"public\"\nkey_file = \"d\"\nadmin_cert_file = \"public\"\n\
                   admin_key_file = \"d\"";
        assert_eq!(named(all), ["a", "b", "c", "d"]);
    }
}
