//! What all rooms share: the registry, the budget, the pools, the source. And the two things that
//! need several of them at once: finding memory, and telling whether newcomers are welcome.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{Blank, Image, Interrupt, PageSize, Part, Readers, Why};
use model::limits::{
    BOOTS_QUEUED_MAX, BUDGET_RESERVE_MS_MAX, BUDGET_RETRY_MS, INSTANCE_BUDGET_PERCENT,
    PRICES_AT_ONCE_MAX, RESULTS_BUDGET_PERCENT, SHARED_HINTS_MAX,
};
use model::{Account, Catalog, Charge, Error, ErrorCode, Hit, Monotonic, TableSet, TenantId};
use source::Source;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::cpu::Turns;
use crate::events::{Event, Events, EvictionReason, ShedReason};
use crate::eviction::{Candidate, victims};
use crate::gate::Gate;
use crate::peers::Peers;
use crate::rates::{Sizes, Speed};
use crate::registry::{Owner, Registry};
use crate::runtime::Runtime;
use crate::settings::{Settings, TablesPolicy};
use crate::shed::{Lately, Shed, comeback, until_served};
use crate::spending::Spending;
use crate::threads::{Plan, Threads};

/// The schema without rows, in both page sizes, and the shared part's.
pub(crate) struct Blanks {
    tiny: Blank,
    normal: Blank,
    shared: Option<Blank>,
}

impl Blanks {
    fn build(catalog: &Arc<Catalog>) -> Result<Blanks, Error> {
        let shared = !catalog.shared_tables().is_empty();
        Ok(Blanks {
            tiny: Blank::build(catalog, Part::Tenant, PageSize::Tiny)?,
            normal: Blank::build(catalog, Part::Tenant, PageSize::Normal)?,
            shared: shared
                .then(|| Blank::build(catalog, Part::Shared, PageSize::Normal))
                .transpose()?,
        })
    }

    /// What a load for `owner` starts from.
    pub(crate) fn of(&self, owner: &Owner, tiny: bool) -> &Image {
        match (owner, &self.shared) {
            (None, Some(shared)) => shared.image(),
            _ if tiny => self.tiny.image(),
            _ => self.normal.image(),
        }
    }

    pub(crate) fn tenant(&self) -> &Image {
        self.tiny.image()
    }

    pub(crate) fn shared(&self) -> Option<&Image> {
        self.shared.as_ref().map(Blank::image)
    }
}

/// The catalog, and where copies come from.
pub(crate) type Origins = (Arc<Catalog>, Arc<dyn Source>, Option<Arc<dyn Peers>>);

/// Shared by everybody in this crate.
pub(crate) struct Core {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) source: Arc<dyn Source>,
    pub(crate) peers: Option<Arc<dyn Peers>>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) settings: Settings,
    pub(crate) events: Arc<dyn Events>,
    pub(crate) blanks: Blanks,
    pub(crate) registry: Arc<Registry>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) readers: Readers,
    pub(crate) query_threads: Threads,
    pub(crate) boot_threads: Threads,
    pub(crate) turns: Arc<Turns>,
    /// Loads that read the source now.
    pub(crate) boots: Arc<Semaphore>,
    /// Of these, the ones that nobody waits for.
    pub(crate) background: Arc<Semaphore>,
    pub(crate) loads: AtomicUsize,
    pub(crate) pricing: Semaphore,
    /// The one budget, in bytes.
    pub(crate) budget: Arc<Account>,
    /// Results on their way to their readers.
    pub(crate) results: Arc<Account>,
    pub(crate) sizes: Sizes,
    /// How long loads took, from their beginning to their end.
    pub(crate) load_time: Lately,
    pub(crate) spending: Spending,
    pub(crate) speed: Speed,
    /// Requests inside; closed by the drain.
    pub(crate) door: Gate,
    pub(crate) draining: AtomicBool,
    /// The drain's deadline is over.
    pub(crate) halt: CancellationToken,
    /// Nobody is inside any more, and nobody will be.
    pub(crate) deserted: CancellationToken,
    pub(crate) running: Running,
    /// Requests waiting for loads.
    pub(crate) waiting: AtomicUsize,
    pub(crate) hints: Hints,
}

