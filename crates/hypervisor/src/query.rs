//! A query's way: lease, permit, thread, sink. On an instance that lacks a table the statement
//! touches, it starts over once the table is loaded, before its first byte; a cold tenant's query
//! begins by finding out, on a query thread, which tables it needs.

use std::sync::Arc;
use std::time::Duration;

use engine::{Failure, Interrupt, Why};
use model::{Error, ErrorCode, Monotonic, Summary, TableSet};
use tokio::sync::oneshot;

use crate::admission::Permit;
use crate::core::{Core, shutting_down};
use crate::events::Event;
use crate::registry::{Lease, Owner};
use crate::request::{QueryRequest, QuerySink, Spent};
use crate::settings::TablesPolicy;
use crate::slot::Need;
use crate::turn::{Leases, Reply, Work};
use crate::wait::{acquire, at_once};

/// Inside the replica, from the drain's point of view.
pub(crate) struct Inside(Arc<Core>);

impl Inside {
    pub(crate) fn enter(core: &Arc<Core>) -> Result<Inside, Error> {
        if core.door.enter() { Ok(Inside(Arc::clone(core))) } else { Err(shutting_down()) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// What a query spent, where.
#[derive(Default)]
struct Times {
    boot: Duration,
    queue: Duration,
    exec: Duration,
    cold: bool,
    restarts: u32,
}

struct Ask<'a> {
    core: &'a Arc<Core>,
    request: Arc<QueryRequest>,
    interrupt: Interrupt,
    owner: Owner,
    need: Need,
    shared: TableSet,
    /// Attach the shared tables for real, not only their schema.
    reads_shared: bool,
    /// Which tables it needs was asked already.
    probed: bool,
    spent: Times,
    /// How it ended, once it has.
    end: Option<Option<ErrorCode>>,
}

/// What a query needs as far as can be told before it is looked at.
pub(crate) fn first_need(core: &Core, request: &QueryRequest, now: Monotonic) -> Need {
    let since = |age: Duration| Monotonic(now.0.saturating_sub(Monotonic(0).after(age).0));
    let all = core.settings.tables == TablesPolicy::All;
    let tables = if all { core.catalog.tenant_tables() } else { TableSet::EMPTY };
    Need { tables, read_since: request.max_age.map(since) }
}

/// Runs a query.
pub(crate) async fn query(
    core: &Arc<Core>,
    request: QueryRequest,
    sink: Box<dyn QuerySink>,
    interrupt: Interrupt,
) -> Result<Summary, Error> {
    let _inside = Inside::enter(core)?;
    let mut ask = Ask {
        core,
        owner: Some(request.tenant.clone()),
        need: first_need(core, &request, core.now()),
        shared: TableSet::EMPTY,
        reads_shared: core.hints.reads_shared(&request.script.sql),
        probed: core.settings.tables == TablesPolicy::All,
        request: Arc::new(request),
        interrupt,
        spent: Times::default(),
        end: None,
    };
    let outcome = ask.run(sink).await.map_err(|error| core.explain(&ask.request.tenant, error));
    ask.end = Some(outcome.as_ref().err().map(|error| error.code));
    outcome
}

impl Drop for Ask<'_> {
    /// Tells how it ended. Without an end the caller went away: what still runs is interrupted.
    fn drop(&mut self) {
        if self.end.is_none() {
            self.interrupt.interrupt(Why::Cancelled);
        }
        let spent = &self.spent;
        self.core.events.emit(&Event::QueryFinished {
            tenant: &self.request.tenant,
            error: self.end.flatten(),
            gone: self.end.is_none(),
            cold: spent.cold,
            boot: spent.boot,
            queue: spent.queue,
            exec: spent.exec,
            restarts: spent.restarts,
        });
    }
}

impl Ask<'_> {
    async fn run(&mut self, mut sink: Box<dyn QuerySink>) -> Result<Summary, Error> {
        loop {
            let admitted = match self.leases().await {
                Ok(leases) => self.permit().await.map(|permit| (leases, permit)),
                Err(error) => Err(error),
            };
            let (leases, permit) = match admitted {
                Ok(admitted) => admitted,
                Err(error) => {
                    sink.spent(Spent { boot: self.spent.boot, queue: self.spent.queue });
                    return Err(error);
                }
            };
            let probe = leases.is_none();
            let reply = self.turn(leases, permit, sink).await?;
            self.probed = true;
            let needed = match reply.outcome {
                Ok(summary) => return Ok(summary),
                Err(Failure::Error { error, .. }) => return Err(error),
                Err(Failure::NeedTables(needed)) => needed,
            };
            sink = reply.sink.ok_or_else(|| Error::internal("a query's sink was lost"))?;
            self.wants(&needed, probe)?;
        }
    }

