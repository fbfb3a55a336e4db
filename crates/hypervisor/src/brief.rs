//! The short way of a query: its instance is there, a kept reader has its statement ready, and it
//! ends within a few thousand VM steps. Then it runs on the thread that asks, which may be one that
//! must not block: handing it over and back would cost several times what it takes. It needs no
//! permit: no more of them run at once than there are such threads, and none waits for a tenant
//! whose heavy queries hold the permits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use engine::Interrupt;
use model::{Clock, Error, Summary, TableSet};

use crate::core::Core;
use crate::events::Event;
use crate::query::{Inside, first_need};
use crate::request::{QueryRequest, QuerySink};
use crate::slot::Need;
use crate::turn::{Attempt, Leases, Timing};
use crate::wait::at_once;

/// Runs it the short way; `None`: it cannot be gone, and nothing was sent to `sink`.
pub(crate) fn query_at_once(
    core: &Arc<Core>,
    request: &QueryRequest,
    sink: &mut dyn QuerySink,
) -> Option<Result<Summary, Error>> {
    let _inside = Inside::enter(core).ok()?;
    let started = core.now();
    let need = first_need(core, request, started);
    let leases = Leases {
        tenant: at_once(core, &Some(request.tenant.clone()), &need).ok()??,
        shared: match core.hints.reads_shared(&request.script.sql) {
            true => Some(at_once(core, &None, &Need { tables: TableSet::EMPTY, ..need }).ok()??),
            false => None,
        },
    };
    let interrupt = Interrupt::new();
    let clock: &dyn Clock = &*core.runtime;
    let deadline = started.after(request.timeout);
    let (interrupt, leases) = (&interrupt, &leases);
    // The reader pays from its own purse; an account of this run's own would bound nothing.
    let accounts = (&core.budget, &core.budget);
    let attempt =
        Attempt { core, request, interrupt, clock, deadline, pace: None, accounts, leases };
    let ran = catch_unwind(AssertUnwindSafe(|| {
        attempt.with_run(sink, Timing::default(), |run, sink| {
            engine::run_brief(&request.script, run, &core.readers, sink)
        })
    }));
    let outcome = match ran {
        Ok(summary) => Ok(summary?),
        Err(panic) => {
            core.panicked("query", &*panic);
            Err(Error::internal("a query panicked"))
        }
    };
    core.events.emit(&Event::QueryFinished {
        tenant: &request.tenant,
        error: outcome.as_ref().err().map(|error| error.code),
        gone: false,
        cold: false,
        boot: Default::default(),
        queue: Default::default(),
        exec: core.now().since(started),
        restarts: 0,
    });
    Some(outcome)
}
