//! The facade.

use std::sync::Arc;

use engine::{Image, Interrupt};
use model::{Account, Catalog, Error, Monotonic, Summary, TenantId};
use source::Source;

use crate::adopt::adopt;
use crate::core::Core;
use crate::events::Events;
use crate::handover::{self, Offer};
use crate::held::Held;
use crate::peers::{Incoming, Peers};
use crate::query::{self, Inside};
use crate::registry::Lease;
use crate::request::{QueryRequest, QuerySink};
use crate::runtime::Runtime;
use crate::settings::Settings;
use crate::slot::Need;
use crate::status::{
    BootRequested, CloseRequested, InstanceStatus, Readiness, SchemaReport, SlotStatus, Usage,
};
use crate::{brief, drain, inspect, orders, reaper, wait};

/// What the hypervisor is made of.
pub struct Parts {
    /// Which tables tenants have.
    pub catalog: Arc<Catalog>,
    /// Where their documents come from.
    pub source: Arc<dyn Source>,
    /// The other replicas, where images are handed over.
    pub peers: Option<Arc<dyn Peers>>,
    /// The process.
    pub runtime: Arc<dyn Runtime>,
    /// Bounds and policies.
    pub settings: Settings,
    /// Takes lifecycle facts.
    pub events: Arc<dyn Events>,
}

/// The data plane. Cheap to clone.
#[derive(Clone)]
pub struct Hypervisor {
    core: Arc<Core>,
}

impl Hypervisor {
    /// Builds the blank images and starts the reaper. Boots nothing.
    ///
    /// # Errors
    /// `internal` if SQLite refuses the catalog's tables.
    pub async fn start(parts: Parts) -> Result<Hypervisor, Error> {
        let Parts { catalog, source, peers, runtime, settings, events } = parts;
        let core = Core::new((catalog, source, peers), (runtime, events), settings)?;
        reaper::start(&core);
        Ok(Hypervisor { core })
    }

    /// Runs a query on one of the query threads; boots the instance, or loads the tables it lacks,
    /// where needed. An error after `sink.begin` was told to the sink, too (`fail`). Dropping the
    /// future interrupts the query.
    ///
    /// # Errors
    /// Everything that can happen to a query; [`Error::retry_after`] where it is known.
    pub async fn query(
        &self,
        request: QueryRequest,
        sink: Box<dyn QuerySink>,
        interrupt: Interrupt,
    ) -> Result<Summary, Error> {
        query::query(&self.core, request, sink, interrupt).await
    }

    /// Runs a query on the thread that asks, if its instance is there, its statement is ready and
    /// it ends within some 50 us: it blocks no longer. `None`: it did not, `sink` knows nothing of
    /// it; use [`Hypervisor::query`].
    pub fn query_at_once(
        &self,
        request: &QueryRequest,
        sink: &mut dyn QuerySink,
    ) -> Option<Result<Summary, Error>> {
        brief::query_at_once(&self.core, request, sink)
    }

    /// Starts loading what the instance lacks, without waiting for it.
    ///
    /// # Errors
    /// `tenant_busy` over the rate, `shutting_down`, or why the last boot failed.
    pub async fn boot(&self, tenant: &TenantId) -> Result<BootRequested, Error> {
        orders::boot(&self.core, tenant)
    }

    /// Shuts an instance down once its leases end; stops a boot.
    ///
    /// # Errors
    /// `tenant_busy` over the rate.
    pub async fn close(&self, tenant: &TenantId) -> Result<CloseRequested, Error> {
        orders::close(&self.core, tenant)
    }

    /// A tenant's instance, without booting it.
    ///
    /// # Errors
    /// `tenant_not_found`, `source_unavailable` while asking for a vacant slot's tenant.
    pub async fn instance(&self, tenant: &TenantId) -> Result<InstanceStatus, Error> {
        inspect::instance(&self.core, tenant).await
    }

    /// A tenant's tables, without booting it.
    ///
    /// # Errors
    /// As [`Hypervisor::instance`].
    pub async fn schema(&self, tenant: &TenantId) -> Result<SchemaReport, Error> {
        inspect::schema(&self.core, tenant).await
    }

    /// The tenant's image with all its tables, booting it if needed; keep the lease while reading.
    ///
    /// # Errors
    /// As a query that needs all tables.
    pub async fn image(&self, tenant: &TenantId) -> Result<(Lease, Image), Error> {
        let core = &self.core;
        let _inside = Inside::enter(core)?;
        let owner = Some(tenant.clone());
        let need = Need { tables: core.tables_of(&owner), read_since: None };
        let (lease, _) = wait::acquire(core, &owner, &need, core.settings.boot_wait).await?;
        let image = lease.image.clone();
        Ok((lease, image))
    }

    /// A live copy of the tenant's data, for a peer that is asked for it now. That is no use of the
    /// instance.
    pub fn offer(&self, tenant: &TenantId) -> Option<Offer> {
        handover::offer(&self.core, tenant)
    }

    /// Notes that a peer took this copy: what stays here goes first when memory is short.
    pub fn lent(&self, tenant: &TenantId, generation: u64) {
        handover::lent(&self.core, tenant, generation);
    }

    /// Tenants with a live copy, those used last first.
    pub fn warm(&self) -> Vec<TenantId> {
        handover::warm(&self.core)
    }

    /// Takes a copy that a replica sends before it leaves; whether it was taken: not if there is one
    /// here, or a newer one was, or the copy is not one of ours. Nothing is begun for its tables.
    ///
    /// # Errors
    /// `shutting_down`; `overloaded` if there is no room for another slot.
    pub async fn adopt(
        &self,
        tenant: &TenantId,
        incoming: Box<dyn Incoming>,
    ) -> Result<bool, Error> {
        adopt(&self.core, &Some(tenant.clone()), incoming).await
    }

    /// Every slot, for the operator.
    pub fn slots(&self) -> Vec<SlotStatus> {
        inspect::slots(&self.core)
    }

    /// Memory and load, for gauges.
    pub fn usage(&self) -> Usage {
        inspect::usage(&self.core)
    }

    /// The account of results on their way to their readers: whoever holds them charges it, and
    /// the fuller it is, the fewer queries are admitted.
    pub fn results(&self) -> Arc<Account> {
        Arc::clone(&self.core.results)
    }

    /// What a request of `tenant` that comes in piece by piece is charged to.
    pub fn held(&self, tenant: &TenantId) -> Held {
        Held::new(&self.core, tenant)
    }

    /// Whether this replica should get requests.
    pub fn ready(&self) -> Readiness {
        match self.core.welcome() {
            Ok(()) => Readiness::Ready,
            Err(_) => Readiness::Draining,
        }
    }

    /// Refuses newcomers at once; lets those inside finish until `deadline`, then interrupts them;
    /// closes every instance. Returns when that is done.
    pub async fn drain(&self, deadline: Monotonic) {
        drain::drain(&self.core, deadline).await;
    }
}
