//! What the operator sees: logs and metrics.

mod access;
mod audit;
mod edge;
mod events;
mod handover;
mod labels;
mod log;
mod metrics;
mod requests;
mod span_fields;

pub use access::CredentialFile;
pub use audit::{Audit, AuditLine};
pub use edge::HandshakeFailure;
pub use events::EventSink;
pub use handover::Direction;
pub use labels::{Outcome, Route, Stage};
pub use log::start_logging;
pub use metrics::{METRICS, MetricKind, Metrics};
pub use requests::{QueryFacts, RequestFacts, Times, warn_if_slow};
