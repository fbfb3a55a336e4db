//! Files of secrets that others may read.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::process::{Process, command};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn secrets_that_others_may_read_are_told_of_at_the_start() {
    for (mode, open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        let folder = TempDir::new().expect("a folder");
        let mut command = command(&folder);
        let secrets = folder.path().join("secrets");
        let token = folder.path().join("token");
        fs::write(&token, SECRET).expect("written");
        fs::write(&secrets, SECRET).expect("written");
        // The configuration's own file, with a secret in it: the values of a decoy.
        let config = folder.path().join("litevisor.toml");
        let mut text = fs::read_to_string(&config).expect("read");
        text.push_str(&format!("[canary]\ntenant = \"decoy\"\nvalues = [\"{SECRET}\"]\n"));
        fs::write(&config, text).expect("written");
        for path in [&secrets, &token, &config] {
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("changed");
        }
        // Nothing in it is a secret.
        let catalog = folder.path().join("catalog.toml");
        fs::set_permissions(catalog, Permissions::from_mode(0o644)).expect("changed");
        command.env("LITEVISOR__AUTH__LINK_SECRETS_FILE", &secrets);
        command.env("LITEVISOR__ADMIN__TOKEN_FILE", &token);
        let mut process = Process::of(command, folder);
        process.terminate();
        let said = process.said_before_it_listened().to_owned();
        assert_eq!(process.ended().code(), Some(0));
        let warned: Vec<&str> = said.lines().filter(|line| line.contains("chmod 600")).collect();
        assert_eq!(warned.len(), if open { 3 } else { 0 }, "{mode:o}: {said}");
        for name in ["secrets", "token", "litevisor.toml"].iter().filter(|_| open) {
            let named = warned.iter().any(|line| {
                line.contains(name)
                    && line.contains(&format!("{mode:04o}"))
                    && line.contains("WARN")
            });
            assert!(named, "{name}: {said}");
        }
        assert!(!said.contains(SECRET), "{said}");
    }
}