impl Core {
    pub(crate) fn new(
        (catalog, source, peers): Origins,
        (runtime, events): (Arc<dyn Runtime>, Arc<dyn Events>),
        settings: Settings,
    ) -> Result<Arc<Core>, Error> {
        engine::init()?;
        let boots = settings.concurrent_boots.max(1);
        let queries = settings.admission.replica_concurrent.max(1);
        let query_plan = Plan {
            name: "query",
            threads_max: queries,
            queued_max: queries.saturating_mul(2),
            spins: true,
            confined: true,
        };
        let boot_plan = Plan {
            name: "boot",
            threads_max: boots,
            queued_max: BOOTS_QUEUED_MAX,
            spins: false,
            confined: false,
        };
        let now = runtime.monotonic();
        let budget = Account::root(settings.budget_bytes);
        let results = Account::child(&budget, settings.budget_bytes / 100 * RESULTS_BUDGET_PERCENT);
        Ok(Arc::new(Core {
            blanks: Blanks::build(&catalog)?,
            registry: Registry::new(&runtime, &events),
            admission: Admission::new(settings.admission.clone(), Arc::clone(&results), &runtime),
            readers: Readers::new(settings.kept_readers),
            query_threads: Threads::new(query_plan, &runtime, &events),
            boot_threads: Threads::new(boot_plan, &runtime, &events),
            turns: Arc::new(Turns::new(settings.cpu_turns, &runtime)),
            boots: Arc::new(Semaphore::new(boots)),
            background: Arc::new(Semaphore::new(boots.div_ceil(2))),
            loads: AtomicUsize::new(0),
            pricing: Semaphore::new(PRICES_AT_ONCE_MAX),
            spending: Spending::new(&budget, &settings),
            budget,
            results,
            sizes: Sizes::default(),
            load_time: Lately::default(),
            speed: Speed::default(),
            door: Gate::new(now),
            draining: AtomicBool::new(false),
            halt: CancellationToken::new(),
            deserted: CancellationToken::new(),
            hints: Hints::default(),
            running: Running::default(),
            waiting: AtomicUsize::new(0),
            catalog,
            source,
            peers,
            runtime,
            settings,
            events,
        }))
    }

    pub(crate) fn now(&self) -> Monotonic {
        self.runtime.monotonic()
    }

    /// All tables that `owner` can have.
    pub(crate) fn tables_of(&self, owner: &Owner) -> TableSet {
        match owner {
            Some(_) => self.catalog.tenant_tables(),
            None => self.catalog.shared_tables(),
        }
    }

    /// What a load for `wanted` reads before its first publish.
    pub(crate) fn first_tables(&self, owner: &Owner, wanted: TableSet) -> TableSet {
        match self.settings.tables {
            TablesPolicy::All => self.tables_of(owner),
            TablesPolicy::OnDemand | TablesPolicy::Lazy => wanted,
        }
    }

    /// Bytes that one instance may have.
    pub(crate) fn instance_bytes_max(&self) -> u64 {
        let share = self.settings.budget_bytes / 100 * INSTANCE_BUDGET_PERCENT;
        self.settings.bytes_max.min(share)
    }

    /// Refuses newcomers once the replica drains.
    pub(crate) fn welcome(&self) -> Result<(), Error> {
        if self.draining.load(Ordering::Acquire) { Err(shutting_down()) } else { Ok(()) }
    }

    /// Closes kept readers and evicts idle instances, least valuable first, until `bytes` are free
    /// or none is left.
    pub(crate) fn relieve(&self, bytes: u64) {
        let missing = || {
            let free = self.budget.limit().saturating_sub(self.budget.used());
            bytes.checked_sub(free).filter(|needed| *needed > 0)
        };
        if missing().is_none() {
            return;
        }
        // Opening one anew takes some 40 us; booting an instance, a thousand times as long.
        self.readers.clear();
        let Some(needed) = missing() else { return };
        let now = self.now();
        let mut owners: Vec<Owner> = Vec::new();
        let mut candidates: Vec<Candidate> = Vec::new();
        self.registry.visit(|owner, slot| {
            let Some(instance) = slot.live() else { return };
            if instance.gate.inside() > 0 || slot.waiting > 0 {
                return;
            }
            owners.push(owner.clone());
            candidates.push(Candidate {
                bytes: instance.account.used(),
                idle: instance.gate.idle(now),
                // A copy that a peer took costs next to nothing to get again.
                cost: if instance.lent { Duration::ZERO } else { instance.cost },
            });
        });
        for victim in victims(&candidates, needed) {
            self.registry.close(&owners[victim], EvictionReason::Pressure, true);
        }
    }

    /// Reserves bytes of the budget on an account under it: at once, after evicting idle instances, or after a bounded
    /// wait.
    ///
    /// # Errors
    /// `overloaded` if there is still no room.
    pub(crate) async fn reserve(
        &self,
        account: &Arc<Account>,
        bytes: u64,
    ) -> Result<Charge, Error> {
        // No reservation may be larger than what can ever be free.
        let bytes = bytes.min(self.budget.limit() / 8);
        let mut waited = 0;
        loop {
            if let Some(charge) = account.charge(bytes) {
                return Ok(charge);
            }
            self.relieve(bytes);
            if let Some(charge) = account.charge(bytes) {
                return Ok(charge);
            }
            if waited >= BUDGET_RESERVE_MS_MAX {
                return Err(self.shed(Shed::by(ShedReason::Memory, self.memory_hit())));
            }
            self.runtime.sleep(Duration::from_millis(BUDGET_RETRY_MS)).await;
            waited += BUDGET_RETRY_MS;
        }
    }

