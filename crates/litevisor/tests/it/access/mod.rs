//! Who may ask for what, as strangers and callers see it.

mod admin;
mod audit;
mod files;
mod issuer;
mod jwt;
mod keys;
mod links;
mod routes;
mod timing;
mod trusted;

use std::path::PathBuf;

use litevisor::auth::{ApiKey, KeyFile, KeyRecord, write_private};
use tempfile::TempDir;

use crate::client::Reply;
use crate::harness::TestApp;

/// A program that asks for API keys, and the file of them.
struct Keyed {
    app: TestApp,
    path: PathBuf,
    file: KeyFile,
    made: u8,
    _folder: TempDir,
}

impl Keyed {
    fn start() -> Keyed {
        Keyed::start_with(&[])
    }

    fn start_with(more: &[(&str, &str, &str)]) -> Keyed {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("keys.toml");
        write_private(&path, "").expect("written");
        let file = path.display().to_string();
        let mut settings = vec![("auth", "mode", "api_keys"), ("auth", "keys_file", file.as_str())];
        settings.extend_from_slice(more);
        let app = TestApp::start(&settings);
        Keyed { app: app.ready(), path, file: KeyFile::default(), made: 0, _folder: folder }
    }

    /// A key of these tenants (`*`: all) and this role, in the file from now on.
    fn add(&mut self, tenants: &[&str], role: &str, expires: Option<&str>) -> String {
        self.made += 1;
        let key = ApiKey::new([self.made; ApiKey::RANDOM_BYTES]);
        let all = tenants == ["*"];
        self.file.keys.push(KeyRecord {
            id: key.id().to_owned(),
            name: format!("number {}", self.made),
            hash: KeyRecord::hash_text(&key.hash()),
            role: role.to_owned(),
            tenants: (!all).then(|| tenants.iter().map(|id| (*id).to_owned()).collect()),
            tenant_pattern: None,
            all_tenants: all,
            created: "2026-01-01T00:00:00.000Z".to_owned(),
            expires: expires.map(str::to_owned),
        });
        key.reveal()
    }

    fn write(&self) {
        write_private(&self.path, &self.file.render().expect("text")).expect("written");
    }

    fn ask(&self, method: &str, target: &str, key: &str) -> Reply {
        self.app.send(method, target, &[("Authorization", &format!("Bearer {key}"))], b"")
    }

    /// Until this key is in force: the file is looked at every few seconds.
    fn until_known(&self, key: &str, target: &str) {
        crate::harness::poll("the key to be in force", || {
            self.ask("GET", target, key).status != 401
        });
    }
}
