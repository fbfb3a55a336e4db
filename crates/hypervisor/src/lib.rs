//! The life of instances: registry, boots, leases, eviction, budget. [`Hypervisor`] is the facade;
//! it knows no HTTP, no clock and no runtime but the one it is given.

mod admission;
mod adopt;
mod boot;
mod brief;
mod core;
mod cpu;
mod drain;
mod events;
mod eviction;
mod fetch;
mod gate;
mod handover;
mod held;
mod hypervisor;
mod inspect;
mod load_state;
mod loading;
mod manifest;
mod orders;
mod peers;
mod price;
mod query;
mod rates;
mod reaper;
mod registry;
mod request;
mod runtime;
mod seen;
mod settings;
mod shed;
mod slot;
mod spending;
mod state;
mod status;
mod threads;
mod turn;
mod wait;

pub use cpu::{Lane, pause};
pub use engine::{Interrupt, Why};
pub use events::{Event, Events, EvictionReason, LoadKind, ShedReason};
pub use handover::Offer;
pub use held::Held;
pub use hypervisor::{Hypervisor, Parts};
pub use manifest::Manifest;
pub use peers::{Incoming, Peers, Wanted};
pub use registry::Lease;
pub use request::{Opened, QueryRequest, QuerySink, Spent};
pub use runtime::Runtime;
pub use seen::SeenTold;
pub use settings::{AdmissionSettings, Settings, TablesPolicy};
pub use status::{
    BootRequested, CloseRequested, FailureStatus, InstanceStatus, LoadedTable, Progress, Readiness,
    SchemaReport, SlotStatus, State, TableStatus, Usage,
};
