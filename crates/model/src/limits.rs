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

// --- hypervisor -----------------------------------------------------------------------------

// --- http -----------------------------------------------------------------------------------
