//! Bounds of HTTP: requests, streams, connections.

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

/// A body goes into an HTTP/2 stream in pieces of so many bytes, what a frame holds by default:
/// that much of an answer's end may lie in the library's hands, for want of its peer's window,
/// until the connection ends; what lies before it goes when the stream is cut.
pub const STREAM_PIECE_BYTES: usize = 16 * 1024;

/// Requests at once on one HTTP/2 connection.
pub const STREAMS_PER_CONNECTION_MAX: u32 = 128;

/// Requests of an HTTP/2 connection that its client took back before we looked at them: a client
/// that goes beyond it only makes work (rapid reset), and loses the connection.
pub const RESETS_PENDING_MAX: usize = 20;

/// Requests of an HTTP/2 connection that we had to reset for its client's errors; beyond it the
/// connection ends.
pub const RESETS_OURS_MAX: usize = 128;

/// How long a browser may remember the answer to its question whether it may ask, in seconds: an
/// origin taken from the list is out at its next request all the same.
pub const CORS_MAX_AGE_S: u64 = 600;

/// Bytes of a canary at least: shorter ones might be somebody's data, or be guessed.
pub const CANARY_VALUE_BYTES_MIN: usize = 16;

/// Bytes of a canary at most: so much of a stream's last piece is kept while it is searched.
pub const CANARY_VALUE_BYTES_MAX: usize = 128;

/// Canaries: so few that the search stays one pass with the processor's vector instructions.
pub const CANARY_VALUES_MAX: usize = 32;

/// How long a TLS handshake may take, in milliseconds: two round trips, and a retransmission or two.
pub const TLS_HANDSHAKE_MS: u64 = 10_000;

/// How often the files of TLS certificates are looked at, in milliseconds.
pub const TLS_POLL_MS: u64 = 2_000;

/// A file of certificates or of a key.
pub const TLS_FILE_BYTES_MAX: u64 = 1 << 20;

/// Bytes of a request's path and query: what proxies let through at most. The HTTP library's own
/// bound is twice that, and it answers without a body.
pub const TARGET_BYTES_MAX: usize = 32 * 1024;

/// Bytes of a request's header fields, names and values together.
pub const HEADERS_BYTES_MAX: usize = 32 * 1024;

/// Header fields of a request; the HTTP library's own bound is 100, and it answers without a body.
pub const HEADERS_MAX: usize = 64;

/// Bytes of an HTTP/2 request's head, as HTTP/2 counts (32 more for each field): above
/// [`TARGET_BYTES_MAX`] and [`HEADERS_BYTES_MAX`] together, so that these refuse first.
pub const HEADER_LIST_BYTES_MAX: u32 = 96 * 1024;

/// A body up to so many bytes that comes together with its head is not charged to its tenant: it is
/// as short as a head, and how many of them wait is bounded by the queues.
pub const BODY_FREE_BYTES: u64 = 16 * 1024;

/// A body is charged so many times: itself, and what is read from it.
pub const BODY_COPIES: u64 = 2;

/// Bytes that an HTTP/2 client may send on one connection before somebody reads them: they lie in
/// the library's hands, uncharged, so it is a quarter of the library's own bound. A body of 4 MiB
/// still comes over a line of 100 ms in two seconds.
pub const CONNECTION_WINDOW_BYTES: u32 = 256 * 1024;

/// Bytes of a request's body that are read and thrown away once its answer is decided, so that a
/// client still sending sees the answer and not a broken connection.
pub const UNREAD_BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long that may take, in milliseconds.
pub const UNREAD_BODY_MS: u64 = 5_000;

/// Pause after the kernel refused to hand over a connection, in milliseconds.
pub const ACCEPT_RETRY_MS: u64 = 50;

/// A request id taken over from a client.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// A query whose own work (without its boot, its queue and its reader's pauses) takes so long, in
/// milliseconds, is named in the log: what a reader of a report begins to notice.
pub const SLOW_QUERY_MS: u64 = 1_000;

/// Tenants' images on their way out as files at once: each holds a thread.
pub const IMAGE_DOWNLOADS_MAX: usize = 4;

/// After a drain's deadline, how long connections may take to say goodbye, in milliseconds.
pub const FAREWELL_MS: u64 = 1000;

/// Pause between two looks at whether all memory was given back at the end, in milliseconds.
pub const LEDGER_LOOK_MS: u64 = 5;

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

/// Rows of a result, by default: a client that keeps rows as objects needs some hundred bytes for
/// each, however short it is on the wire.
pub const RESULT_ROWS_DEFAULT: usize = 10_000_000;

/// A request's body, by default: SQL and its parameters.
pub const BODY_DEFAULT_BYTES: u64 = 4 << 20;

/// Connections open at once on each listener, by default.
pub const CONNECTIONS_DEFAULT: usize = 4096;
