//! `litevisor key create|list|revoke`: the file of API keys. The key itself is printed once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use model::{Clock, Timestamp};

use super::{ConfigFile, Failure, terminal};
use crate::auth::{ApiKey, KeyFile, KeyRecord, write_private};
use crate::config::Interval;
use crate::runtime::{SystemRuntime, secret_bytes};

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Makes a key and prints it, once; the file keeps its hash
    Create(CreateArgs),
    /// Lists the keys of the file, without secrets
    List(FileArgs),
    /// Takes a key out of the file; a running `serve` notices within seconds
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file of keys [default: auth.keys_file]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What it is for: shown by `list` and in the audit log
    #[arg(long)]
    name: String,
    /// A tenant that it may see; may be given more than once
    #[arg(long = "tenant", value_name = "ID", required_unless_present_any = ["tenant_pattern", "all_tenants"])]
    tenants: Vec<String>,
    /// Or every tenant whose id is of this pattern: `*` stands for any text
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["tenants", "all_tenants"])]
    tenant_pattern: Option<String>,
    /// Or every tenant
    #[arg(long, conflicts_with = "tenants")]
    all_tenants: bool,
    /// viewer, author, owner or operator
    #[arg(long, default_value = "viewer")]
    role: String,
    /// How long it is good for, such as 90d [default: for ever]
    #[arg(long, value_name = "TIME")]
    expires_in: Option<String>,
    #[command(flatten)]
    file: FileArgs,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// The key's id, as `list` shows it
    id: String,
    #[command(flatten)]
    file: FileArgs,
}

impl FileArgs {
    fn path(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.file {
            return Ok(path.clone());
        }
        // The file may be named before the mode is: it has to be made first.
        let loaded = self.config.load()?;
        loaded.config.auth.keys_file.ok_or_else(|| {
            Failure::usage("which file? Say --file, or set [auth] keys_file in litevisor.toml")
        })
    }
}

pub(super) fn run(command: KeyCommand, runtime: &Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    match command {
        KeyCommand::Create(args) => create(args, runtime.now())?,
        KeyCommand::List(args) => list(&args.path()?, runtime.now())?,
        KeyCommand::Revoke(args) => revoke(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The file's keys; none where there is no file yet.
fn read(path: &Path) -> Result<KeyFile, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(Failure::failed(format!("cannot read {}: {error}", path.display())));
        }
    };
    KeyFile::parse(&text).map_err(|why| Failure::failed(format!("{}: {why}", path.display())))
}

/// Changes the file, one command at a time: the folder's lock is held between reading and writing.
fn change(
    path: &Path,
    change: impl FnOnce(&mut KeyFile) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let lock = std::fs::File::open(folder.unwrap_or(Path::new(".")))?;
    lock.lock()?;
    let mut file = read(path)?;
    change(&mut file)?;
    let text = file.render().map_err(Failure::failed)?;
    write_private(path, &text)
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", path.display())))
}

fn create(args: CreateArgs, now: Timestamp) -> Result<(), Failure> {
    let path = args.file.path()?;
    let expires = args.expires_in.as_deref().map(|text| {
        let interval = Interval::parse(text)
            .ok_or_else(|| Failure::usage("--expires-in is a length of time such as 90d"))?;
        let ms = i64::try_from(interval.0.as_millis()).unwrap_or(i64::MAX);
        Ok::<_, Failure>(Timestamp(now.0.saturating_add(ms)).to_string())
    });
    let key = ApiKey::new(secret_bytes().map_err(Failure::failed)?);
    let record = KeyRecord {
        id: key.id().to_owned(),
        name: args.name,
        hash: KeyRecord::hash_text(&key.hash()),
        role: args.role,
        tenants: (!args.tenants.is_empty()).then_some(args.tenants),
        tenant_pattern: args.tenant_pattern,
        all_tenants: args.all_tenants,
        created: now.to_string(),
        expires: expires.transpose()?,
    };
    record.read().map_err(Failure::usage)?;
    change(&path, |file| {
        file.keys.push(record);
        Ok(())
    })?;
    terminal::say(&format!("{} has its hash; the key itself is shown this once:", path.display()));
    terminal::print(&format!("{}\n", key.reveal()))?;
    Ok(())
}

fn list(path: &Path, now: Timestamp) -> Result<(), Failure> {
    let mut text = String::new();
    for record in read(path)?.keys {
        let (principal, _) = record.read().map_err(Failure::failed)?;
        let end = match principal.expires {
            None => "for ever".to_owned(),
            Some(at) if at <= now => format!("ended {at}"),
            Some(at) => format!("until {at}"),
        };
        text.push_str(&format!(
            "{}  {:8}  {end}  {}  {}\n",
            record.id,
            principal.role.name(),
            record.name,
            principal.tenants,
        ));
    }
    terminal::print(&text)?;
    Ok(())
}

fn revoke(args: &RevokeArgs) -> Result<(), Failure> {
    let path = args.file.path()?;
    change(&path, |file| {
        let before = file.keys.len();
        file.keys.retain(|record| record.id != args.id);
        if file.keys.len() == before {
            let why = format!("{} has no key {:?}; `key list` shows them", path.display(), args.id);
            return Err(Failure::failed(why));
        }
        Ok(())
    })
}
