//! Every bound of the program, by name: its value, its unit (the last word of the name) and why.
//! Settings have their default and hard cap here too.

// --- ids and requests -----------------------------------------------------------------------

/// A tenant id's longest text (INTERFACE §3): long enough for any identity provider's subject.
pub const TENANT_ID_BYTES_MAX: usize = 128;

// --- catalog --------------------------------------------------------------------------------

/// Tables in a catalog. A [`crate::TableSet`] is sized by it.
pub const TABLES_MAX: usize = 512;

/// Columns of a table: half of what SQLite allows by default (2000), so that a table of the
/// widest documents still joins into results.
pub const COLUMNS_MAX: usize = 1000;

/// Indexes of a table: each costs time and memory at every boot.
pub const INDEXES_MAX: usize = 64;

/// Bytes of a table's or column's name, as in PostgreSQL's identifiers twice over.
pub const COLUMN_NAME_BYTES_MAX: usize = 128;

/// Values in a filter's `$in`: a filter selects by rule, a longer list belongs into the documents.
pub const FILTER_VALUES_MAX: usize = 1000;

// --- engine ---------------------------------------------------------------------------------

/// Bytes of an image's chunk: small enough for copy-on-write, large enough that a publish of
/// 50 MB is under a thousand pointers (DESIGN §3, measured).
pub const CHUNK_BYTES: usize = 64 * 1024;

/// A row's values together: twice MongoDB's largest document (INTERFACE §2).
pub const ROW_BYTES_DEFAULT: u64 = 32 * 1024 * 1024;

/// A reader's page cache: with this little, scans and random points beat larger ones and a sort
/// hands control back every few milliseconds (DESIGN §3, measured). Compiled in as SQLite's default.
pub const READER_CACHE_KIBIBYTES: u32 = 250;

/// The loader's page cache: room for the inner pages of keys that arrive unsorted.
pub const WRITER_CACHE_KIBIBYTES: u32 = 8 * 1024;

/// Rows up to which a table is loaded into its live indexes; beyond it they are built at the end,
/// which is faster by a factor but costs some 30 us an index.
pub const LIVE_INDEX_ROWS: u64 = 500;

/// Rows from which an indexed table gets statistics: below it any plan is fast.
pub const ANALYZE_ROWS_MIN: u64 = 2_000;

/// Rows of each index that gathering statistics looks at (`PRAGMA analysis_limit`): some 100 us.
pub const ANALYZE_SAMPLE_ROWS: u32 = 200;

/// VM steps between two looks at the deadline and the interrupt: tens of microseconds.
pub const PROGRESS_STEPS: i32 = 1_000;

/// VM steps that one statement may compile to: 48 MB of program. A list of values that fills the
/// default `query.sql_bytes_max` needs three quarters of it; SQLite's default is 250 million.
pub const STATEMENT_STEPS_MAX: u64 = 2_000_000;

/// Bytes of a pattern of LIKE or GLOB, of which a comparison may need as many passes over its text,
/// in one VM step, with no look at the deadline; SQLite's default is 50,000.
pub const LIKE_PATTERN_BYTES: u64 = 1_000;

/// Triggers that fire one another: each level holds a frame; SQLite's default is 1,000.
pub const TRIGGER_DEPTH_MAX: u64 = 100;

/// Databases attached to a request's own at once, the shared tables' among them.
pub const ATTACHED_MAX: u64 = 4;

/// VM steps of a run the short way, on the thread that asks: some 50 us, less than handing it to
/// another thread and back costs.
pub const BRIEF_STEPS: i32 = 2_000;

/// Rows of a run the short way: they are held until its end.
pub const BRIEF_ROWS: u64 = 64;

/// Bytes of texts and blobs of a run the short way; they are copied once.
pub const BRIEF_BYTES: usize = 16 * 1024;

/// Kept readers of one image: as many as can run at once on a small machine.
pub const READERS_PER_IMAGE: usize = 4;

