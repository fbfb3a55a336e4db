//! Metrics for Prometheus. Names are a closed list, each with a row in `docs/metrics.md`; labels
//! are closed enums; no label ever holds a tenant.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use hypervisor::{Lane, State, Usage};
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::labels::{
    LaneLabel, LoadLabels, Outcome, OutcomeLabel, PhaseLabel, ReasonLabel, RequestLabels, Route,
    Stage, StageLabel, StateLabel,
};

use super::access::{AccessMetrics, CredentialFile};
use super::edge::{EdgeMetrics, HandshakeFailure};
use super::handover::{Direction, HandoverMetrics};

/// What a metric does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

impl MetricKind {
    /// The word in the documentation.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        }
    }
}

/// Every metric: its full name as scraped, its kind, its labels, its meaning.
pub const METRICS: &[(&str, MetricKind, &str, &str)] = &[
    ("litevisor_http_requests_total", MetricKind::Counter, "route, status", "Requests answered"),
    ("litevisor_http_connections", MetricKind::Gauge, "", "Connections open now"),
    ("litevisor_queries_total", MetricKind::Counter, "outcome", "Queries ended"),
    ("litevisor_query_stage_seconds", MetricKind::Histogram, "stage", "Time of a query's stages"),
    ("litevisor_result_rows_total", MetricKind::Counter, "", "Rows sent in whole results"),
    ("litevisor_result_bytes_total", MetricKind::Counter, "", "Bytes of encoded results"),
    ("litevisor_instances", MetricKind::Gauge, "state", "Slots by state"),
    ("litevisor_loads_total", MetricKind::Counter, "kind, outcome", "Loads ended"),
    ("litevisor_load_seconds", MetricKind::Histogram, "", "Time of loads that succeeded"),
    ("litevisor_loaded_documents_total", MetricKind::Counter, "", "Documents read by loads"),
    ("litevisor_loaded_rows_total", MetricKind::Counter, "", "Rows stored by loads"),
    ("litevisor_shed_total", MetricKind::Counter, "reason", "Requests turned away"),
    ("litevisor_panics_total", MetricKind::Counter, "", "Panics caught"),
    ("litevisor_queries_under_way", MetricKind::Gauge, "phase", "Queries under way"),
    (
        "litevisor_cpu_turn_wait_seconds_total",
        MetricKind::Counter,
        "lane",
        "Time that queries and loads waited for CPU turns",
    ),
    ("litevisor_budget_used_bytes", MetricKind::Gauge, "", "Bytes reserved of the budget"),
    ("litevisor_queries_held_bytes", MetricKind::Gauge, "", "Bytes that queries hold"),
    ("litevisor_budget_limit_bytes", MetricKind::Gauge, "", "The budget"),
    ("litevisor_evictions_total", MetricKind::Counter, "reason", "Instances shut down"),
    ("litevisor_access_denied_total", MetricKind::Counter, "reason", "Requests not allowed"),
    (
        "litevisor_credential_reads_total",
        MetricKind::Counter,
        "file, outcome",
        "Files of credentials read anew",
    ),
    (
        "litevisor_tls_handshake_failures_total",
        MetricKind::Counter,
        "reason",
        "TLS handshakes that came to nothing",
    ),
    ("litevisor_tls_reads_total", MetricKind::Counter, "outcome", "TLS files read anew"),
    ("litevisor_canaries_seen_total", MetricKind::Counter, "", "Results that held a canary"),
    ("litevisor_handovers_total", MetricKind::Counter, "direction, outcome", "Images handed over"),
    ("litevisor_handover_bytes_total", MetricKind::Counter, "", "Bytes of images from peers"),
    ("litevisor_refaults_total", MetricKind::Counter, "", "Boots soon after memory was short"),
    ("litevisor_duplicates", MetricKind::Gauge, "", "Instances of which a peer took a copy"),
];

