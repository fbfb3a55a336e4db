//! `litevisor query`: one query, without a server.

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use engine::{Params, Script};
use export::{Format, Output};
use hypervisor::{Hypervisor, Interrupt, Opened, QueryRequest, QuerySink};
use indicatif::ProgressBar;
use model::{Cell, Column, Error, Flow, RowSink, Summary, TenantId};

use super::table::TableSink;
use super::{ConfigFile, Failure, terminal};
use crate::app::{self, Progress};
use crate::config::Config;
use crate::http::UrlParams;
use crate::runtime::SystemRuntime;
use crate::telemetry::{EventSink, Metrics, start_logging};

#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    #[command(flatten)]
    file: ConfigFile,
    /// Whose data
    #[arg(long, value_name = "ID")]
    tenant: String,
    /// table, json, ndjson or csv [default: table on a terminal, else csv]
    #[arg(long)]
    format: Option<String>,
    /// A parameter, NAME=VALUE or 1=VALUE; a VALUE that is a number is bound as one, with
    /// NAME:text=VALUE as text
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// At most so many rows
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// The SQL; `-` reads it from standard input
    sql: String,
}

pub(super) async fn run(args: QueryArgs, runtime: Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let format = wanted_format(args.format.as_deref())?;
    let sql = if args.sql == "-" { std::io::read_to_string(std::io::stdin())? } else { args.sql };
    let params = params(&args.params)?;
    let mut config = args.file.load()?.config;
    // Log lines between rows help nobody; what is wrong ends the command with its message.
    config.telemetry.log_level = "error".to_owned();
    start_logging(&config.telemetry).map_err(Failure::usage)?;
    let (hypervisor, tenant) = start(&config, &runtime, &args.tenant).await?;

    let request = QueryRequest {
        tenant: tenant.clone(),
        script: Script { sql: sql.clone(), params },
        timeout: config.query.timeout.0,
        max_rows: args.max_rows,
        max_age: None,
        lane: Default::default(),
    };
    let bar = terminal::bar(&format!("booting {tenant}"), terminal::Unit::Documents);
    let table = TableSink::default();
    let broken = Broken::default();
    let inner: Box<dyn RowSink + Send> = match format {
        None => Box::new(table.clone()),
        Some(format) => {
            export::encoder(format, Stdout { bar: bar.clone(), broken: broken.clone() })
        }
    };
    let sink = Box::new(CliSink { inner, bar: bar.clone() });
    let running = hypervisor.query(request, sink, Interrupt::new());
    let result = with_progress(running, &hypervisor, &tenant, &bar).await;
    bar.finish_and_clear();
    broken.told()?;
    let summary = result.map_err(|error| explain(error, &sql))?;
    if format.is_none() {
        let (text, line) = table.render();
        terminal::print(&text)?;
        let as_of = summary.as_of.map_or(String::new(), |as_of| format!(", as of {as_of}"));
        terminal::say(&format!("{line}{as_of}"));
    } else if let Some(cut) = summary.cut {
        terminal::say(&format!("not all rows: cut by {}", cut.name()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn start(
    config: &Config,
    runtime: &Arc<SystemRuntime>,
    tenant: &str,
) -> Result<(Hypervisor, TenantId), Failure> {
    let bar = terminal::bar("reading the source", terminal::Unit::Bytes);
    let mut progress: Box<dyn FnMut(&Progress) + Send> = Box::new(progress_on(bar.clone()));
    let built = app::build(config, runtime, &mut progress).await;
    bar.finish_and_clear();
    let parts = built.map_err(|error| match error {
        app::StartError::Wait(error) => Failure::from(error),
        app::StartError::Wrong(message) => Failure::usage(message),
    })?;
    let tenant = TenantId::parse(tenant, parts.catalog.tenant_key_type)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let events = Arc::new(EventSink::new(Arc::new(Metrics::new())));
    Ok((parts.hypervisor(config, None, (runtime, events)).await?, tenant))
}

/// Shows a slow start on a bar.
pub(super) fn progress_on(bar: ProgressBar) -> impl FnMut(&Progress) + Send + 'static {
    move |step| match step {
        Progress::Indexing { bytes_done, bytes_total } => {
            bar.set_length(*bytes_total);
            bar.set_position(*bytes_done);
        }
        Progress::Sampling { collection, documents_done, documents_total } => {
            bar.set_message(format!("looking at {collection}"));
            bar.set_length(*documents_total);
            bar.set_position(*documents_done);
        }
        Progress::Done => bar.finish_and_clear(),
    }
}

/// Waits for the query; meanwhile the bar shows the boot.
async fn with_progress(
    running: impl Future<Output = Result<Summary, Error>>,
    hypervisor: &Hypervisor,
    tenant: &TenantId,
    bar: &ProgressBar,
) -> Result<Summary, Error> {
    let mut running = std::pin::pin!(running);
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            biased;
            result = running.as_mut() => return result,
            _ = ticks.tick() => {
                if let Ok(status) = hypervisor.instance(tenant).await
                    && let Some(load) = status.progress
                {
                    bar.set_length(load.documents_expected.unwrap_or(load.documents));
                    bar.set_position(load.documents);
                }
            }
        }
    }
}

fn wanted_format(name: Option<&str>) -> Result<Option<Format>, Failure> {
    match name {
        Some("table") => Ok(None),
        Some(name) => match Format::parse(name) {
            Some(format) => Ok(Some(format)),
            None => Err(Failure::usage(format!(
                "there is no format `{name}`; there are table, json, ndjson, csv"
            ))),
        },
        None if terminal::is_terminal() => Ok(None),
        None => Ok(Some(Format::Csv)),
    }
}

fn params(given: &[String]) -> Result<Params, Failure> {
    let wrong = |error: Error| Failure::usage(format!("--param: {}", error.message));
    let mut params = UrlParams::default();
    for param in given {
        let Some((name, text)) = param.split_once('=') else {
            return Err(Failure::usage(format!("--param {param}: write NAME=VALUE")));
        };
        params.add(name, text.to_owned()).map_err(wrong)?;
    }
    params.finish().map_err(wrong)
}

/// The error with its place in the SQL.
fn explain(error: Error, sql: &str) -> Failure {
    let place = error.offset.map(|offset| terminal::caret(sql, offset));
    let mut failure = Failure::from(error);
    if let Some(place) = place {
        failure.message = format!("{}\n{place}", failure.message);
    }
    failure
}

/// Rows on their way to standard output: the bar goes before the first of them.
struct CliSink {
    inner: Box<dyn RowSink + Send>,
    bar: ProgressBar,
}

impl QuerySink for CliSink {
    fn opened(&mut self, _: &Opened) {
        self.bar.finish_and_clear();
    }
}

impl RowSink for CliSink {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.inner.begin(columns)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.inner.row(cells)
    }

    fn finish(&mut self, summary: &Summary) {
        self.inner.finish(summary);
    }

    fn fail(&mut self, error: &Error) {
        self.inner.fail(error);
    }
}

/// Why standard output took no more, if it did not.
#[derive(Clone, Default)]
struct Broken(Arc<Mutex<Option<std::io::Error>>>);

impl Broken {
    fn note(&self, error: std::io::Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// A result that is not whole is a failure; but a closed pipe (`| head`) wants no more rows.
    fn told(&self) -> Result<(), Failure> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::failed(format!("the result could not be written: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// Standard output as an encoder's output.
struct Stdout {
    bar: ProgressBar,
    broken: Broken,
}

impl Stdout {
    fn flush(&self) {
        if let Err(error) = std::io::stdout().flush() {
            self.broken.note(error);
        }
    }
}

impl Output for Stdout {
    fn chunk(&mut self, bytes: Vec<u8>) -> Flow {
        match self.bar.suspend(|| std::io::stdout().write_all(&bytes)) {
            Ok(()) => Flow::Continue,
            Err(error) => {
                self.broken.note(error);
                Flow::Stop
            }
        }
    }

    fn abort(&mut self) {
        self.flush();
    }

    fn end(&mut self) {
        self.flush();
    }
}
