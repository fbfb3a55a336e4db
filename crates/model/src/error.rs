//! The closed list of error codes and the error that carries one. What HTTP status a code has is
//! `litevisor`'s business alone.

use std::fmt;
use std::time::Duration;

use crate::shortage::{Hit, Price};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $slug:literal, retryable: $retryable:literal;)*) => {
        /// Every way a request can fail. Each has a page in `docs/errors/`, named after its slug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ErrorCode { $($(#[doc = $doc])* $variant,)* }

        impl ErrorCode {
            /// All codes, in the order of the list.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),*];

            /// The stable name seen by clients, in logs and in metrics.
            pub fn slug(self) -> &'static str {
                match self { $(ErrorCode::$variant => $slug),* }
            }

            /// Whether the same request may succeed later without anything being changed.
            pub fn retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retryable),* }
            }
        }
    };
}

error_codes! {
    /// The request's form is wrong: a parameter, a header, the body.
    RequestInvalid = "request_invalid", retryable: false;
    /// No tenant was named.
    TenantMissing = "tenant_missing", retryable: false;
    /// SQLite refused the statement, with the byte offset where it can tell.
    SqlError = "sql_error", retryable: false;
    /// No valid credentials.
    Unauthenticated = "unauthenticated", retryable: false;
    /// The statement asks for something that no tenant may do.
    SqlNotAllowed = "sql_not_allowed", retryable: false;
    /// The caller's role does not allow this.
    Forbidden = "forbidden", retryable: false;
    /// There is no such tenant, or the caller may not see it.
    TenantNotFound = "tenant_not_found", retryable: false;
    /// There is no such route or record.
    NotFound = "not_found", retryable: false;
    /// The route exists, but not with this method.
    MethodNotAllowed = "method_not_allowed", retryable: false;
    /// Somebody else changed the record.
    Conflict = "conflict", retryable: false;
    /// It was here and is no more.
    Gone = "gone", retryable: false;
    /// A condition of the request does not hold.
    PreconditionFailed = "precondition_failed", retryable: false;
    /// The asked range is not in the body.
    RangeNotSatisfiable = "range_not_satisfiable", retryable: false;
    /// The request's body is over its bound.
    BodyTooLarge = "body_too_large", retryable: false;
    /// The body's media type, or every accepted one, is none of ours.
    MediaTypeUnsupported = "media_type_unsupported", retryable: false;
    /// The statement ran out of its time.
    QueryTimeout = "query_timeout", retryable: false;
    /// The statement ran out of its memory.
    QueryMemoryExceeded = "query_memory_exceeded", retryable: false;
    /// The result is over its bound.
    ResultTooLarge = "result_too_large", retryable: false;
    /// The tenant's data do not fit into an instance.
    InstanceTooLarge = "instance_too_large", retryable: false;
    /// This tenant has too much under way.
    TenantBusy = "tenant_busy", retryable: true;
    /// A fault of ours.
    Internal = "internal", retryable: true;
    /// This replica has too much under way.
    Overloaded = "overloaded", retryable: true;
    /// The instance is still booting.
    InstanceBooting = "instance_booting", retryable: true;
    /// The source cannot be read.
    SourceUnavailable = "source_unavailable", retryable: true;
    /// The control plane's store cannot be reached.
    StoreUnavailable = "store_unavailable", retryable: true;
    /// This replica is shutting down.
    ShuttingDown = "shutting_down", retryable: true;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// A failure, with a message that tells its reader what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which of the closed list it is.
    pub code: ErrorCode,
    /// For the caller. Holds nothing of another tenant and nothing of our insides.
    pub message: String,
    /// For the operator's log only.
    pub internal: Option<String>,
    /// For SQL errors: the byte offset into the whole `sql`.
    pub offset: Option<u64>,
    /// When to come back, where that is known.
    pub retry_after: Option<Duration>,
    /// The budget that was full.
    pub hit: Option<Box<Hit>>,
    /// What the boot that was refused would have cost.
    pub price: Option<Box<Price>>,
    /// Whether the operator's log has it already: what many wait for is told once.
    pub logged: bool,
}

impl Error {
    /// An error with a message for the caller.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Error {
            code,
            message: message.into(),
            internal: None,
            offset: None,
            retry_after: None,
            hit: None,
            price: None,
            logged: false,
        }
    }

    /// A fault of ours: the caller learns that there was one, the log learns which.
    pub fn internal(detail: impl Into<String>) -> Self {
        Error {
            internal: Some(detail.into()),
            ..Error::new(
                ErrorCode::Internal,
                "a fault in this service; the operator's log has the details under this Request-Id",
            )
        }
    }

    /// There is no such tenant, or the caller may not see it: one error for both, so that nobody
    /// learns which.
    pub fn tenant_not_found() -> Self {
        Error::new(
            ErrorCode::TenantNotFound,
            "there is no such tenant, or you may not see it; check the id",
        )
    }

    /// Adds a detail for the operator's log.
    #[must_use]
    pub fn with_internal(mut self, detail: impl Into<String>) -> Self {
        self.internal = Some(detail.into());
        self
    }

    /// Adds the byte offset into the whole `sql`.
    #[must_use]
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Notes that the operator's log has it.
    #[must_use]
    pub fn logged(mut self) -> Self {
        self.logged = true;
        self
    }

    /// Adds which budget was full; the message says it, too.
    #[must_use]
    pub fn with_hit(mut self, hit: Hit) -> Self {
        self.message = format!("{} ({hit})", self.message);
        self.hit = Some(Box::new(hit));
        self
    }

    /// Adds what the refused boot would have cost.
    #[must_use]
    pub fn with_price(mut self, price: Price) -> Self {
        self.price = Some(Box::new(price));
        self
    }

    /// Adds when to come back.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.internal {
            Some(internal) => write!(f, " ({internal})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