/// Prepared statements that a kept reader holds, least recently used dropped first.
pub const STATEMENTS_PER_READER: usize = 16;

/// Bytes of SQL up to which a statement is kept prepared.
pub const KEPT_SQL_BYTES: usize = 16 * 1024;

/// Compiled patterns that a thread keeps for `regexp`.
pub const REGEX_CACHE_PATTERNS: usize = 16;

/// Bytes of a compiled pattern.
pub const REGEX_COMPILED_BYTES: usize = 1024 * 1024;

/// Bytes of a private scratch or of an image from which its end hands freed memory back to the
/// system, which takes milliseconds: below it the allocator keeps them for the next.
pub const TRIM_BYTES_MIN: u64 = 32 * 1024 * 1024;

/// Scratch and temp bytes of finding out which tables a script needs; it runs without rows.
pub const PROBE_SCRATCH_BYTES: u64 = 8 * 1024 * 1024;

/// Looks of the progress handler after which that finding out gives up: it is best effort.
pub const PROBE_PROGRESS_LOOKS: u64 = 200;

// --- source ---------------------------------------------------------------------------------

/// Documents in one batch from a server: larger ones save round trips, and the server cuts a reply
/// at 16 MiB anyway (101 take 2.5 times as long). Reading alone is fastest with 10,000, but of a boot
/// the last batch's decoding comes after all reading, so that 5,000 are faster there.
pub const SOURCE_BATCH_DOCUMENTS: u32 = 5_000;

/// Documents in the first batch from a server: decoding and inserting, which take longer than
/// reading, start sooner with a small one.
pub const SOURCE_FIRST_BATCH_DOCUMENTS: u32 = 1_000;

/// Bytes of one batch read from a dump.
pub const SOURCE_BATCH_BYTES: usize = 1024 * 1024;

/// Bytes of the first batch of a scan of a dump, which is read at once instead of being handed to
/// a thread that may wait: more than a small scan, so that such a one ends with it.
pub const DUMP_FIRST_BATCH_BYTES: usize = 2 * SMALL_SCAN_BYTES;

/// How long a server may work on one of our commands, by default: a boot that takes longer is
/// better cut and looked at.
pub const SOURCE_MAX_TIME_SECONDS: u64 = 60;

/// How long to look for a server that answers, by default, before a boot fails.
pub const SOURCE_SELECTION_TIMEOUT_MS: u64 = 3_000;

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

// --- hypervisor -----------------------------------------------------------------------------

/// An idle instance is shut down after so long, by default: longer than a reader ponders a result.
pub const IDLE_TIMEOUT_DEFAULT_SECONDS: u64 = 300;

/// Data are refreshed beyond this age, by default.
pub const MAX_AGE_DEFAULT_SECONDS: u64 = 3600;

/// A request waits so long for a boot, by default: what clients and proxies commonly bear.
pub const BOOT_WAIT_DEFAULT_SECONDS: u64 = 30;

/// A query's time, queue and execution together, by default.
pub const QUERY_TIMEOUT_DEFAULT_SECONDS: u64 = 30;

/// One tenant's image, by default.
pub const INSTANCE_DEFAULT_BYTES: u64 = 4 << 30;

/// The budget where nobody sets one; `serve` takes it from the machine.
pub const BUDGET_DEFAULT_BYTES: u64 = 1 << 30;

/// The share of the budget that one instance may take: the rest is for queries and boots.
pub const INSTANCE_BUDGET_PERCENT: u64 = 80;

/// Temp files and private scratch of one query, by default.
pub const QUERY_TEMP_DEFAULT_BYTES: u64 = 1 << 30;

/// The text of a request's SQL, by default.
pub const SQL_DEFAULT_BYTES: u64 = 1 << 20;

/// Queries of one tenant that run at once, by default.
pub const TENANT_CONCURRENT_DEFAULT: usize = 8;

