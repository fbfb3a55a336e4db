//! Requests as they come in: what has come of one is charged to its tenant's queries until it ends,
//! so that bodies that are sent slowly, or wait with their queries, are nobody else's memory.

use std::sync::Arc;

use model::{Cap, Charge, Error, ErrorCode, Hit, TenantId};

use crate::core::Core;
use crate::events::{Event, ShedReason};
use crate::shed::Shed;

/// What is charged for one request so far; given back when it is dropped.
#[must_use = "it is given back when it is dropped"]
pub struct Held {
    core: Arc<Core>,
    tenant: TenantId,
    charge: Option<Charge>,
}

impl Held {
    /// Of a request of which nothing has come yet.
    pub(crate) fn new(core: &Arc<Core>, tenant: &TenantId) -> Held {
        Held { core: Arc::clone(core), tenant: tenant.clone(), charge: None }
    }

    /// Charges `bytes` more.
    ///
    /// # Errors
    /// `tenant_busy` where the tenant's queries hold all that they may have, `overloaded` where the
    /// replica has no room.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Error> {
        if self.try_grow(bytes) {
            return Ok(());
        }
        // What is idle goes first, as for anything else.
        self.core.relieve(bytes);
        if self.try_grow(bytes) { Ok(()) } else { Err(self.refused(bytes)) }
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        if let Some(charge) = &mut self.charge {
            charge.shrink_to(bytes);
        }
    }

    fn try_grow(&mut self, bytes: u64) -> bool {
        if let Some(charge) = &mut self.charge {
            return charge.grow(bytes);
        }
        self.charge = self.core.spending.of(&self.tenant).charge(bytes);
        self.charge.is_some()
    }

    fn refused(&self, bytes: u64) -> Error {
        let (core, tenant) = (&self.core, &self.tenant);
        let account = core.spending.of(tenant);
        let own = account.refuser(bytes).cap() == Cap::TenantQueries;
        let shed = if own {
            let (used, limit) = (account.used(), account.limit());
            let by = vec![("own_running", core.admission.running_of(tenant) as u64)];
            let hit = Hit { budget: "query.tenant_bytes_max", used, limit, by };
            Shed::by(ShedReason::TenantMemory, hit)
        } else {
            Shed::by(ShedReason::Memory, core.memory_hit())
        };
        core.events.emit(&Event::Shed { tenant, reason: shed.reason });
        let error = core.shed(shed);
        debug_assert_eq!(error.code == ErrorCode::TenantBusy, own);
        error
    }
}
