//! Bounds of the engine: images, loads, queries.

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

/// Which part of an instance's cap the loader's page cache is at most: a sixteenth.
pub const WRITER_CACHE_SHARE: u64 = 16;

/// Rows up to which a table is loaded into its live indexes; beyond it they are built at the end,
/// which is faster by a factor but costs some 30 us an index.
pub const LIVE_INDEX_ROWS: u64 = 500;

/// Rows from which an indexed table gets statistics: below it any plan is fast.
pub const ANALYZE_ROWS_MIN: u64 = 2_000;

/// Rows of each index that gathering statistics looks at (`PRAGMA analysis_limit`): some 100 us.
pub const ANALYZE_SAMPLE_ROWS: u32 = 200;

/// VM steps between two looks at the deadline and the interrupt: tens of microseconds.
pub const PROGRESS_STEPS: i32 = 1_000;

/// Bytes moved to and from SQLite's files between two such looks: a sort's or an index's long phases
/// move bytes within one VM step. Copying so many takes some microseconds.
pub const VFS_LOOK_BYTES: usize = 64 * 1024;

/// What a file's read or write counts at least towards [`VFS_LOOK_BYTES`].
pub const VFS_CALL_BYTES: usize = 1024;

/// VM steps that one statement may compile to: 48 MB of program. A list of values that fills the
/// default `query.sql_bytes_max` needs three quarters of it; SQLite's default is 250 million.
pub const STATEMENT_STEPS_MAX: u64 = 2_000_000;

/// Bytes of a pattern of LIKE or GLOB, of which a comparison may need as many passes over its text,
/// in one VM step, with no look at the deadline; SQLite's default is 50,000.
pub const LIKE_PATTERN_BYTES: u64 = 1_000;

/// The product of the bytes of a text and of its pattern from which LIKE and GLOB look at the deadline
/// themselves: below it SQLite's own, which cannot, takes some 50 ms at worst.
pub const LIKE_WORK: u64 = 32 * 1024 * 1024;

/// What of [`LIKE_WORK`] takes a few times as long as an allocation: a statement may compare many times
/// between two looks of the progress handler.
pub const LIKE_WORK_OF_A_STEP: u64 = 32 * 1024;

/// The product of the bytes of the two arguments of `json_patch` above which it is refused: SQLite
/// looks for each key among all others, which takes some 150 ms here (64 KiB each).
pub const JSON_PATCH_WORK: u64 = 4 * 1024 * 1024 * 1024;

/// Words OVER in the text of a request: SQLite holds each window function against all others while it
/// prepares a statement, which takes some 70 ms of so many.
pub const WINDOWS_MAX: usize = 3_000;

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

/// Bytes that SQLite's heap draws from its account at a time: the account is shared by all threads,
/// and allocations are small and frequent.
pub const PURSE_STEP_BYTES: u64 = 64 * 1024;

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

/// Bytes of a text up to which crate `regex` is asked at once: with the largest pattern that takes
/// some tens of milliseconds.
pub const REGEX_SHORT_BYTES: usize = 256;

/// The product of a text's bytes and a pattern's states above which `regexp` looks at the deadline
/// itself, at a third of the speed: crate `regex`, which cannot, takes some 50 ms for so many at worst.
pub const REGEX_WORK: usize = 4 * 1024 * 1024;

/// What of [`REGEX_WORK`] takes as long as an allocation, at worst.
pub const REGEX_WORK_OF_A_STEP: usize = 4096;

/// States of a pattern that may be gone through for a byte, in the time of an allocation.
pub const REGEX_STATES_OF_A_STEP: usize = 16;

/// Freed bytes that each of the allocator's arenas, of which there are eight for each core, keeps at
/// its end for the next who asks.
pub const ARENA_KEPT_BYTES: i32 = 2 * 1024 * 1024;

/// A larger block is the system's own, and goes back to it when it is freed.
pub const ARENA_BLOCK_BYTES_MAX: i32 = 4 * 1024 * 1024;

/// Bytes of a private scratch, or of images together, from which their end hands freed memory back
/// to the system, which takes milliseconds: below it the allocator keeps them for the next.
pub const TRIM_BYTES_MIN: u64 = 32 * 1024 * 1024;

/// Scratch and temp bytes of finding out which tables a script needs; it runs without rows.
pub const PROBE_SCRATCH_BYTES: u64 = 8 * 1024 * 1024;

/// Looks of the progress handler after which that finding out gives up: it is best effort.
pub const PROBE_PROGRESS_LOOKS: u64 = 200;

/// Statements of a script that this finding out looks at: more than anybody writes by hand.
pub const PROBE_STATEMENTS_MAX: usize = 1_000;

/// Allocations of SQLite's between two looks at a run's deadline, each [`DEADLINE_LOOK_BYTES`] of one
/// counting as one more: where a single VM step or the planner takes long, it allocates. A look takes
/// some 50 ns, an allocation as much.
pub const DEADLINE_LOOK_ALLOCATIONS: u64 = 256;

/// See [`DEADLINE_LOOK_ALLOCATIONS`]: 1 MiB at once is looked at.
pub const DEADLINE_LOOK_BYTES: u64 = 4 * 1024;

/// Bytes of strftime's format: each field of it takes some 0.3 us within one VM step, so this is 10 ms.
pub const STRFTIME_FORMAT_BYTES_MAX: usize = 64 << 10;
