//! `[telemetry]`: logs.

use super::reader::Reader;
use super::value::words;

/// `[telemetry]`.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which lines are written, as a filter of tracing (`info`, `litevisor=debug,warn`).
    pub log_level: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

words!(LogFormat, "auto" => LogFormat::Auto, "text" => LogFormat::Text, "json" => LogFormat::Json);

impl TelemetryConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "telemetry";
        TelemetryConfig {
            log_format: reader.take(S, "log_format", LogFormat::Auto),
            log_level: reader.take(S, "log_level", "info".to_owned()),
        }
    }
}
