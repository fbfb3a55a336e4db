//! Lifecycle facts. Telemetry turns them into logs and metrics, tests assert on them.

use std::time::Duration;

use model::{Error, ErrorCode, TenantId};

/// Takes events. Called with locks held: it must neither block nor call back.
pub trait Events: Send + Sync + 'static {
    /// Something happened.
    fn emit(&self, event: &Event<'_>);
}

/// An enum whose variants have words for logs and metrics, all of them in one list.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The word used in logs and metrics.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
    };
}

words! {
    /// Why an instance is shut down.
    EvictionReason {
        /// Nobody used it for `idle_timeout`.
        Idle = "idle",
        /// Its memory was needed.
        Pressure = "pressure",
        /// It was asked for.
        Operator = "operator",
        /// The source does not list such a tenant any more.
        Unlisted = "unlisted",
        /// The replica shuts down.
        Drain = "drain",
    }
}

words! {
    /// What a load is for.
    LoadKind {
        /// The first of an instance.
        Boot = "boot",
        /// More tables of the same point in time.
        Grow = "grow",
        /// A new generation beside the old one.
        Refresh = "refresh",
    }
}

words! {
    /// Why a request was turned away before any work was done for it.
    ShedReason {
        /// The tenant has too much waiting.
        TenantQueue = "tenant_queue",
        /// The replica has too much waiting.
        ReplicaQueue = "replica_queue",
        /// It waited too long for its turn, all of the replica's places being taken.
        QueueTimeout = "queue_timeout",
        /// It waited too long for its turn, the tenant's own queries holding all places it may have.
        TenantQueueTimeout = "tenant_queue_timeout",
        /// Boot or close was asked for too often.
        Rate = "rate",
        /// No memory.
        Memory = "memory",
        /// The tenant's queries hold all the memory that they may have together.
        TenantMemory = "tenant_memory",
        /// No room for another slot.
        Slots = "slots",
    }
}

/// A lifecycle fact. `tenant: None` means the shared tables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A load began.
    LoadStarted {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// What for.
        kind: LoadKind,
    },
    /// Tables became readable, some maybe before the load's end.
    TablesPublished {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// How many tables are readable now.
        tables: usize,
        /// The image's bytes.
        bytes: u64,
        /// The generation they belong to.
        generation: u64,
    },
    /// A load ended well.
    LoadFinished {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// What for.
        kind: LoadKind,
        /// How long it took.
        took: Duration,
        /// Documents read.
        documents: u64,
        /// Rows stored.
        rows: u64,
        /// Tables that had to be loaded more than once, since their shape did not fit.
        reloads: u64,
    },
    /// A load failed.
    LoadFailed {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// What for.
        kind: LoadKind,
        /// Why.
        error: &'a Error,
    },
    /// A load was stopped: nobody waits for it any more, or the replica drains.
    LoadStopped {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// What for.
        kind: LoadKind,
    },
    /// A point in time can no longer be read: the source does not keep it, or a collection was
    /// renamed or rebuilt. What was read of it is read anew.
    PointLost {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// What told it; `None`: the source keeps no points in time.
        error: Option<&'a Error>,
    },
    /// A tenant whose instance went for want of memory is booted again soon after: memory is short.
    Refault,
    /// A copy came from a peer and is in use.
    TakenOver {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// The image's.
        bytes: u64,
        /// Since it was wanted.
        took: Duration,
    },
    /// A copy that a peer offered came to nothing.
    NotTakenOver {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// Why.
        error: &'a Error,
    },
    /// An instance takes no newcomers any more.
    Closing {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// Why.
        reason: EvictionReason,
        /// Leases still out.
        leases: u64,
    },
    /// An instance is gone, its image given back, or left to the last who read it.
    Closed {
        /// Whose.
        tenant: Option<&'a TenantId>,
        /// The image's bytes.
        bytes: u64,
    },
    /// A request was turned away.
    Shed {
        /// Whose.
        tenant: &'a TenantId,
        /// Why.
        reason: ShedReason,
    },
    /// A query ended.
    QueryFinished {
        /// Whose.
        tenant: &'a TenantId,
        /// How; `None`: well.
        error: Option<ErrorCode>,
        /// Its caller went away before the end.
        gone: bool,
        /// Whether it waited for a load.
        cold: bool,
        /// Waiting for loads.
        boot: Duration,
        /// Waiting for its turn.
        queue: Duration,
        /// Running.
        exec: Duration,
        /// Times it started over since a table was missing.
        restarts: u32,
    },
    /// A thread or task of ours panicked; it was caught.
    Panicked {
        /// What it was doing.
        doing: &'static str,
        /// What it said.
        message: &'a str,
    },
    /// A step of the drain ended.
    DrainStep {
        /// Which.
        step: &'static str,
        /// How long it took.
        took: Duration,
        /// Whether it ended by itself, before the deadline.
        in_time: bool,
    },
}
