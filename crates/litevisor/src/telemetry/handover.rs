//! Metrics of many replicas: images that came from peers and went to them, and whether there should be
//! more replicas.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Which way an image went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// It came from a peer, asked for or not.
    In,
    /// It was left with a peer by this replica, which leaves.
    Out,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    direction: &'static str,
    outcome: &'static str,
}

#[derive(Default)]
pub(super) struct HandoverMetrics {
    handovers: Family<Labels, Counter>,
    bytes: Counter,
    refaults: Counter,
    duplicates: Gauge,
}

impl HandoverMetrics {
    /// `help` gives a metric's meaning by its name.
    pub(super) fn register(&self, registry: &mut Registry, help: fn(&str) -> &'static str) {
        registry.register("handovers", help("handovers"), self.handovers.clone());
        registry.register("handover_bytes", help("handover_bytes"), self.bytes.clone());
        registry.register("refaults", help("refaults"), self.refaults.clone());
        registry.register("duplicates", help("duplicates"), self.duplicates.clone());
    }

    pub(super) fn count(&self, direction: Direction, ok: bool, images: u64) {
        let outcome = if ok { "ok" } else { "failed" };
        let labels = Labels { direction: direction.name(), outcome };
        self.handovers.get_or_create(&labels).inc_by(images);
    }

    pub(super) fn refault(&self) {
        self.refaults.inc();
    }

    pub(super) fn duplicates(&self, instances: i64) {
        self.duplicates.set(instances);
    }

    pub(super) fn bytes(&self, bytes: u64) {
        self.bytes.inc_by(bytes);
    }
}