/// Queries of one tenant that wait, by default.
pub const TENANT_QUEUED_DEFAULT: usize = 64;

/// Queries that run at once, by default; `serve` takes it from the number of cores.
pub const REPLICA_CONCURRENT_DEFAULT: usize = 16;

/// Queries that wait, by default.
pub const REPLICA_QUEUED_DEFAULT: usize = 1024;

/// How long a query waits for its turn, by default, in milliseconds.
pub const QUEUE_TIMEOUT_DEFAULT_MS: u64 = 10_000;

/// Boots that read the source at once, by default: what keeps a server busy (DESIGN §3: sixteen
/// tenants at once boot 2.5 times as fast as one after another).
pub const CONCURRENT_BOOTS_DEFAULT: usize = 16;

/// Readers kept over all tenants, by default; each holds some 24 kB (DESIGN §3).
pub const KEPT_READERS_DEFAULT: usize = 256;

/// Shards of the registry: two requests meet at one lock in 1 of 16 cases.
pub const REGISTRY_SHARDS: usize = 16;

/// Slots of one replica, vacant ones included: some hundred bytes each without their image.
pub const SLOTS_MAX: usize = 1 << 18;

/// Vacant slots that remember the tables their tenant used and its last generation.
pub const VACANT_SLOTS_MAX: usize = 1 << 16;

/// How long one idle query thread spins before it parks: longer than a client that asks again at
/// once needs for its round trip. With 50 one that took 40 us now and then found it parked, and
/// waking it cost 90 us a query (measured: echo + 15 us or echo + 95 us).
pub const SPIN_MICROSECONDS: u64 = 200;

/// Looks of a spinning thread, in case the clock stands still.
pub const SPIN_LOOKS_MAX: usize = 1 << 16;

/// Loads under way or waiting for their turn.
pub const BOOTS_QUEUED_MAX: usize = 1024;

/// Batches between the source and a load's thread: network, decoding and inserting overlap with
/// four (DESIGN §3).
pub const LOAD_BATCHES_IN_FLIGHT: usize = 4;

/// Bytes of BSON up to which a scan is read whole before its load takes a thread.
pub const SMALL_SCAN_BYTES: usize = 64 * 1024;

/// Bytes of BSON up to which a tenant gets the small pages: one chunk.
pub const TINY_BYTES_MAX: u64 = 64 * 1024;

/// Times that a table is read in one load: as declared, as the first pass showed, as loose as can
/// be.
pub const TABLE_PASSES_MAX: u32 = 3;

/// Bytes reserved of the budget for each byte of BSON in flight: itself, and the rows it becomes.
pub const RESERVE_PER_BATCH_BYTE: u64 = 2;

/// How long a load waits for memory before it is shed, in milliseconds.
pub const BUDGET_RESERVE_MS_MAX: u64 = 2_000;

/// Pause between two looks for memory, in milliseconds.
pub const BUDGET_RETRY_MS: u64 = 20;

/// What is made free before a boot begins, where idle instances hold it.
pub const BUDGET_BOOT_MIN_BYTES: u64 = 1 << 20;

/// What is made free before a query begins, where idle instances hold it.
pub const QUERY_HEADROOM_BYTES: u64 = 1 << 20;

/// How long a failed boot is remembered the first time, in milliseconds; doubles with each failure
/// in a row.
pub const BOOT_RETRY_MS: u64 = 100;

/// The longest that a failed boot is remembered: a source that recovers is seen within seconds.
pub const BOOT_RETRY_MS_MAX: u64 = 5_000;

/// When a caller that waited `boot_wait` should come back, in milliseconds.
pub const BOOTING_RETRY_MS: u64 = 1_000;

/// When a caller that was shed should come back, in milliseconds.
pub const SHED_RETRY_MS: u64 = 1_000;

/// Boots and shutdowns of one instance that may be asked for at once.
pub const RATE_BURST_REQUESTS: u32 = 10;

