//! `litevisor catalog infer` and `litevisor catalog check`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use source::infer::Options;
use source::{SampleSize, Source};

use super::{ConfigFile, Failure, terminal};
use crate::app::{self, Progress};
use crate::config::Config;
use crate::runtime::SystemRuntime;
use crate::telemetry::start_logging;

/// Exit code of a check that found drift.
const DRIFTED: u8 = 1;

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// Looks at the source's documents and writes the catalog they make
    Infer(InferArgs),
    /// Compares the declared catalog to the source; exit code 1 if it has drifted
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(super) struct InferArgs {
    #[command(flatten)]
    file: ConfigFile,
    /// Reads every document instead of the first and last of each collection
    #[arg(long)]
    full: bool,
    /// Writes to this new file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The field that names the tenant in every document [default: guessed]
    #[arg(long, value_name = "PATH")]
    tenant_key: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    file: ConfigFile,
    /// Reads every document instead of the first and last of each collection
    #[arg(long)]
    full: bool,
}

pub(super) async fn run(
    command: CatalogCommand,
    runtime: Arc<SystemRuntime>,
) -> Result<ExitCode, Failure> {
    match command {
        CatalogCommand::Infer(args) => infer(args, runtime).await,
        CatalogCommand::Check(args) => check(args, runtime).await,
    }
}

fn size(full: bool) -> SampleSize {
    if full { SampleSize::All } else { Options::default().size }
}

async fn infer(args: InferArgs, runtime: Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let config = quiet(args.file.load()?.config)?;
    if let Some(path) = &args.out
        && path.exists()
    {
        return Err(Failure::usage(format!(
            "{} exists already; choose another name, or remove it first",
            path.display()
        )));
    }
    let tenant_key = match &args.tenant_key {
        None => None,
        Some(text) => match model::Path::parse(text) {
            Some(path) => Some(path),
            None => return Err(Failure::usage(format!("--tenant-key {text}: write a.b.c"))),
        },
    };
    let source = open(&config, &runtime).await?;
    let options = Options { tenant_key, size: size(args.full) };
    let bar = terminal::bar("looking", terminal::Unit::Documents);
    let mut show = super::query::progress_on(bar.clone());
    let inferred =
        source::infer::infer(source.as_ref(), &options, &mut |step| show(&step.into())).await;
    bar.finish_and_clear();
    let inferred = inferred?;
    terminal::say(&format!("tenant key: {}", inferred.tenant_key));
    for warning in &inferred.warnings {
        terminal::say(&format!("look at this: {warning}"));
    }
    match &args.out {
        None => terminal::print(&inferred.toml)?,
        Some(path) => {
            write_new(path, &inferred.toml)?;
            terminal::say(&format!(
                "wrote {} tables to {}; read it, exclude what nobody may see, then name it in \
                 [catalog] path",
                inferred.catalog.tables.len(),
                path.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let said = |error| Failure::failed(format!("cannot write {}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(said)?;
    file.write_all(text.as_bytes()).map_err(said)
}

async fn check(args: CheckArgs, runtime: Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let config = quiet(args.file.load()?.config)?;
    let catalog = app::declared_catalog(&config).map_err(Failure::usage)?;
    let Some(catalog) = catalog else {
        return Err(Failure::usage("there is no catalog to check: set [catalog] path"));
    };
    let source = open(&config, &runtime).await?;
    let bar = terminal::bar("looking", terminal::Unit::Documents);
    let mut show = super::query::progress_on(bar.clone());
    let report = source::infer::check(source.as_ref(), &catalog, size(args.full), &mut |step| {
        show(&step.into());
    })
    .await;
    bar.finish_and_clear();
    let report = report?;
    terminal::print(&report.to_string())?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(DRIFTED) })
}

fn quiet(mut config: Config) -> Result<Config, Failure> {
    config.telemetry.log_level = "error".to_owned();
    start_logging(&config.telemetry).map_err(Failure::usage)?;
    Ok(config)
}

async fn open(config: &Config, runtime: &Arc<SystemRuntime>) -> Result<Arc<dyn Source>, Failure> {
    let bar = terminal::bar("reading the source", terminal::Unit::Bytes);
    let mut progress: Box<dyn FnMut(&Progress) + Send> =
        Box::new(super::query::progress_on(bar.clone()));
    let source = app::open_source(config, None, runtime, &mut progress).await;
    bar.finish_and_clear();
    Ok(source?)
}
