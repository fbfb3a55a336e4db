//! Log lines: text for people on a terminal, else one JSON object a line, to standard error.
//! A tenant's id is a field of the span; SQL parameters are never logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogFormat, TelemetryConfig};

/// Starts writing log lines. The second call in a process changes nothing (tests).
///
/// # Errors
/// A filter that cannot be read.
pub fn start_logging(config: &TelemetryConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.log_level)
        .map_err(|error| format!("telemetry.log_level: {error}"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    let json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let ansi = std::io::stderr().is_terminal();
    // A global subscriber may be set once; a test binary starts several programs.
    let _ = if json {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    } else {
        lines.with_ansi(ansi).with_target(false).try_init()
    };
    Ok(())
}
