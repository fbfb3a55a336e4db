//! Bounds of the hypervisor: memory, boots, admission, threads.

/// An idle instance is shut down after so long, by default: longer than a reader ponders a result.
pub const IDLE_TIMEOUT_DEFAULT_SECONDS: u64 = 300;

/// Data are refreshed beyond this age, by default.
pub const MAX_AGE_DEFAULT_SECONDS: u64 = 3600;

/// A request waits so long for a boot, by default: what clients and proxies commonly bear.
pub const BOOT_WAIT_DEFAULT_SECONDS: u64 = 30;

/// A query's time, queue and execution together, by default.
pub const QUERY_TIMEOUT_DEFAULT_SECONDS: u64 = 30;

/// A query's CPU time, by default: a longer `query.timeout` is room to wait for its turns, not to
/// hold a core for longer.
pub const QUERY_CPU_DEFAULT_SECONDS: u64 = 30;

/// One tenant's image, by default.
pub const INSTANCE_DEFAULT_BYTES: u64 = 4 << 30;

/// The budget where nobody sets one; `serve` takes it from the machine.
pub const BUDGET_DEFAULT_BYTES: u64 = 1 << 30;

/// The least budget that is taken: with less than a few hundred kilobytes not even an empty
/// tenant's query runs, and callers would be told to come back for ever.
pub const BUDGET_LEAST_BYTES: u64 = 1 << 20;

/// The share of the budget that one instance may take: the rest is for queries and boots.
pub const INSTANCE_BUDGET_PERCENT: u64 = 80;

/// SQLite's heap of one query, by default: room for one value of [`super::ROW_BYTES_DEFAULT`],
/// doubled as it grows, and for a large statement's program; sorts and groups spill into temp files.
pub const QUERY_HEAP_DEFAULT_BYTES: u64 = 192 * 1024 * 1024;

/// Temp files and private scratch of one query, by default.
pub const QUERY_TEMP_DEFAULT_BYTES: u64 = 1 << 30;

/// What the queries of one tenant hold together, by default: two of the largest, or many common ones.
/// It is never less than one query may have.
pub const TENANT_QUERIES_DEFAULT_BYTES: u64 = 2 << 30;

/// The share of the budget that all queries may take: the rest is for images and boots.
pub const QUERIES_BUDGET_PERCENT: u64 = 80;

/// Tenants whose queries' accounts are remembered before unused ones are looked for.
pub const TENANTS_SPENDING_MIN: usize = 64;

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
/// four (DESIGN §3). Besides them each scan holds one that waits for its place, and reads one.
pub const LOAD_BATCHES_IN_FLIGHT: usize = 4;

/// Bytes of BSON up to which a scan is read whole before its load takes a thread.
pub const SMALL_SCAN_BYTES: usize = 64 * 1024;

/// Bytes of BSON up to which a tenant gets the small pages: one chunk.
pub const TINY_BYTES_MAX: u64 = 64 * 1024;

/// Rows of a load between two looks at its CPU turn: some 200 us.
pub const LOAD_ROWS_PER_LOOK: u32 = 256;

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

/// How long a query runs before it needs a CPU turn: most end within it (DESIGN §3).
pub const CPU_EXPRESS_US: u64 = 1_000;

/// How long a load works before it needs CPU turns: some thousand rows, so that a small tenant's boot,
/// for which somebody waits, ends within it.
pub const CPU_EXPRESS_BOOT_US: u64 = 5_000;

/// A CPU turn while others wait (DESIGN §3, measured).
pub const CPU_TURN_MS: u64 = 5;

/// What a CPU turn costs a tenant's share at least: taking one and giving it back at once is no way
/// to pass the others for ever.
pub const CPU_TURN_LEAST_US: u64 = 1_000;

/// The weight of interactive queries' CPU turns: of tenants that all wait, one of interactive queries
/// gets so many turns for [`CPU_WEIGHT_REPORT`] of one of reports.
pub const CPU_WEIGHT_INTERACTIVE: u64 = 4;

/// The weight of loads' turns: somebody waits for most of them, but more happily than for a click.
pub const CPU_WEIGHT_BOOT: u64 = 2;

/// The weight of reports' turns: the least, but never none.
pub const CPU_WEIGHT_REPORT: u64 = 1;

/// After which a holder of a CPU turn that says nothing is passed: it waits for its reader, or sits
/// in one long VM step, of which the longest known ones take 30 to 40 ms.
pub const CPU_TURN_OVERDUE_MS: u64 = 50;

/// CPU turns at once where nobody counted the cores.
pub const CORES_DEFAULT: usize = 2;