    /// Notes the tables that it starts over for.
    fn wants(&mut self, needed: &TableSet, probe: bool) -> Result<(), Error> {
        let shared = self.core.catalog.shared_tables();
        let tenants = self.need.tables.union(&needed.minus(&shared));
        let shared = self.shared.union(&needed.minus(&self.core.catalog.tenant_tables()));
        if !probe && tenants == self.need.tables && shared == self.shared {
            return Err(Error::internal("a query started over for tables that it had"));
        }
        self.spent.restarts += u32::from(!probe);
        if !shared.is_empty() {
            self.reads_shared = true;
            self.core.hints.note(&self.request.script.sql);
        }
        (self.need.tables, self.shared) = (tenants, shared);
        Ok(())
    }

    /// Leases on what it needs; `None`: the instance is not there, and what it needs is not known.
    async fn leases(&mut self) -> Result<Option<Leases>, Error> {
        let core = self.core;
        let tenant = match at_once(core, &self.owner, &self.need)? {
            Some(lease) => Some(lease),
            None if self.probed => None,
            None => {
                let live = core.registry.peek(&self.owner, |slot| slot.live().is_some());
                if live != Some(true) {
                    return Ok(None);
                }
                None
            }
        };
        let shared_need = Need { tables: self.shared, read_since: self.need.read_since };
        let shared = match self.reads_shared {
            true => at_once(core, &None, &shared_need)?,
            false => None,
        };
        if let Some(tenant) = tenant {
            if !self.reads_shared || shared.is_some() {
                return Ok(Some(Leases { tenant, shared }));
            }
            let (shared, _) = self.wait(&None, &shared_need).await?;
            return Ok(Some(Leases { tenant, shared: Some(shared) }));
        }
        let owner = self.owner.clone();
        let need = self.need;
        let (tenant, _) = self.wait(&owner, &need).await?;
        let shared = match (self.reads_shared, shared) {
            (true, None) => Some(self.wait(&None, &shared_need).await?.0),
            (_, shared) => shared,
        };
        Ok(Some(Leases { tenant, shared }))
    }

    /// Waits for a load; its time is not the query's.
    async fn wait(&mut self, owner: &Owner, need: &Need) -> Result<(Lease, bool), Error> {
        let start = self.core.now();
        let patience = self.core.settings.boot_wait.saturating_sub(self.spent.boot);
        let outcome = acquire(self.core, owner, need, patience).await;
        self.spent.boot += self.core.now().since(start);
        self.spent.cold = true;
        outcome
    }

    fn time_left(&self) -> Duration {
        let timeout = self.request.timeout.min(self.core.settings.query_timeout);
        timeout.saturating_sub(self.spent.queue + self.spent.exec)
    }

    async fn permit(&mut self) -> Result<Permit, Error> {
        let (core, tenant) = (self.core, &self.request.tenant);
        let start = core.now();
        let permit = core.admission.enter(tenant, self.time_left()).await;
        self.spent.queue += core.now().since(start);
        permit.map_err(|shed| {
            core.events.emit(&Event::Shed { tenant, reason: shed.reason });
            core.shed(shed)
        })
    }

    /// A turn on a query thread: runs the script, or without leases finds out what it needs.
    async fn turn(
        &mut self,
        leases: Option<Leases>,
        permit: Permit,
        sink: Box<dyn QuerySink>,
    ) -> Result<Reply, Error> {
        let core = self.core;
        let submitted = core.now();
        let work = Work {
            core: Arc::clone(core),
            request: Arc::clone(&self.request),
            interrupt: self.interrupt.clone(),
            deadline: submitted.after(self.time_left()),
            submitted,
            boot: self.spent.boot,
            queue: self.spent.queue,
            cold: self.spent.cold,
        };
        let (sender, receiver) = oneshot::channel();
        core.query_threads.submit(Box::new(move || {
            let reply = work.run(leases, sink);
            drop(permit);
            // Without a receiver the caller is gone.
            let _ = sender.send(reply);
        }))?;
        let reply = receiver.await.map_err(|_| Error::internal("a query thread panicked"))?;
        self.spent.queue += reply.started.since(submitted);
        self.spent.exec += reply.ended.since(reply.started);
        Ok(reply)
    }
}
