//! What the configuration names on disk and on the network: all that the process needs of either.

use std::path::{Path, PathBuf};

use crate::config::{Config, SourceKind, TlsFiles};
use crate::runtime::Grants;

/// What a program with this configuration must be granted.
pub fn grants(config: &Config) -> Grants {
    let mut grants = Grants::system();
    files(config).iter().for_each(|path| grants.file(path));
    if let (Some(SourceKind::Dump), Some(path)) = (config.source.kind, &config.source.path) {
        grants.read(path);
        // One folder below for the database, whose files may be links.
        links(path, 2, &mut grants);
    }
    config.process.landlock_paths.iter().for_each(|path| grants.read(path));
    let peers = config.peers.as_ref().map(|peers| peers.listen);
    for listen in [config.http.listen, config.http.admin_listen].into_iter().chain(peers) {
        grants.port(listen.port());
    }
    grants
}

/// Files that are read at the start or when they change.
fn files(config: &Config) -> Vec<PathBuf> {
    let (auth, tls) = (&config.auth, &config.tls);
    let named = [
        &config.catalog.path,
        &auth.keys_file,
        &auth.jwt.keys_file,
        &auth.jwt.keys_ca_file,
        &auth.link_secrets_file,
        &config.admin.token_file,
    ];
    let of = |files: &TlsFiles| {
        [Some(files.certificate.clone()), Some(files.key.clone()), files.client_ca.clone()]
    };
    let tls = [&tls.public, &tls.admin].into_iter().flatten().flat_map(of).flatten();
    let driver = match (config.source.kind, &config.source.uri) {
        (Some(SourceKind::Mongodb), Some(uri)) => source::mongo::MongoSettings::new(uri).files(),
        _ => Vec::new(),
    };
    let peers = config.peers.as_ref().map(|peers| peers.secret_file.clone());
    named.into_iter().flatten().cloned().chain(tls).chain(driver).chain(peers).collect()
}

/// Where links lead that lie in a folder.
fn links(folder: &Path, depth: usize, grants: &mut Grants) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => grants.read(&path),
            Ok(kind) if kind.is_dir() && depth > 1 => links(&path, depth - 1, grants),
            _ => {}
        }
    }
}
