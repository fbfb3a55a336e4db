//! `litevisor demo`: sample data, served.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{Failure, ListenFlags};
use crate::runtime::SystemRuntime;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the sample data go [default: litevisor-demo in the system's folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    listen: ListenFlags,
}

pub(super) async fn run(
    _args: DemoArgs,
    _runtime: Arc<SystemRuntime>,
) -> Result<ExitCode, Failure> {
    let _ = (_args.dir, _args.listen);
    Err(Failure::failed("stub"))
}
