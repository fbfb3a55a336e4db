//! The file of API keys: TOML, a `[[keys]]` for each, hashes only.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use model::Timestamp;
use model::limits::{KEY_FILE_BYTES_MAX, KEY_NAME_BYTES_MAX};
use serde::{Deserialize, Serialize};

use super::super::hex;
use super::super::rule::{Pattern, Principal, Role, Tenants};

const HEAD: &str = "# API keys of Litevisor; `litevisor key` writes this file, a running `serve` reads it anew when it\n\
                    # changes. It holds hashes: a key itself is shown once, when it is made.\n";

const HASH_KIND: &str = "sha256:";

/// All keys.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// In the order of their making.
    #[serde(default)]
    pub keys: Vec<KeyRecord>,
}

/// One key as the file has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The part of the key that is no secret.
    pub id: String,
    /// For people and the audit log.
    pub name: String,
    /// `sha256:` and the hash of the secret in hexadecimal.
    pub hash: String,
    /// viewer, author, owner or operator.
    pub role: String,
    /// The ids of the tenants it is for, literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// Or a pattern of such ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_pattern: Option<String>,
    /// Or all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all_tenants: bool,
    /// When it was made.
    pub created: String,
    /// From when on it is worth nothing; without it never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

impl KeyRecord {
    /// The hash as the file writes it.
    pub fn hash_text(hash: &[u8; 32]) -> String {
        format!("{HASH_KIND}{}", hex::encode(hash))
    }

    /// Whom a bearer of the key is, and the hash that proves it.
    ///
    /// # Errors
    /// What of it is wrong.
    pub fn read(&self) -> Result<(Principal, [u8; 32]), String> {
        let wrong = |what: &str| format!("the key {:?} ({:?}) {what}", self.id, self.name);
        if hex::decode::<8>(&self.id).is_none() {
            return Err(wrong("has an id that is not 16 lower-case hex digits"));
        }
        if self.name.is_empty()
            || self.name.len() > KEY_NAME_BYTES_MAX
            || self.name.chars().any(char::is_control)
        {
            return Err(wrong("needs a name of 1 to 128 bytes without control characters"));
        }
        let hash = self.hash.strip_prefix(HASH_KIND).and_then(hex::decode);
        let hash =
            hash.ok_or_else(|| wrong("has a hash that is not `sha256:` and 64 hex digits"))?;
        let role = Role::from_name(&self.role)
            .ok_or_else(|| wrong("has a role that is not viewer, author, owner or operator"))?;
        let tenants = match (&self.tenants, &self.tenant_pattern, self.all_tenants) {
            (Some(ids), None, false) => Tenants::List(ids.iter().cloned().collect::<BTreeSet<_>>()),
            (None, Some(pattern), false) => Tenants::Pattern(Pattern::new(pattern.as_str())),
            (None, None, true) => Tenants::All,
            _ => {
                let one = "needs one of tenants, tenant_pattern, all_tenants = true";
                return Err(wrong(one));
            }
        };
        let expires = self.expires.as_deref().map(|text| {
            Timestamp::parse(text).ok_or_else(|| wrong("has an expiry that is no RFC 3339 time"))
        });
        let expires = expires.transpose()?;
        let name = format!("{} (key {})", self.name, self.id);
        Ok((Principal { name, tenants, role, expires }, hash))
    }
}

impl KeyFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            // The message without the excerpt: a key in the clear may stand there by mistake.
            let at = error.span().map_or(0, |span| span.start);
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            format!("line {line}: {}", error.message())
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// None that plain texts can cause.
    pub fn render(&self) -> Result<String, String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        Ok(format!("{HEAD}\n{text}"))
    }
}

/// Reads a file of at most [`KEY_FILE_BYTES_MAX`] bytes.
///
/// # Errors
/// It cannot be read, is too large or is not UTF-8.
pub(crate) fn read_bounded(path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let file = fs::File::open(path).map_err(told)?;
    let mut text = String::new();
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(told)?;
    if text.len() as u64 > KEY_FILE_BYTES_MAX {
        return Err(format!("{} has more than {KEY_FILE_BYTES_MAX} bytes", path.display()));
    }
    Ok(text)
}

/// Replaces a file as a whole, so that a reader sees the old or the new one, readable for its owner
/// only.
///
/// # Errors
/// The folder cannot be written.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".new-{}", std::process::id()));
    let new = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        // What is left of it is nobody's.
        let _ = fs::remove_file(&new);
    }
    written
}
