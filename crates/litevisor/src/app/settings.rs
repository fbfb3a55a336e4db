//! The hypervisor's settings, as the configuration says them.

use hypervisor::{AdmissionSettings, Settings, TablesPolicy};

use crate::config::{Config, TablesMode};
use crate::runtime::memory_bytes;

/// Queries that run at once where nobody says: four for each core keep the cores busy while some
/// wait for slow readers.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn concurrent_by_cores() -> usize {
    4 * cores()
}

/// All of them. What is unset keeps the hypervisor's own default.
pub(super) fn of(config: &Config) -> Settings {
    let (instance, query, admission) = (&config.instance, &config.query, &config.admission);
    let defaults = Settings::default();
    Settings {
        idle_timeout: instance.idle_timeout.0,
        max_age: instance.max_age.0,
        bytes_max: instance.bytes_max.0,
        boot_wait: instance.boot_wait.0,
        tables: match instance.tables {
            TablesMode::OnDemand => TablesPolicy::OnDemand,
            TablesMode::Lazy => TablesPolicy::Lazy,
            TablesMode::All => TablesPolicy::All,
        },
        budget_bytes: config.memory.budget.of(memory_bytes()),
        query_timeout: query.timeout.0,
        query_cpu_time_max: query.cpu_time_max.0,
        temp_bytes_max: query.temp_bytes_max.0,
        heap_bytes_max: query.heap_bytes_max.0,
        tenant_bytes_max: query.tenant_bytes_max.0,
        row_bytes_max: query.row_bytes_max.0,
        sql_bytes_max: query.sql_bytes_max.0,
        admission: AdmissionSettings {
            tenant_concurrent: admission.tenant_concurrent,
            tenant_queued: admission.tenant_queued,
            replica_concurrent: admission.replica_concurrent.unwrap_or_else(concurrent_by_cores),
            replica_queued: admission.replica_queued,
            queue_timeout: admission.queue_timeout.0,
        },
        cpu_turns: if admission.cpu_turns { cores() } else { 0 },
        concurrent_boots: config.source.max_concurrent_boots,
        ..defaults
    }
}