/// All metrics of this process.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    connections: Gauge,
    queries: Family<OutcomeLabel, Counter>,
    /// The most frequent of them, at hand.
    queries_ok: Counter,
    stages: [Histogram; 4],
    rows: Counter,
    bytes: Counter,
    instances: Family<StateLabel, Gauge>,
    loads: Family<LoadLabels, Counter>,
    load_seconds: Histogram,
    loaded_documents: Counter,
    loaded_rows: Counter,
    shed: Family<ReasonLabel, Counter>,
    panics: Counter,
    phases: Family<PhaseLabel, Gauge>,
    turn_waits: Family<LaneLabel, Counter<f64, AtomicU64>>,
    budget_used: Gauge<u64, AtomicU64>,
    budget_limit: Gauge<u64, AtomicU64>,
    queries_held: Gauge<u64, AtomicU64>,
    evictions: Family<ReasonLabel, Counter>,
    access: AccessMetrics,
    edge: EdgeMetrics,
    handover: HandoverMetrics,
}

/// 50 us to 27 min, each 2.5 times the last: a point query is 30 us, a boot minutes.
fn seconds_histogram() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.5, 20))
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

impl Metrics {
    /// Metrics at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("litevisor");
        let stage_family: Family<StageLabel, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(seconds_histogram);
        // The hot path keeps its four histograms at hand instead of looking them up.
        let stages = [Stage::Boot, Stage::Queue, Stage::Exec, Stage::Stream]
            .map(|stage| stage_family.get_or_create_owned(&StageLabel { stage }));
        let queries = Family::<OutcomeLabel, Counter>::default();
        let metrics = Metrics {
            registry: Mutex::new(Registry::default()),
            requests: Family::default(),
            connections: Gauge::default(),
            queries_ok: queries.get_or_create_owned(&OutcomeLabel { outcome: Outcome::Ok }),
            queries,
            stages,
            rows: Counter::default(),
            bytes: Counter::default(),
            instances: Family::default(),
            loads: Family::default(),
            load_seconds: seconds_histogram(),
            loaded_documents: Counter::default(),
            loaded_rows: Counter::default(),
            shed: Family::default(),
            panics: Counter::default(),
            phases: Family::default(),
            turn_waits: Family::default(),
            budget_used: Gauge::default(),
            budget_limit: Gauge::default(),
            queries_held: Gauge::default(),
            evictions: Family::default(),
            access: AccessMetrics::default(),
            edge: EdgeMetrics::default(),
            handover: HandoverMetrics::default(),
        };
        metrics.register(&mut registry, stage_family);
        *metrics.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = registry;
        metrics
    }

    fn register(
        &self,
        registry: &mut Registry,
        stages: Family<StageLabel, Histogram, fn() -> Histogram>,
    ) {
        let seconds = || Unit::Seconds;
        registry.register("http_requests", help("http_requests"), self.requests.clone());
        registry.register("http_connections", help("http_connections"), self.connections.clone());
        registry.register("queries", help("queries_total"), self.queries.clone());
        registry.register_with_unit("query_stage", help("query_stage"), seconds(), stages);
        registry.register("result_rows", help("result_rows"), self.rows.clone());
        registry.register("result_bytes", help("result_bytes"), self.bytes.clone());
        registry.register("instances", help("instances"), self.instances.clone());
        registry.register("loads", help("loads"), self.loads.clone());
        registry.register_with_unit(
            "load",
            help("load_seconds"),
            seconds(),
            self.load_seconds.clone(),
        );
        registry.register(
            "loaded_documents",
            help("loaded_documents"),
            self.loaded_documents.clone(),
        );
        registry.register("loaded_rows", help("loaded_rows"), self.loaded_rows.clone());
        registry.register("shed", help("shed"), self.shed.clone());
        registry.register("panics", help("panics"), self.panics.clone());
        registry.register("queries_under_way", help("queries_under_way"), self.phases.clone());
        registry.register("cpu_turn_wait_seconds", help("cpu_turn_wait"), self.turn_waits.clone());
        registry.register("budget_used_bytes", help("budget_used"), self.budget_used.clone());
        registry.register("budget_limit_bytes", help("budget_limit"), self.budget_limit.clone());
        registry.register("queries_held_bytes", help("queries_held"), self.queries_held.clone());
        registry.register("evictions", help("evictions"), self.evictions.clone());
        self.access.register(registry, help);
        self.edge.register(registry, help);
        self.handover.register(registry, help);
    }

    /// A request was answered.
    pub fn request(&self, route: Route, status: u16) {
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
    }

    /// A connection came (+1) or went (-1).
    pub fn connection(&self, change: i64) {
        self.connections.inc_by(change);
    }

    /// A query ended.
    pub fn query_ended(&self, outcome: Outcome, rows: u64, bytes: u64) {
        match outcome {
            Outcome::Ok => self.queries_ok.inc(),
            _ => self.queries.get_or_create(&OutcomeLabel { outcome }).inc(),
        };
        self.rows.inc_by(rows);
        self.bytes.inc_by(bytes);
    }

    /// A query's stage took so long.
    pub fn stage(&self, stage: Stage, took: Duration) {
        self.stages[stage as usize].observe(took.as_secs_f64());
    }

    /// A load (boot, grow, refresh) ended.
    pub fn load_ended(&self, kind: &'static str, outcome: Outcome, took: Option<Duration>) {
        self.loads.get_or_create(&LoadLabels { kind, outcome }).inc();
        if let Some(took) = took {
            self.load_seconds.observe(took.as_secs_f64());
        }
    }

    /// What a load read and stored.
    pub fn loaded(&self, documents: u64, rows: u64) {
        self.loaded_documents.inc_by(documents);
        self.loaded_rows.inc_by(rows);
    }

    /// A request was turned away.
    pub fn shed(&self, reason: &'static str) {
        self.shed.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A panic was caught.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// An instance was shut down.
    pub fn evicted(&self, reason: &'static str) {
        self.evictions.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A request was not allowed.
    pub fn access_denied(&self, reason: &'static str) {
        self.access.denied(reason);
    }

    /// A file of credentials was read anew, or could not be.
    pub fn credentials_read(&self, file: CredentialFile, ok: bool) {
        self.access.read(file, ok);
    }

    /// A TLS handshake came to nothing.
    pub fn handshake_failed(&self, why: HandshakeFailure) {
        self.edge.handshake_failed(why);
    }

    /// A result of another tenant held a canary.
    pub fn canary_seen(&self) {
        self.edge.canary_seen();
    }

    /// TLS files that had changed were read.
    pub fn tls_read(&self, ok: bool) {
        self.edge.tls_read(ok);
    }

    /// So many images went to a peer or came from one, or did not.
    pub fn handed_over(&self, direction: Direction, ok: bool, images: u64) {
        self.handover.count(direction, ok, images);
    }

    /// A tenant was booted again soon after memory was short.
    pub fn refault(&self) {
        self.handover.refault();
    }

    /// An image of so many bytes came from a peer.
    pub fn handover_bytes(&self, bytes: u64) {
        self.handover.bytes(bytes);
    }

    /// Memory and load, looked at when scraped.
    pub fn usage(&self, usage: &Usage) {
        let clamp = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, slots) in State::ALL.iter().zip(usage.slots) {
            self.instances.get_or_create(&StateLabel { state: state.name() }).set(clamp(slots));
        }
        let phases = [
            ("running", usage.running),
            ("turn", usage.turns_wanted.iter().sum()),
            ("queued", usage.queued),
            ("booting", usage.waiting),
        ];
        for (phase, count) in phases {
            self.phases.get_or_create(&PhaseLabel { phase }).set(clamp(count));
        }
        for (lane, waited) in Lane::ALL.iter().zip(usage.turns_waited) {
            let wait = self.turn_waits.get_or_create(&LaneLabel { lane: lane.name() });
            let more = waited.as_secs_f64() - wait.get();
            wait.inc_by(more.max(0.0));
        }
        self.budget_used.set(usage.budget_used);
        self.budget_limit.set(usage.budget_limit);
        self.queries_held.set(usage.queries_held);
        self.handover.duplicates(clamp(usage.duplicates));
    }

    /// The text that Prometheus scrapes (OpenMetrics).
    pub fn encode(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing into a String cannot fail.
        let _ = text::encode(&mut out, &registry);
        out
    }
}

