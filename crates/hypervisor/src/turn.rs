//! A query's turn: on a query thread, or the short way on the thread that asks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine::{Failure, Interrupt, QueryLimits, Run, Why};
use model::limits::QUERY_HEADROOM_BYTES;
use model::{Account, Cell, Clock, Column, Error, Flow, Monotonic, RowSink, Summary, Timestamp};

use crate::core::Core;
use crate::registry::Lease;
use crate::request::{Opened, QueryRequest, QuerySink};

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

    /// The short way: on the thread that asks, where a kept reader has the statement ready and it
    /// ends at once. `None`: it did not, and nothing was sent.
    pub(crate) fn run_brief(
        &self,
        leases: &Leases,
        sink: &mut dyn QuerySink,
    ) -> Option<Result<Summary, Error>> {
        let opened = self.opened(leases, self.submitted);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.with_run(leases, &*self.core.runtime, |run| {
                let mut sink = Opening { sink, opened: Some(opened) };
                engine::run_brief(&self.request.script, run, &self.core.readers, &mut sink)
            })
        }));
        match outcome {
            Ok(summary) => summary.map(Ok),
            Err(panic) => {
                self.core.panicked("query", &*panic);
                Some(Err(Error::internal("a query panicked")))
            }
        }
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
        let opened = self.opened(leases, started);
        let clock = WithoutWaits { clock: &*core.runtime, waited: sink.waited() };
        self.with_run(leases, &clock, |run| {
            let mut sink = Opening { sink, opened: Some(opened) };
            engine::run(&self.request.script, run, &core.readers, &mut sink)
        })
    }

    fn with_run<R>(
        &self,
        leases: &Leases,
        clock: &dyn Clock,
        body: impl FnOnce(&Run<'_>) -> R,
    ) -> R {
        let core = &self.core;
        let settings = &core.settings;
        // What the engine charges is scratch and temp files; SQLite's heap it does not charge yet.
        let account = Account::child(&core.budget, settings.temp_bytes_max);
        let limits = QueryLimits {
            max_rows: self.request.max_rows,
            row_bytes_max: settings.row_bytes_max,
            sql_bytes_max: settings.sql_bytes_max,
        };
        body(&Run {
            image: &leases.tenant.image,
            shared: leases.shared.as_ref().map(|lease| &lease.image).or(core.blanks.shared()),
            account: &account,
            limits: &limits,
            interrupt: &self.interrupt,
            clock,
            deadline: self.deadline,
            as_of: Some(self.opened(leases, self.submitted).as_of),
        })
    }

    fn opened(&self, leases: &Leases, started: Monotonic) -> Opened {
        let tenant = &leases.tenant;
        let (as_of, exact): (Timestamp, bool) = match &leases.shared {
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
            cold: self.cold,
            boot: self.boot,
            queue: self.queue + started.since(self.submitted),
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