/// Time until one more may be asked for, in milliseconds.
pub const RATE_REFILL_MS: u64 = 2_000;

/// Points in time that a slot may lose before all tables are read at once: bounds re-reads.
pub const POINT_LOSSES_MAX: u8 = 2;

/// Points in time that one load may lose before it fails: rebuilding once or twice is ordinary.
pub const POINTS_PER_LOAD_MAX: u8 = 3;

/// A load that takes so long, in milliseconds, asks the source how much it will read: for progress.
pub const ESTIMATE_AFTER_MS: u64 = 500;

/// The least a row takes in an image; a load whose rows would not even fit so is not tried.
pub const ROW_BYTES_LEAST: u64 = 8;

/// Prices of vacant instances asked of the source at once.
pub const PRICES_AT_ONCE_MAX: usize = 2;

/// How long a price may take, in milliseconds.
pub const PRICE_WAIT_MS: u64 = 2_000;

/// The speed of loads while none was seen: 100 MB/s, about half of what DESIGN §3 measured.
pub const LOAD_SPEED_GUESS_BYTES: u64 = 100_000_000;

/// Statements remembered to read shared tables.
pub const SHARED_HINTS_MAX: usize = 1024;

/// The shortest pause of the reaper, in milliseconds.
pub const REAP_MS_MIN: u64 = 10;

/// The longest pause of the reaper, in milliseconds.
pub const REAP_MS_MAX: u64 = 5_000;

/// After the drain's deadline, how long interrupted queries may take to end, in milliseconds.
pub const DRAIN_GRACE_MS: u64 = 1_000;

// --- http -----------------------------------------------------------------------------------

/// A full chunk of an encoded result: large enough that a chunk's cost (a lock, a wake, a write)
/// vanishes beside its bytes.
pub const STREAM_CHUNK_BYTES: usize = 64 * 1024;

/// An encoder takes a long value in pieces of so many bytes, so that a chunk overshoots
/// [`STREAM_CHUNK_BYTES`] by one escaped piece at most, however long the value is.
pub const ENCODER_PIECE_BYTES: usize = 4 * 1024;

/// Chunks of one result between the encoder and the connection: the encoder is one ahead while
/// one is written; more would only be memory that a slow reader holds.
pub const PIPE_CHUNKS_MAX: usize = 4;

/// A connection's own buffers, in and out.
pub const CONNECTION_BUFFER_BYTES: usize = 128 * 1024;

/// Requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 128;

/// Pause after the kernel refused to hand over a connection, in milliseconds.
pub const ACCEPT_RETRY_MS: u64 = 50;

/// A request id taken over from a client.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Tenants' images on their way out as files at once: each holds a thread.
pub const IMAGE_DOWNLOADS_MAX: usize = 4;

/// After a drain's deadline, how long connections may take to say goodbye, in milliseconds.
pub const FAREWELL_MS: u64 = 1000;

/// Rows of a result that `litevisor query` shows as a table; more are for `--format`.
pub const TABLE_ROWS_MAX: usize = 10_000;

/// Characters of a value that `litevisor query` shows in a table.
pub const TABLE_CELL_CHARS: usize = 200;

/// Pause between two looks at whether the source answers, while it has not yet, in milliseconds.
pub const SOURCE_RETRY_MS: u64 = 1000;

/// Documents looked at from each end of a collection when a catalog is inferred or checked from a
/// sample: enough to meet what changed over its life, seconds over a network.
pub const SAMPLE_DOCUMENTS: u64 = 500;

/// A whole result, encoded, by default: more is an export, not an answer.
pub const RESULT_DEFAULT_BYTES: u64 = 2 << 30;

/// A request's body, by default: SQL and its parameters.
pub const BODY_DEFAULT_BYTES: u64 = 4 << 20;

/// Connections open at once on each listener, by default.
pub const CONNECTIONS_DEFAULT: usize = 4096;
