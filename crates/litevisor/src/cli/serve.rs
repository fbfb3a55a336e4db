//! `litevisor serve`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{ConfigFile, Failure, ListenFlags, terminal};
use crate::app::{self, App};
use crate::config::Config;
use crate::runtime::SystemRuntime;
use crate::telemetry::start_logging;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    listen: ListenFlags,
}

pub(super) async fn run(args: ServeArgs, runtime: Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let config = Config::load(args.listen.layer(args.file.layers()?))?.config;
    config.check_exposure()?;
    app::check(&config).map_err(Failure::usage)?;
    start_logging(&config.telemetry).map_err(Failure::usage)?;
    serve(config, runtime, |_| {}).await
}

/// Serves until the process is told to end; `bound` is told the address once it is taken.
pub(super) async fn serve(
    config: Config,
    runtime: Arc<SystemRuntime>,
    bound: impl FnOnce(&App),
) -> Result<ExitCode, Failure> {
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
