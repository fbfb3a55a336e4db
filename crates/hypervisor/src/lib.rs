//! The life of instances: registry, boots, leases, eviction, budget. [`Hypervisor`] is the facade;
//! it knows no HTTP, no clock and no runtime but the one it is given.

mod events;
mod hypervisor;
mod request;
mod runtime;
mod settings;
mod state;
mod status;

pub use engine::{Interrupt, Why};
pub use events::{Event, Events, EvictionReason, LoadKind, ShedReason};
pub use hypervisor::{Hypervisor, Lease, Parts};
pub use request::{Opened, QueryRequest, QuerySink};
pub use runtime::Runtime;
pub use settings::{AdmissionSettings, Settings, TablesPolicy};
pub use status::{
    BootRequested, CloseRequested, FailureStatus, InstanceStatus, LoadedTable, Price, Progress,
    Readiness, SchemaReport, SlotStatus, State, TableStatus, Usage,
};
