//! `litevisor serve`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{ConfigFile, Failure, ListenFlags, terminal};
use crate::app::{self, App};
use crate::config::Config;
use crate::runtime::{Grants, Landlock, SystemRuntime};
use crate::telemetry::start_logging;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    listen: ListenFlags,
}

/// Settings that were checked, in a process that is confined to what they name.
pub(super) struct Settled {
    pub(super) config: Config,
    landlock: Landlock,
}

impl Settled {
    /// Confines the process, which must not have a second thread yet, to what `config` names and to
    /// `grants`.
    pub(super) fn confine(config: Config, grants: &Grants) -> Result<Self, Failure> {
        let landlock = Landlock::confine_process(config.process.landlock, grants);
        Ok(Settled { config, landlock: landlock.map_err(Failure::usage)? })
    }
}

/// All that is done before the program has threads.
pub(super) fn settle(args: ServeArgs) -> Result<Settled, Failure> {
    let loaded = Config::load(args.listen.layer(args.file.layers()?))?;
    let config = &loaded.config;
    config.check_exposure()?;
    app::check(config).map_err(Failure::usage)?;
    start_logging(&config.telemetry).map_err(Failure::usage)?;
    app::warn_of_open_secrets(&loaded);
    let config = loaded.config;
    let grants = app::grants(&config);
    Settled::confine(config, &grants)
}

pub(super) async fn run(
    settled: Settled,
    runtime: Arc<SystemRuntime>,
) -> Result<ExitCode, Failure> {
    // Of a `serve` only: with its terminal, a demo goes.
    match runtime.lifecycle().watch_hangups() {
        Ok(watching) => runtime.spawn_task("hangups", watching),
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be watched"),
    }
    serve(settled, runtime, |_| {}).await
}

/// Serves until the process is told to end; `bound` is told the address once it is taken.
pub(super) async fn serve(
    settled: Settled,
    runtime: Arc<SystemRuntime>,
    bound: impl FnOnce(&App),
) -> Result<ExitCode, Failure> {
    let Settled { config, landlock } = settled;
    runtime.note_landlock(landlock);
    let app = App::bind(config, Arc::clone(&runtime)).await.map_err(Failure::failed)?;
    bound(&app);
    let [public, admin] = app.schemes();
    terminal::say(&format!(
        "listening on {public}://{} (operator: {admin}://{})",
        app.address(),
        app.admin_address()
    ));
    let bar = terminal::bar("reading the source", terminal::Unit::Bytes);
    // Whatever ends a start that a look at the configuration let pass: a corrupt dump, a wrong catalog.
    app.run(super::query::progress_on(bar)).await.map_err(Failure::usage)?;
    if runtime.lifecycle().crashed() {
        return Err(Failure::failed("a part of the program crashed; the log says which"));
    }
    Ok(ExitCode::SUCCESS)
}