/// The meaning of the metric whose name begins so; the encoder adds the full stop.
fn help(name: &str) -> &'static str {
    let known =
        METRICS.iter().find(|(full, ..)| full.trim_start_matches("litevisor_").starts_with(name));
    known.map_or("", |(_, _, _, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use model::ErrorCode;

    use super::*;

    fn scraped() -> String {
        let metrics = Metrics::new();
        metrics.request("/v1/query", 200);
        metrics.connection(1);
        metrics.query_ended(Outcome::Failed(ErrorCode::SqlError), 1, 1);
        metrics.stage(Stage::Exec, Duration::from_micros(60));
        metrics.load_ended("boot", Outcome::Ok, Some(Duration::from_secs(1)));
        metrics.loaded(1, 1);
        metrics.shed("rate");
        metrics.panicked();
        metrics.evicted("idle");
        metrics.access_denied("role");
        metrics.credentials_read(CredentialFile::Keys, true);
        metrics.handshake_failed(HandshakeFailure::Timeout);
        metrics.handed_over(Direction::In, true, 1);
        metrics.canary_seen();
        metrics.tls_read(true);
        metrics.usage(&Usage::default());
        metrics.encode()
    }

    #[test]
    fn the_list_is_what_is_scraped() {
        let text = scraped();
        let mut families: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            let mut words = line.split(' ').skip(2);
            let (name, kind) = (words.next().expect("name"), words.next().expect("kind"));
            families.push(if kind == "counter" {
                format!("{name}_total")
            } else {
                name.to_owned()
            });
        }
        families.sort();
        let mut listed: Vec<String> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        listed.sort();
        assert_eq!(families, listed);
        assert!(text.contains("litevisor_queries_total{outcome=\"sql_error\"} 1"), "{text}");
    }

    /// The words in backticks of what a metric's row says it means.
    fn words_of(metric: &str) -> Vec<&'static str> {
        let page = include_str!("../../../../docs/metrics.md");
        let row = page.lines().find(|line| line.starts_with(&format!("| `{metric}` |")));
        let meaning = row.and_then(|row| row.split(" | ").nth(4)).expect("a row with a meaning");
        meaning.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn each_value_of_a_closed_label_is_documented_and_no_other() {
        use hypervisor::{EvictionReason, LoadKind, ShedReason};
        let owned = |values: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            values.map(str::to_owned).collect()
        };
        let text = scraped();
        // These have no list in the code: what one scrape shows is all of them.
        let shown = |label: &str| -> Vec<String> {
            let values = text.lines().filter_map(|line| line.split_once(&format!("{label}=\"")));
            owned(&mut values.filter_map(|(_, rest)| rest.split('"').next()))
        };
        let kinds = LoadKind::ALL.iter().map(|kind| kind.name());
        let documented = [
            ("litevisor_evictions_total", owned(&mut EvictionReason::ALL.iter().map(|r| r.name()))),
            (
                "litevisor_tls_handshake_failures_total",
                owned(&mut HandshakeFailure::ALL.iter().map(|why| why.name())),
            ),
            ("litevisor_shed_total", owned(&mut ShedReason::ALL.iter().map(|r| r.name()))),
            ("litevisor_loads_total", owned(&mut kinds.chain(["ok", "client_gone"]))),
            ("litevisor_instances", shown("state")),
            ("litevisor_queries_under_way", shown("phase")),
        ];
        for (metric, values) in documented {
            let mut values = values;
            let mut words = words_of(metric);
            values.sort();
            words.sort_unstable();
            assert_eq!(words, values, "docs/metrics.md on {metric}");
        }
    }

    #[test]
    fn each_metric_is_documented() {
        let page = include_str!("../../../../docs/metrics.md");
        for (name, kind, labels, _) in METRICS {
            let row = format!("| `{name}` | {} |", kind.name());
            assert!(page.contains(&row), "docs/metrics.md has no row {row}");
            for label in labels.split(", ").filter(|label| !label.is_empty()) {
                let line = page.lines().find(|line| line.starts_with(&row)).expect("found above");
                assert!(line.contains(&format!("`{label}`")), "{name}: label {label}");
            }
        }
    }
}
