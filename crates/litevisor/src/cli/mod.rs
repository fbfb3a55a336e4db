//! The command line (INTERFACE §4).

mod canary;
mod catalog;
mod config;
mod demo;
mod explain;
mod key;
mod query;
mod sandbox;
mod serve;
mod table;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::config::{Config, ConfigError, Layers, Loaded};
use crate::runtime::{Lifecycle, SystemRuntime};

/// The process's exit code after the signal that ends it at once, as shells have it for an interrupt.
pub const STOPPED: u8 = 130;

const CONFIG_FILE: &str = "litevisor.toml";

const AFTER_HELP: &str = "\
Examples:
  litevisor demo
      Makes sample data, serves it and prints queries to paste. Needs nothing else.
  litevisor catalog infer --out catalog.toml
      Looks at the source's documents and writes which tables they would make.
  litevisor serve --config litevisor.toml
      Serves SQL over the source that the file names.
  litevisor query --tenant acme \"SELECT count(*) FROM devices\"
      One query, without a server.

Settings come from litevisor.toml, then from the environment (LITEVISOR__SECTION__KEY, for example
LITEVISOR__SOURCE__URI), then from flags. `litevisor config show` tells where each one came from.

Exit codes: 0 done, 1 failed (for `catalog check`: the source has drifted), 2 wrong usage or
configuration, 130 stopped by Ctrl-C (`serve` and `demo`, which drain first: by a second one).";

/// SQL for each tenant over its own MongoDB documents: every tenant gets an in-memory SQLite
/// instance of its own, booted at the first query.
#[derive(Debug, Parser)]
#[command(name = "litevisor", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes sample data, serves it and prints queries to paste
    Demo(demo::DemoArgs),
    /// Serves SQL over HTTP until Ctrl-C or SIGTERM (once drains, twice stops); SIGHUP reads
    /// credentials and certificates again
    Serve(serve::ServeArgs),
    /// Runs one query without a server
    Query(query::QueryArgs),
    /// Writes or checks the catalog: which documents make which tables
    #[command(subcommand)]
    Catalog(catalog::CatalogCommand),
    /// Shows the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Says whether a principal may do an action to a tenant, and why
    ExplainAccess(explain::ExplainArgs),
    /// Makes, lists and revokes API keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// The decoy tenant that proves isolation
    #[command(subcommand)]
    Canary(canary::CanaryCommand),
    /// Prints what a tenant's SQL may do: actions, functions, PRAGMAs, modules of virtual tables
    Sandbox,
}

/// `--config`, of every command but `demo`.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration file [default: ./litevisor.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `--listen` and `--admin-listen`.
#[derive(Debug, Args)]
struct ListenFlags {
    /// Where tenants' requests come in [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where probes, metrics and the operator come in [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
}

impl ListenFlags {
    fn layer(&self, mut layers: Layers) -> Layers {
        if let Some(listen) = &self.listen {
            layers = layers.flag("--listen", "http", "listen", listen);
        }
        if let Some(listen) = &self.admin_listen {
            layers = layers.flag("--admin-listen", "http", "admin_listen", listen);
        }
        layers
    }
}

impl ConfigFile {
    /// File and environment.
    fn layers(&self) -> Result<Layers, Failure> {
        let layers = Layers::new();
        let (path, said) = match &self.config {
            Some(path) => (path.clone(), true),
            None => (PathBuf::from(CONFIG_FILE), false),
        };
        let layers = match std::fs::read_to_string(&path) {
            Ok(text) => layers.file(&path.display().to_string(), &text)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !said => layers,
            Err(error) => {
                return Err(Failure::usage(format!("cannot read {}: {error}", path.display())));
            }
        };
        Ok(environment(layers))
    }

    /// All settings of a command without flags for them.
    fn load(&self) -> Result<Loaded, Failure> {
        Ok(Config::load(self.layers()?)?)
    }
}

/// Adds the process's environment. Variables that are not UTF-8 cannot be ours.
fn environment(layers: Layers) -> Layers {
    let variables = std::env::vars_os();
    layers.environment(
        variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// Why a command ends with an exit code other than 0.
#[derive(Debug)]
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// Something went wrong.
    fn failed(message: impl Into<String>) -> Self {
        Failure { message: message.into(), code: 1 }
    }

    /// The command or the configuration is wrong.
    fn usage(message: impl Into<String>) -> Self {
        Failure { message: message.into(), code: 2 }
    }

    /// Says it; the exit code.
    fn told(self) -> ExitCode {
        complain(&self.message);
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error.to_string())
    }
}

