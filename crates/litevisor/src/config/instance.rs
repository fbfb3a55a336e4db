//! `[instance]`: the life of an instance.

use model::limits;

use super::reader::Reader;
use super::value::{Bytes, Interval, words};

/// `[instance]`.
#[derive(Clone, Debug)]
pub struct InstanceConfig {
    /// An instance that nobody asked for so long is shut down.
    pub idle_timeout: Interval,
    /// Data older than this are refreshed.
    pub max_age: Interval,
    /// One tenant's image.
    pub bytes_max: Bytes,
    /// How long a request waits for a boot.
    pub boot_wait: Interval,
    /// Which tables a boot loads.
    pub tables: TablesMode,
}

/// Which tables a boot loads, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TablesMode {
    /// Those that the statement reads first, the rest in the background.
    OnDemand,
    /// Only those that some statement reads.
    Lazy,
    /// All of them before the first answer.
    All,
}

words!(TablesMode,
    "on_demand" => TablesMode::OnDemand,
    "lazy" => TablesMode::Lazy,
    "all" => TablesMode::All,
);

impl InstanceConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        const S: &str = "instance";
        InstanceConfig {
            idle_timeout: reader.take(
                S,
                "idle_timeout",
                Interval::seconds(limits::IDLE_TIMEOUT_DEFAULT_SECONDS),
            ),
            max_age: reader.take(S, "max_age", Interval::seconds(limits::MAX_AGE_DEFAULT_SECONDS)),
            bytes_max: reader.take(S, "bytes_max", Bytes(limits::INSTANCE_DEFAULT_BYTES)),
            boot_wait: reader.take(
                S,
                "boot_wait",
                Interval::seconds(limits::BOOT_WAIT_DEFAULT_SECONDS),
            ),
            tables: reader.take(S, "tables", TablesMode::OnDemand),
        }
    }
}
