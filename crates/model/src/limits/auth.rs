//! Bounds of credentials.

/// Bytes of a file of credentials (API keys, a key set): ten thousand keys and room to spare.
pub const KEY_FILE_BYTES_MAX: u64 = 8 << 20;

/// API keys in force: each is held in memory, and a file of more is a mistake.
pub const KEYS_MAX: usize = 20_000;

/// Bytes of an API key's name: it stands in every audit line.
pub const KEY_NAME_BYTES_MAX: usize = 128;

/// Pause between two looks at a file of credentials, in milliseconds: a key that was revoked stays
/// good for so long at most.
pub const CREDENTIAL_POLL_MS: u64 = 2_000;

/// Keys in a set for tokens: an issuer has the current one, the next and a few old ones.
pub const JWT_KEYS_MAX: usize = 64;

/// Bytes of a secret that several share (HS256, links): as many as its hash has, or guessing the
/// secret is easier than forging.
pub const SHARED_SECRET_BYTES_MIN: usize = 32;

/// Bytes of a fetched set of keys: with certificate chains some ten kilobytes each.
pub const JWKS_BYTES_MAX: usize = 1 << 20;

/// How long fetching a set may take, in milliseconds: requests with a new key wait for it.
pub const JWKS_FETCH_MS: u64 = 5_000;

/// Pause between two fetches that tokens of unknown keys cause, in milliseconds: anybody can name
/// keys that do not exist.
pub const JWKS_REFETCH_MS: u64 = 30_000;

/// Pause after a fetch that failed, in milliseconds.
pub const JWKS_RETRY_MS: u64 = 10_000;

/// How far an issuer's clock may be set to differ from ours, in seconds: more is a broken clock.
pub const JWT_SKEW_MAX_SECONDS: u64 = 300;

/// Tenants that a proxy's header lists: more belong into `*` or into another mode.
pub const TRUSTED_TENANTS_MAX: usize = 1_000;

/// Secrets that one thing (a link, a peer) is checked with: the one in use, the next, and those not yet over.
pub const SIGNING_SECRETS_MAX: usize = 8;

/// Bytes of a signed link's token: it has to pass every proxy within a URL.
pub const LINK_TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Bytes of an `Authorization` field: a token of an identity provider with long lists of groups.
pub const CREDENTIAL_BYTES_MAX: usize = 16 * 1024;
