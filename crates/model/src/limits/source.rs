//! Bounds of sources: batches, servers, inference.

/// Documents in one batch from a server: larger ones save round trips, and the server cuts a reply
/// at 16 MiB anyway (101 take 2.5 times as long). Reading alone is fastest with 10,000, but of a boot
/// the last batch's decoding comes after all reading, so that 3,000 are faster
/// there (first query of 100,000, medians of one run: 153 ms with 10,000, 142 with 5,000, 138 with 3,000).
pub const SOURCE_BATCH_DOCUMENTS: u32 = 3_000;

/// Documents in the first batch from a server: decoding and inserting, which take longer than
/// reading, start sooner with a small one.
pub const SOURCE_FIRST_BATCH_DOCUMENTS: u32 = 1_000;

/// Bytes of one batch read from a dump.
pub const SOURCE_BATCH_BYTES: usize = 1024 * 1024;

/// Bytes of the first batch of a scan of a dump, which is read at once instead of being handed to
/// a thread that may wait: more than a small scan, so that such a one ends with it.
pub const DUMP_FIRST_BATCH_BYTES: usize = 2 * super::SMALL_SCAN_BYTES;

/// How long a server may work on one of our commands, by default: a boot that takes longer is
/// better cut and looked at.
pub const SOURCE_MAX_TIME_SECONDS: u64 = 60;

/// How long to look for a server that answers, by default, before a boot fails.
pub const SOURCE_SELECTION_TIMEOUT_MS: u64 = 3_000;

/// How long a server may take for a question that costs it next to nothing (its time, its
/// collections), in ms, before it counts as silent: boots that ask at once wait for the same answer.
pub const SOURCE_QUESTION_MS: u64 = 5_000;

/// How long a server may count documents for a boot's price, in ms: it is not worth more.
pub const SOURCE_ESTIMATE_MS: i64 = 2_000;

/// An unmapped field's average bytes from which leaving it out pays (measured, docs/source.md).
pub const HEAVY_FIELD_BYTES: u64 = 1_000;

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

/// Bytes of a dump's largest document: four times MongoDB's largest, so that a corrupt length is
/// told from a document.
pub const DUMP_DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of one collection's index of a dump.
pub const DUMP_INDEX_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// Bytes between two of a tenant's runs up to which both are read at one go: a page, which the
/// kernel reads anyway.
pub const DUMP_GAP_BYTES_MAX: u64 = 4096;

/// Distinct field paths of which inference keeps statistics, all collections together: some
/// hundred bytes each.
pub const INFER_PATHS_MAX: usize = 20_000;

/// Field names of one embedded document or array element; more of them are keys of a map, which
/// makes one JSON column.
pub const INFER_FIELDS_MAX: usize = 250;

/// Levels of nesting that inference looks into.
pub const INFER_DEPTH_MAX: usize = 16;

/// Levels of embedded documents that become columns of their own (`a_b_c`); deeper ones are JSON.
pub const INFER_COLUMN_DEPTH_MAX: usize = 3;

/// Hashes of a field's distinct values kept for guessing the tenant key: the smallest ones, from
/// which the number of distinct values follows within some 5 %.
pub const INFER_DISTINCT_MAX: usize = 512;

/// Fields of which inference keeps such hashes, all collections together: some 12 kB each.
pub const INFER_DISTINCT_FIELDS_MAX: usize = 2_000;

/// Indexes that inference proposes for a table: each costs time and memory at every boot.
pub const INFER_INDEXES_MAX: usize = 6;

/// Bytes of an example value in an inferred catalog's comments.
pub const INFER_EXAMPLE_BYTES: usize = 40;
