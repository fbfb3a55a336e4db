//! The facade.

use std::sync::Arc;

use engine::{Image, Interrupt};
use model::{Catalog, Error, Monotonic, Summary, TenantId};
use source::Source;

use crate::events::Events;
use crate::request::{QueryRequest, QuerySink};
use crate::runtime::Runtime;
use crate::settings::Settings;
use crate::status::{
    BootRequested, CloseRequested, InstanceStatus, Readiness, SchemaReport, SlotStatus, Usage,
};

/// What the hypervisor is made of.
pub struct Parts {
    /// Which tables tenants have.
    pub catalog: Arc<Catalog>,
    /// Where their documents come from.
    pub source: Arc<dyn Source>,
    /// The process.
    pub runtime: Arc<dyn Runtime>,
    /// Bounds and policies.
    pub settings: Settings,
    /// Takes lifecycle facts.
    pub events: Arc<dyn Events>,
}

/// The right to use an instance: it is not evicted while a lease is out.
#[derive(Debug)]
pub struct Lease {}

/// The data plane. Cheap to clone.
#[derive(Clone)]
pub struct Hypervisor {}

impl Hypervisor {
    /// Builds the blank images and starts the reaper. Boots nothing.
    ///
    /// # Errors
    /// `internal` if SQLite refuses the catalog's tables.
    pub async fn start(_parts: Parts) -> Result<Hypervisor, Error> {
        Ok(Hypervisor {})
    }

    /// Runs a query on one of the query threads; boots the instance, or loads the tables it lacks,
    /// where needed. An error after `sink.begin` was told to the sink, too (`fail`). Dropping the
    /// future interrupts the query.
    ///
    /// # Errors
    /// Everything that can happen to a query; [`Error::retry_after`] where it is known.
    pub async fn query(
        &self,
        _request: QueryRequest,
        _sink: Box<dyn QuerySink>,
        _interrupt: Interrupt,
    ) -> Result<Summary, Error> {
        Err(Error::internal("not written yet"))
    }

    /// Starts loading what the instance lacks, without waiting for it.
    ///
    /// # Errors
    /// `tenant_busy` over the rate, `shutting_down`, or why the last boot failed.
    pub async fn boot(&self, _tenant: &TenantId) -> Result<BootRequested, Error> {
        Err(Error::internal("not written yet"))
    }

    /// Shuts an instance down once its leases end; stops a boot.
    ///
    /// # Errors
    /// `tenant_busy` over the rate.
    pub async fn close(&self, _tenant: &TenantId) -> Result<CloseRequested, Error> {
        Err(Error::internal("not written yet"))
    }

    /// A tenant's instance, without booting it.
    ///
    /// # Errors
    /// `tenant_not_found`, `source_unavailable` while asking for a vacant slot's tenant.
    pub async fn instance(&self, _tenant: &TenantId) -> Result<InstanceStatus, Error> {
        Err(Error::internal("not written yet"))
    }

    /// A tenant's tables, without booting it.
    ///
    /// # Errors
    /// As [`Hypervisor::instance`].
    pub async fn schema(&self, _tenant: &TenantId) -> Result<SchemaReport, Error> {
        Err(Error::internal("not written yet"))
    }

    /// The tenant's image with all its tables, booting it if needed; keep the lease while reading.
    ///
    /// # Errors
    /// As a query that needs all tables.
    pub async fn image(&self, _tenant: &TenantId) -> Result<(Lease, Image), Error> {
        Err(Error::internal("not written yet"))
    }

    /// Every slot, for the operator.
    pub fn slots(&self) -> Vec<SlotStatus> {
        Vec::new()
    }

    /// Memory and load, for gauges.
    pub fn usage(&self) -> Usage {
        Usage::default()
    }

    /// Whether this replica should get requests.
    pub fn ready(&self) -> Readiness {
        Readiness::Ready
    }

    /// Refuses newcomers at once; lets those inside finish until `deadline`, then interrupts them;
    /// closes every instance. Returns when that is done.
    pub async fn drain(&self, _deadline: Monotonic) {}
}
