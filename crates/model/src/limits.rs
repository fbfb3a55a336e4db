//! Every bound of the program, by name: its value, its unit (the last word of the name) and why.
//! Settings have their default and hard cap here too.

// --- ids and requests -----------------------------------------------------------------------

/// A tenant id's longest text (INTERFACE §3): long enough for any identity provider's subject.
pub const TENANT_ID_BYTES_MAX: usize = 128;

// --- catalog --------------------------------------------------------------------------------

/// Tables in a catalog. A [`crate::TableSet`] is sized by it.
pub const TABLES_MAX: usize = 512;

// --- engine ---------------------------------------------------------------------------------

/// Bytes of an image's chunk: small enough for copy-on-write, large enough that a publish of
/// 50 MB is under a thousand pointers (DESIGN §3, measured).
pub const CHUNK_BYTES: usize = 64 * 1024;

/// A row's values together: twice MongoDB's largest document (INTERFACE §2).
pub const ROW_BYTES_DEFAULT: u64 = 32 * 1024 * 1024;

// --- source ---------------------------------------------------------------------------------

/// Documents in one batch from a server: larger ones save round trips, and the server cuts a reply
/// at 16 MiB anyway (DESIGN §5, measured: 10,000 is the fastest, 101 takes 2.5 times as long).
pub const SOURCE_BATCH_DOCUMENTS: u32 = 10_000;

/// Bytes of one batch read from a dump.
pub const SOURCE_BATCH_BYTES: usize = 1024 * 1024;

/// How long a server may work on one of our commands, by default: a boot that takes longer is
/// better cut and looked at.
pub const SOURCE_MAX_TIME_SECONDS: u64 = 60;

/// How long to look for a server that answers, by default, before a boot fails.
pub const SOURCE_SELECTION_TIMEOUT_MS: u64 = 3_000;

/// Connections to the server, by default: concurrent boots times their collections.
pub const SOURCE_CONNECTIONS_MAX: u32 = 64;

/// Paths of unmapped fields that one table's report names; the rest are counted together.
pub const REPORT_PATHS_MAX: usize = 100;

/// Levels of nesting that are read; deeper ones are an error. MongoDB stores at most 180.
pub const BSON_DEPTH_MAX: usize = 250;

/// Field names of one level of nesting whose order a decoder remembers; more are looked up.
pub const FIELD_SEQUENCE_MAX: usize = 256;

/// Bytes of the longest field name that a decoder remembers.
pub const FIELD_NAME_BYTES_MAX: usize = 128;

/// Bytes of a value (an `_id`, an unmapped field's path) that a report quotes.
pub const REPORT_TEXT_BYTES_MAX: usize = 128;

/// Bytes of decompressed collections that a dump source keeps in memory: a gzip file has no random
/// access, and nothing may be written to disk.
pub const DUMP_INFLATED_BYTES: u64 = 4 * 1024 * 1024 * 1024;

// --- hypervisor -----------------------------------------------------------------------------

// --- http -----------------------------------------------------------------------------------