/// What is made free before a query begins, where idle instances hold it.
pub const QUERY_HEADROOM_BYTES: u64 = 1 << 20;

/// How long a failed boot is remembered the first time, in milliseconds; doubles with each failure
/// in a row.
pub const BOOT_RETRY_MS: u64 = 100;

/// The longest that a failed boot is remembered: a source that recovers is seen within seconds.
pub const BOOT_RETRY_MS_MAX: u64 = 5_000;

/// By how much of it the time varies for which a failed boot is remembered, and after which one who
/// was shed should come back: who failed together does not come back together.
pub const RETRY_SPREAD_PERCENT: u64 = 25;

/// When a caller that was shed should come back at the earliest, in milliseconds, and where nothing
/// tells how long it will take.
pub const SHED_RETRY_MS: u64 = 1_000;

/// When a caller that was shed should come back at the latest, in milliseconds: an estimate for
/// longer is worth little.
pub const COMEBACK_MS_MAX: u64 = 60_000;

/// The share of the budget that results on their way to their readers may take; from half of it on
/// fewer queries are admitted. Each result holds a few chunks however long it is, so this is for
/// many slow readers.
pub const RESULTS_BUDGET_PERCENT: u64 = 10;

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

/// How long the size of a whole collection is taken for known, in milliseconds: it only decides
/// whether a boot asks for its price before it starts.
pub const COLLECTION_SIZE_MAX_AGE_MS: u64 = 60_000;

/// Collections whose sizes are remembered; a catalog names fewer.
pub const COLLECTION_SIZES_MAX: usize = 1_024;

/// Prices of vacant instances asked of the source at once.
pub const PRICES_AT_ONCE_MAX: usize = 2;

/// How long a price may take, in milliseconds.
pub const PRICE_WAIT_MS: u64 = 2_000;

/// The speed of loads while none was seen: 100 MB/s, about half of what DESIGN §3 measured.
pub const LOAD_SPEED_GUESS_BYTES: u64 = 100_000_000;

/// Statements remembered to read shared tables.
pub const SHARED_HINTS_MAX: usize = 1024;

/// When use of the budget has fallen by half since its last height, and by so many bytes, freed
/// memory is handed back to the system: below it there is too little to hand back. Each of the
/// allocator's arenas, eight for each core, else keeps what its largest query or load took.
pub const EBB_BYTES_MIN: u64 = 8 << 20;

/// The shortest pause of the reaper, in milliseconds.
pub const REAP_MS_MIN: u64 = 10;

/// The longest pause of the reaper, in milliseconds.
pub const REAP_MS_MAX: u64 = 5_000;

/// After the drain's deadline, how long interrupted queries may take to end, in milliseconds.
pub const DRAIN_GRACE_MS: u64 = 1_000;

/// Bytes of what a load saw of one table, packed, as a peer may tell it: 2,000 columns of 30 bytes,
/// twice over.
pub const SEEN_BYTES_MAX: usize = 128 << 10;

/// Where the process's clock begins, in seconds: data that a peer read before this process was there
/// have their moment too. Four hundred days are far beyond any `max_age` that makes sense.
pub const MONOTONIC_START_SECONDS: u64 = 400 * 24 * 3600;

/// Peers that are asked for an image: more replicas than that ask the first of them only.
pub const PEERS_MAX: usize = 64;

/// How often the peers' addresses are looked up, at most, and how long that may take, in milliseconds.
pub const PEERS_LOOKUP_MS: u64 = 1_000;

/// How long a boot waits for its peers to say what they have, in milliseconds: they answer from memory,
/// within one or two where they are well.
pub const PEER_OFFER_MS: u64 = 500;

/// How long a peer that did not answer in time is not asked again, in milliseconds: as long as a probe
/// takes to find that it hangs.
pub const PEER_SILENT_MS: u64 = 5_000;

/// How far the clocks of two replicas may be apart, in milliseconds: a request is older than that for
/// nobody's good reason.
pub const PEER_CLOCK_SKEW_MS: u64 = 30_000;

/// Bytes of a manifest: 500 tables' accounts with their strays.
pub const PEER_MANIFEST_BYTES_MAX: usize = 8 << 20;

/// Images that a replica that leaves sends at once.
pub const HAND_ON_AT_ONCE_MAX: usize = 8;

/// Peers that are asked to take one image: the replica itself is among them.
pub const HAND_ON_TRIES_MAX: usize = 4;

/// How soon, in milliseconds, a boot after an eviction for want of memory is a refault: within ten
/// minutes, twice the time after which an idle instance goes anyhow.
pub const REFAULT_MS: u64 = 600_000;
