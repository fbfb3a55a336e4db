//! Log lines: text for people on a terminal, else one JSON object a line, to standard error.
//! A tenant's id is a field of the span; SQL parameters are never logged.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::span_fields::SpanFields;
use crate::config::{LogFormat, TelemetryConfig};

/// Starts writing log lines. The second call in a process changes nothing (tests).
///
/// # Errors
/// A filter that cannot be read.
pub fn start_logging(config: &TelemetryConfig) -> Result<(), String> {
    // By target and level alone: filters that look at spans cost each request some.
    let filter = config.log_level.parse::<Targets>();
    let filter = filter.map_err(|error| format!("telemetry.log_level: {error}"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let json = match config.log_format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let ansi = std::io::stderr().is_terminal();
    // A global subscriber may be set once; a test binary starts several programs.
    let _ = if json {
        let json = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
        let json = json.fmt_fields(SpanFields);
        registry.with(json).try_init()
    } else {
        registry.with(lines.with_ansi(ansi).with_target(false)).try_init()
    };
    Ok(())
}
