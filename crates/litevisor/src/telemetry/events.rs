//! Lifecycle facts turned into log lines and metrics.

use std::sync::Arc;
use std::time::Duration;

use hypervisor::{Event, Events};
use model::{Error, TenantId};

use super::{Direction, Metrics, Outcome};

/// Takes the hypervisor's events.
pub struct EventSink {
    metrics: Arc<Metrics>,
}

impl EventSink {
    /// A sink into these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        EventSink { metrics }
    }
}

impl EventSink {
    fn taken_over(&self, tenant: &Option<&TenantId>, bytes: u64, took: Duration) {
        self.metrics.handed_over(Direction::In, true, 1);
        self.metrics.handover_bytes(bytes);
        let (tenant, took_ms) = (whose(tenant), took.as_millis() as u64);
        tracing::info!("tenant.id" = tenant, took_ms, bytes, "taken over from a peer");
    }

    fn not_taken_over(&self, tenant: &Option<&TenantId>, error: &Error) {
        self.metrics.handed_over(Direction::In, false, 1);
        tracing::warn!(
            "tenant.id" = whose(tenant),
            internal = error.internal,
            "a peer's copy was not taken: {}",
            error.message
        );
    }
}

/// The word logged for the shared tables, which are nobody's.
fn whose<'a>(tenant: &Option<&'a TenantId>) -> &'a str {
    tenant.map_or("(shared)", TenantId::as_str)
}

impl Events for EventSink {
    fn emit(&self, event: &Event<'_>) {
        match event {
            Event::LoadStarted { tenant, kind } => {
                tracing::debug!("tenant.id" = whose(tenant), load = kind.name(), "loading");
            }
            Event::TablesPublished { tenant, tables, bytes, generation } => {
                let tenant = whose(tenant);
                tracing::debug!("tenant.id" = tenant, tables, bytes, generation, "published");
            }
            Event::LoadFinished { tenant, kind, took, documents, rows, reloads } => {
                self.metrics.load_ended(kind.name(), Outcome::Ok, Some(*took));
                self.metrics.loaded(*documents, *rows);
                let (tenant, took_ms) = (whose(tenant), took.as_millis() as u64);
                tracing::info!(
                    "tenant.id" = tenant,
                    load = kind.name(),
                    took_ms,
                    documents,
                    rows,
                    reloads,
                    "loaded"
                );
            }
            Event::LoadFailed { tenant, kind, error } => {
                self.metrics.load_ended(kind.name(), Outcome::Failed(error.code), None);
                tracing::warn!(
                    "tenant.id" = whose(tenant),
                    load = kind.name(),
                    code = error.code.slug(),
                    internal = error.internal,
                    "a load failed: {}",
                    error.message
                );
            }
            Event::LoadStopped { tenant, kind } => {
                self.metrics.load_ended(kind.name(), Outcome::ClientGone, None);
                let tenant = whose(tenant);
                tracing::info!("tenant.id" = tenant, load = kind.name(), "a load was stopped");
            }
            Event::PointLost { tenant, error } => {
                tracing::info!(
                    "tenant.id" = whose(tenant),
                    internal = error.and_then(|error| error.internal.as_deref()),
                    "the point in time can no longer be read; what is needed is read anew"
                );
            }
            Event::Refault => self.metrics.refault(),
            Event::TakenOver { tenant, bytes, took } => self.taken_over(tenant, *bytes, *took),
            Event::NotTakenOver { tenant, error } => self.not_taken_over(tenant, error),
            Event::Closing { tenant, reason, leases } => {
                self.metrics.evicted(reason.name());
                let tenant = whose(tenant);
                tracing::info!("tenant.id" = tenant, reason = reason.name(), leases, "closing");
            }
            Event::Shed { tenant, reason } => {
                self.metrics.shed(reason.name());
                tracing::debug!("tenant.id" = tenant.as_str(), reason = reason.name(), "shed");
            }
            Event::Panicked { doing, message } => {
                self.metrics.panicked();
                tracing::error!(doing, message, "a part of the program panicked; it was caught");
            }
            Event::DrainStep { step, took, in_time } => {
                tracing::info!(step, took_ms = took.as_millis() as u64, in_time, "drain");
            }
            // Queries are counted where their answers end; other facts are for tests.
            _ => {}
        }
    }
}