    /// What somebody turned away is told.
    pub(crate) fn shed(&self, shed: impl Into<Shed>) -> Error {
        shed.into().error(self.runtime.random())
    }

    /// What fills the budget.
    pub(crate) fn memory_hit(&self) -> Hit {
        let (running, _) = self.admission.load();
        let loads = self.loads.load(Ordering::Relaxed);
        Hit {
            budget: "memory.budget",
            used: self.budget.used(),
            limit: self.budget.limit(),
            by: vec![
                ("queries", running as u64),
                ("loads", loads as u64),
                ("result_bytes", self.results.used()),
            ],
        }
    }

    /// How long a load begun now would wait and take, as loads went of late.
    pub(crate) fn loads_take(&self) -> Duration {
        let ahead = self.loads.load(Ordering::Relaxed);
        until_served(ahead, self.settings.concurrent_boots, self.load_time.get())
    }

    /// Adds to a shortage that the engine met what fills the budget, and when to come back.
    pub(crate) fn explain(&self, tenant: &TenantId, mut error: Error) -> Error {
        if let Some(mut hit) = error.hit.take_if(|hit| hit.by.is_empty()) {
            let own = vec![("own_running", self.admission.running_of(tenant) as u64)];
            let busy = error.code == ErrorCode::TenantBusy;
            hit.by = if busy { own } else { self.memory_hit().by };
            return error.with_hit(*hit).retry_after(comeback(None, self.runtime.random()));
        }
        if error.code != ErrorCode::Overloaded || error.retry_after.is_some() {
            return error;
        }
        error.with_hit(self.memory_hit()).retry_after(comeback(None, self.runtime.random()))
    }

    /// Tells of a panic that was caught.
    pub(crate) fn panicked(&self, doing: &'static str, panic: &(dyn std::any::Any + Send)) {
        let message = crate::threads::panic_message(panic);
        self.events.emit(&Event::Panicked { doing, message });
    }

    /// Leaves the door.
    pub(crate) fn leave(&self) {
        if self.door.leave(self.now()) {
            self.deserted.cancel();
        }
    }
}

/// What newcomers get while the replica drains.
pub(crate) fn shutting_down() -> Error {
    Error::new(ErrorCode::ShuttingDown, "this replica is shutting down; send the request again")
}

/// The queries that run, so that the drain can interrupt them.
#[derive(Default)]
pub(crate) struct Running {
    next: AtomicU64,
    interrupts: Mutex<HashMap<u64, Interrupt>>,
}

/// Takes a query off the list.
pub(crate) struct Listed<'a> {
    running: &'a Running,
    number: u64,
}

impl Running {
    pub(crate) fn list(&self, interrupt: &Interrupt) -> Listed<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.interrupts().insert(number, interrupt.clone());
        Listed { running: self, number }
    }

    pub(crate) fn interrupt_all(&self) {
        self.interrupts().values().for_each(|interrupt| interrupt.interrupt(Why::ShuttingDown));
    }

    fn interrupts(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Interrupt>> {
        self.interrupts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.running.interrupts().remove(&self.number);
    }
}

/// Which statements read shared tables, by hash, so that those tables are attached at once. A wrong
/// or missing hint costs one start over, never correctness.
pub(crate) struct Hints {
    hasher: RandomState,
    slots: Box<[AtomicU64]>,
}

impl Default for Hints {
    fn default() -> Self {
        let slots = (0..SHARED_HINTS_MAX).map(|_| AtomicU64::new(0)).collect();
        Hints { hasher: RandomState::new(), slots }
    }
}

impl Hints {
    /// Whether `sql` read a shared table when it last ran.
    pub(crate) fn reads_shared(&self, sql: &str) -> bool {
        let (slot, hash) = self.slot(sql);
        slot.load(Ordering::Relaxed) == hash
    }

    pub(crate) fn note(&self, sql: &str) {
        let (slot, hash) = self.slot(sql);
        slot.store(hash, Ordering::Relaxed);
    }

    fn slot(&self, sql: &str) -> (&AtomicU64, u64) {
        let hash = self.hasher.hash_one(sql).max(1);
        // The remainder is below the number of slots.
        let index = usize::try_from(hash % self.slots.len() as u64).unwrap_or(0);
        (&self.slots[index], hash)
    }
}