impl From<model::Error> for Failure {
    fn from(error: model::Error) -> Self {
        // The operator sits in front of it: the details too.
        let detail = error.internal.map_or(String::new(), |detail| format!("\n{detail}"));
        Failure::failed(format!("{} ({}){detail}", error.message, error.code))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::failed(error.to_string())
    }
}

impl Cli {
    /// The process's arguments; ends the process if they are wrong, or ask for help.
    pub fn read() -> Self {
        Cli::parse()
    }

    /// Does what must be done before the process has a second thread: `serve` and `demo` read their
    /// settings, and confine the process to what these name.
    ///
    /// # Errors
    /// The process's exit code; why was said.
    pub fn settle(self) -> Result<Settled, ExitCode> {
        let run: Run = match self.command {
            Command::Demo(args) => {
                let ready = demo::settle(args).map_err(Failure::told)?;
                Box::new(|runtime| demo::run(ready, runtime).boxed_local())
            }
            Command::Serve(args) => {
                let settled = serve::settle(args).map_err(Failure::told)?;
                Box::new(|runtime| serve::run(settled, runtime).boxed_local())
            }
            Command::Query(args) => Box::new(|runtime| {
                unless_stopped(runtime.lifecycle().clone(), query::run(args, runtime)).boxed_local()
            }),
            Command::Catalog(command) => Box::new(|runtime| {
                let lifecycle = runtime.lifecycle().clone();
                unless_stopped(lifecycle, catalog::run(command, runtime)).boxed_local()
            }),
            Command::Config(command) => at_once(|_| config::run(command)),
            Command::ExplainAccess(args) => at_once(move |runtime| explain::run(&args, runtime)),
            Command::Key(command) => at_once(|runtime| key::run(command, runtime)),
            Command::Canary(command) => at_once(|_| canary::run(command)),
            Command::Sandbox => at_once(|_| sandbox::run()),
        };
        Ok(Settled(run))
    }
}

/// What is left of a command once the process may have threads.
type Run =
    Box<dyn FnOnce(Arc<SystemRuntime>) -> LocalBoxFuture<'static, Result<ExitCode, Failure>>>;

/// A command that waits for nothing.
fn at_once(
    command: impl FnOnce(&Arc<SystemRuntime>) -> Result<ExitCode, Failure> + 'static,
) -> Run {
    Box::new(|runtime| std::future::ready(command(&runtime)).boxed_local())
}

/// A command that may run.
pub struct Settled(Run);

impl Settled {
    /// Runs the command to its end.
    pub async fn run(self, runtime: Arc<SystemRuntime>) -> ExitCode {
        (self.0)(runtime).await.unwrap_or_else(Failure::told)
    }
}

/// A command that has nothing to drain: the first Ctrl-C or SIGTERM ends it.
async fn unless_stopped(
    lifecycle: Lifecycle,
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    tokio::select! {
        biased;
        result = command => result,
        () = lifecycle.draining() => {
            Err(Failure { message: "stopped".to_owned(), code: STOPPED })
        }
    }
}

/// Says what is wrong on standard error.
pub fn complain(message: &str) -> ExitCode {
    terminal::say(&format!("error: {message}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_hold_together() {
        Cli::command().debug_assert();
        for line in [
            "litevisor demo --dir d --listen 127.0.0.1:1",
            "litevisor serve --config x.toml --listen 127.0.0.1:1 --admin-listen 127.0.0.1:2",
            "litevisor query --tenant t --format csv SELECT",
            "litevisor catalog infer --full --out c.toml --config x",
            "litevisor catalog check",
            "litevisor config show",
            "litevisor sandbox",
            "litevisor key create --name n --tenant a --tenant b --role owner --expires-in 90d",
            "litevisor key create --name n --tenant-pattern a-* --file keys.toml",
            "litevisor key create --name n --all-tenants",
            "litevisor key list --file keys.toml",
            "litevisor explain-access --principal dash --action query --tenant acme",
            "litevisor explain-access --claims c.json --action query --tenant acme",
            "litevisor explain-access --role owner --of acme --action query --tenant acme",
            "litevisor key revoke 0123456789abcdef",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from(["litevisor", "query", "SELECT 1"]).is_err(), "no tenant");
        for line in ["--name n", "--tenant a", "--name n --tenant a --all-tenants"] {
            let line = format!("litevisor key create {line}");
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
