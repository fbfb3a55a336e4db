//! A query's turn on a query thread, and what every way of running one has in common.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Failure, Interrupt, Pace, QueryLimits, Run, Why};
use model::limits::QUERY_HEADROOM_BYTES;
use model::{
    Account, Cap, Cell, Clock, Column, Error, Flow, Monotonic, RowSink, Summary, Timestamp,
};

use crate::core::Core;
use crate::cpu::{Paced, Worker};
use crate::registry::Lease;
use crate::request::{Opened, QueryRequest, QuerySink, Spent};

/// The images a query runs on.
pub(crate) struct Leases {
    pub(crate) tenant: Lease,
    pub(crate) shared: Option<Lease>,
}

/// What came of a turn on a query thread.
pub(crate) struct Reply {
    pub(crate) outcome: Result<Summary, Failure>,
    pub(crate) sink: Option<Box<dyn QuerySink>>,
    pub(crate) started: Monotonic,
    pub(crate) ended: Monotonic,
}

/// What goes to the query thread.
pub(crate) struct Work {
    pub(crate) core: Arc<Core>,
    pub(crate) request: Arc<QueryRequest>,
    pub(crate) interrupt: Interrupt,
    pub(crate) deadline: Monotonic,
    pub(crate) submitted: Monotonic,
    pub(crate) boot: Duration,
    pub(crate) queue: Duration,
    pub(crate) cold: bool,
}

impl Work {
    /// Runs the script, or without leases finds out what it needs.
    pub(crate) fn run(&self, leases: Option<Leases>, mut sink: Box<dyn QuerySink>) -> Reply {
        let started = self.core.now();
        let outcome = catch_unwind(AssertUnwindSafe(|| match &leases {
            Some(leases) => self.execute(leases, started, &mut *sink),
            None => {
                let blanks = &self.core.blanks;
                let script = &self.request.script;
                let needed = engine::tables_needed(blanks.tenant(), blanks.shared(), script);
                Err(Failure::NeedTables(needed))
            }
        }));
        drop(leases);
        let (outcome, sink) = match outcome {
            Ok(outcome) => (outcome, Some(sink)),
            Err(panic) => {
                self.core.panicked("query", &*panic);
                let error = Error::internal("a query panicked");
                (Err(Failure::Error { error, begun: false }), None)
            }
        };
        Reply { outcome, sink, started, ended: self.core.now() }
    }

    fn execute(
        &self,
        leases: &Leases,
        started: Monotonic,
        sink: &mut dyn QuerySink,
    ) -> Result<Summary, Failure> {
        let core = &self.core;
        let _listed = core.running.list(&self.interrupt);
        if core.halt.is_cancelled() {
            self.interrupt.interrupt(Why::ShuttingDown);
        }
        core.relieve(QUERY_HEADROOM_BYTES);
        if core.spending.left() < QUERY_HEADROOM_BYTES {
            // Kept readers hold what they pay from the queries' part.
            core.readers.clear();
        }
        let clock = WithoutWaits { clock: &*core.runtime, waited: sink.waited() };
        let worker = Worker {
            turns: &core.turns,
            runtime: &*core.runtime,
            owner: Some(&self.request.tenant),
            lane: self.request.lane,
        };
        let over = || self.interrupt.reason().is_some() || core.now() >= self.deadline;
        let pace = Paced::new(worker, &over);
        let tenants = core.spending.of(&self.request.tenant);
        let account = Account::share(&tenants, Cap::QueryTemp, core.settings.temp_bytes_max);
        let heap = Account::share(&tenants, Cap::QueryHeap, core.settings.heap_bytes_max);
        let attempt = Attempt {
            core,
            request: &self.request,
            interrupt: &self.interrupt,
            clock: &clock,
            deadline: self.deadline,
            pace: Some(&pace),
            accounts: (&account, &heap),
            leases,
        };
        let timing = Timing {
            cold: self.cold,
            boot: self.boot,
            queue: self.queue + started.since(self.submitted),
        };
        pace.during(&core.turns, || {
            attempt.with_run(sink, timing, |run, sink| {
                engine::run(&self.request.script, run, &core.readers, sink)
            })
        })
    }
}

