//! What the operator sees: logs and metrics.

mod events;
mod log;
mod metrics;

pub use events::EventSink;
pub use log::start_logging;
pub use metrics::{METRICS, MetricKind, Metrics, Outcome, Route, Stage};
