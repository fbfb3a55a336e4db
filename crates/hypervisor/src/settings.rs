//! What the operator sets about the life of instances. Defaults and their reasons are in
//! `model::limits`.

use std::time::Duration;

use model::limits;

/// Which tables a boot loads, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TablesPolicy {
    /// Those that the statement reads first, the rest in the background.
    #[default]
    OnDemand,
    /// Only those that some statement reads.
    Lazy,
    /// All of them before the first answer.
    All,
}

/// All settings of the hypervisor.
#[derive(Clone, Debug)]
pub struct Settings {
    /// An instance that nobody used for so long is shut down.
    pub idle_timeout: Duration,
    /// Data older than this are refreshed; age counts from when they were read.
    pub max_age: Duration,
    /// Bytes of one tenant's image.
    pub bytes_max: u64,
    /// How long a request waits for a boot.
    pub boot_wait: Duration,
    /// Which tables a boot loads.
    pub tables: TablesPolicy,
    /// Bytes of all images, boots and temp files together.
    pub budget_bytes: u64,
    /// The longest time of a query, queue and execution together.
    pub query_timeout: Duration,
    /// CPU time of one run of a query.
    pub query_cpu_time_max: Duration,
    /// Temp files and private scratch of one query, in bytes.
    pub temp_bytes_max: u64,
    /// SQLite's heap of one query.
    pub heap_bytes_max: u64,
    /// What the queries of one tenant hold together, in bytes.
    pub tenant_bytes_max: u64,
    /// A row's values together, in bytes.
    pub row_bytes_max: u64,
    /// The text of a request's SQL, in bytes.
    pub sql_bytes_max: u64,
    /// What may be under way.
    pub admission: AdmissionSettings,
    /// CPU turns at once: as many as cores. 0: queries and loads need none, for measuring only.
    pub cpu_turns: usize,
    /// Boots that read the source at once; as many named boot threads.
    pub concurrent_boots: usize,
    /// Readers (open connections with their statements) kept over all tenants.
    pub kept_readers: usize,
}

/// How much may be under way, per tenant and per replica.
#[derive(Clone, Debug)]
pub struct AdmissionSettings {
    /// Queries of one tenant that run at once.
    pub tenant_concurrent: usize,
    /// Queries of one tenant that wait, for their turn or for a boot.
    pub tenant_queued: usize,
    /// Queries that run at once; as many named query threads.
    pub replica_concurrent: usize,
    /// Queries that wait, for their turn or for a boot.
    pub replica_queued: usize,
    /// How long a query waits for its turn before it is shed.
    pub queue_timeout: Duration,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        AdmissionSettings {
            tenant_concurrent: limits::TENANT_CONCURRENT_DEFAULT,
            tenant_queued: limits::TENANT_QUEUED_DEFAULT,
            replica_concurrent: limits::REPLICA_CONCURRENT_DEFAULT,
            replica_queued: limits::REPLICA_QUEUED_DEFAULT,
            queue_timeout: Duration::from_millis(limits::QUEUE_TIMEOUT_DEFAULT_MS),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            idle_timeout: Duration::from_secs(limits::IDLE_TIMEOUT_DEFAULT_SECONDS),
            max_age: Duration::from_secs(limits::MAX_AGE_DEFAULT_SECONDS),
            bytes_max: limits::INSTANCE_DEFAULT_BYTES,
            boot_wait: Duration::from_secs(limits::BOOT_WAIT_DEFAULT_SECONDS),
            tables: TablesPolicy::OnDemand,
            budget_bytes: limits::BUDGET_DEFAULT_BYTES,
            query_timeout: Duration::from_secs(limits::QUERY_TIMEOUT_DEFAULT_SECONDS),
            query_cpu_time_max: Duration::from_secs(limits::QUERY_CPU_DEFAULT_SECONDS),
            temp_bytes_max: limits::QUERY_TEMP_DEFAULT_BYTES,
            heap_bytes_max: limits::QUERY_HEAP_DEFAULT_BYTES,
            tenant_bytes_max: limits::TENANT_QUERIES_DEFAULT_BYTES,
            row_bytes_max: limits::ROW_BYTES_DEFAULT,
            sql_bytes_max: limits::SQL_DEFAULT_BYTES,
            admission: AdmissionSettings::default(),
            cpu_turns: limits::CORES_DEFAULT,
            concurrent_boots: limits::CONCURRENT_BOOTS_DEFAULT,
            kept_readers: limits::KEPT_READERS_DEFAULT,
        }
    }
}