/// Where a query's time went before it began to run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Timing {
    pub(crate) cold: bool,
    pub(crate) boot: Duration,
    pub(crate) queue: Duration,
}

/// A run of a query on the images it holds leases on.
pub(crate) struct Attempt<'a> {
    pub(crate) core: &'a Core,
    pub(crate) request: &'a QueryRequest,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) deadline: Monotonic,
    pub(crate) pace: Option<&'a dyn Pace>,
    /// Pay for scratch and temp files, and for SQLite's heap.
    pub(crate) accounts: (&'a Arc<Account>, &'a Arc<Account>),
    pub(crate) leases: &'a Leases,
}

impl Attempt<'_> {
    /// What the engine is given; the sink is told what is known right before the columns.
    pub(crate) fn with_run<R>(
        &self,
        sink: &mut dyn QuerySink,
        timing: Timing,
        body: impl FnOnce(&Run<'_>, &mut dyn RowSink) -> R,
    ) -> R {
        let (core, leases) = (self.core, self.leases);
        let settings = &core.settings;
        let opened = self.opened(timing);
        sink.spent(Spent { boot: timing.boot, queue: timing.queue });
        let mut sink = Opening { sink, opened: Some(opened) };
        let limits = QueryLimits {
            max_rows: self.request.max_rows,
            row_bytes_max: settings.row_bytes_max,
            sql_bytes_max: settings.sql_bytes_max,
            cpu_time_max: Some(settings.query_cpu_time_max),
        };
        let run = Run {
            image: &leases.tenant.image,
            shared: leases.shared.as_ref().map(|lease| &lease.image).or(core.blanks.shared()),
            account: self.accounts.0,
            heap: self.accounts.1,
            limits: &limits,
            interrupt: self.interrupt,
            clock: self.clock,
            pace: self.pace,
            deadline: self.deadline,
            as_of: Some(model::AsOf { time: opened.as_of, exact: opened.as_of_exact }),
        };
        body(&run, &mut sink)
    }

    fn opened(&self, timing: Timing) -> Opened {
        let tenant = &self.leases.tenant;
        let (as_of, exact): (Timestamp, bool) = match &self.leases.shared {
            None => (tenant.as_of, tenant.exact),
            Some(shared) => {
                let same = tenant.as_of == shared.as_of && tenant.exact && shared.exact;
                (tenant.as_of.min(shared.as_of), same)
            }
        };
        Opened {
            as_of,
            as_of_exact: exact,
            generation: tenant.generation,
            cold: timing.cold,
            boot: timing.boot,
            queue: timing.queue,
        }
    }
}

/// The clock of a query's deadline: it stands still while the sink waits for its reader, whom
/// other bounds hold to a least rate.
struct WithoutWaits<'a> {
    clock: &'a dyn Clock,
    waited: Option<Arc<AtomicU64>>,
}

impl Clock for WithoutWaits<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Monotonic {
        let waited = self.waited.as_ref().map_or(0, |waited| waited.load(Ordering::Relaxed));
        Monotonic(self.clock.monotonic().0.saturating_sub(waited))
    }

    fn thread_time(&self) -> Duration {
        self.clock.thread_time()
    }
}

/// Tells the sink what is known, right before the columns.
struct Opening<'a> {
    sink: &'a mut dyn QuerySink,
    opened: Option<Opened>,
}

impl RowSink for Opening<'_> {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        if let Some(opened) = self.opened.take() {
            self.sink.opened(&opened);
        }
        self.sink.begin(columns)
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.sink.row(cells)
    }

    fn finish(&mut self, summary: &Summary) {
        self.sink.finish(summary);
    }

    fn fail(&mut self, error: &Error) {
        self.sink.fail(error);
    }
}
