//! `litevisor demo`: sample data, served.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::serve::Settled;
use super::{Failure, ListenFlags, terminal};
use crate::app::{self, App};
use crate::config::{Config, Layers, SourceKind};
use crate::demo::{self, DemoData, QUERIES};
use crate::runtime::SystemRuntime;
use crate::telemetry::start_logging;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Where the sample data go [default: litevisor-demo in the system's folder for temporary files]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    listen: ListenFlags,
}

/// The folder of the sample data, and the settings to serve them with.
pub(super) struct Ready {
    dir: PathBuf,
    settled: Settled,
}

/// All that is done before the program has threads.
pub(super) fn settle(args: DemoArgs) -> Result<Ready, Failure> {
    let dir = args.dir.unwrap_or_else(|| std::env::temp_dir().join("litevisor-demo"));
    let layers = Layers::new().flag("demo", "telemetry", "log_level", "warn").flag(
        "demo",
        "catalog",
        "path",
        dir.join("catalog.toml").display().to_string(),
    );
    let config = Config::load(args.listen.layer(super::environment(layers)))?.config;
    // What is wrong with the flags is said before the data are made.
    config.check_exposure()?;
    start_logging(&config.telemetry).map_err(Failure::usage)?;
    std::fs::create_dir_all(&dir).map_err(|error| unwritten(&dir, &error))?;
    let mut grants = app::grants(&config);
    grants.write(&dir);
    Ok(Ready { dir, settled: Settled::confine(config, &grants)? })
}

fn unwritten(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write the sample data: {}: {error}", dir.display()))
}

pub(super) async fn run(ready: Ready, runtime: Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let Ready { dir, mut settled } = ready;
    let data = write(&dir, &runtime).await?;
    settled.config.catalog.path = Some(data.catalog.clone());
    settled.config.source.kind = Some(SourceKind::Dump);
    settled.config.source.path = Some(data.dump.clone());
    super::serve::serve(settled, runtime, |app| greet(app, &data)).await
}

async fn write(dir: &Path, runtime: &Arc<SystemRuntime>) -> Result<DemoData, Failure> {
    let bar = terminal::bar("making sample data", terminal::Unit::Documents);
    let (done, made) = tokio::sync::oneshot::channel();
    let (dir, shown) = (dir.to_owned(), bar.clone());
    let make = move || {
        let mut progress = |documents, total| {
            shown.set_length(total);
            shown.set_position(documents);
        };
        let result = demo::write(&dir, &mut progress);
        // Nobody listens any more if the program was told to end.
        let _ = done.send(result.map_err(|error| unwritten(&dir, &error)));
    };
    hypervisor::Runtime::thread(runtime.as_ref(), "demo-data".to_owned(), Box::new(make))?;
    let written = made.await;
    bar.finish_and_clear();
    written.map_err(|_| Failure::failed("making the sample data crashed"))?
}

/// What one sees, and five queries to paste.
fn greet(app: &App, data: &DemoData) {
    let base = format!("http://{}", app.address());
    let mut text = format!(
        "A print fleet of {} customers: {} documents in {}\nThe largest:",
        data.tenants.len(),
        data.documents,
        data.dump.display()
    );
    for (tenant, documents) in data.tenants.iter().take(3) {
        text.push_str(&format!(" {tenant} ({documents} documents)"));
    }
    text.push_str("\n\nPaste into another terminal:\n");
    for query in QUERIES {
        text.push_str(&format!("\n# {}\n{}\n", query.title, query.curl(&base)));
    }
    // The text is a courtesy; a closed standard output ends nothing.
    let _ = terminal::print(&format!("{text}\n"));
}
