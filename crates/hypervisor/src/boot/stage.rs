//! One stage of a load: a set of tables, read at the copy's point in time and published.

use std::sync::Arc;
use std::time::Duration;

use engine::Image;
use futures_util::future::{try_join, try_join_all};
use model::limits::{ESTIMATE_AFTER_MS, LOAD_BATCHES_IN_FLIGHT, TINY_BYTES_MAX};
use model::{Account, Error, Monotonic, TableSet};
use source::{Estimate, ScanSpec, Snapshot, plan_scans};
use tokio::sync::{mpsc, oneshot};

use super::{Copy, Drive};
use crate::fetch::{Fetch, Head, head};
use crate::loading::{self, Feed, Plan, Ready};
use crate::price::too_large;
use crate::registry::Published;

impl Drive {
    /// Loads tables and publishes them.
    pub(super) async fn stage(&self, copy: &mut Copy, tables: TableSet) -> Result<(), Error> {
        let core = &self.core;
        let mut specs = plan_scans(&core.catalog, tables);
        let tenant = self.owner.as_ref();
        let before = self.load.documents();
        self.expect(before, &specs);
        let heads = specs.iter().map(|spec| head(&*copy.snapshot, tenant, spec, &self.load));
        let mut heads = try_join_all(heads).await?;
        let small = |heads: &[Head], base: Option<&Image>| {
            heads.iter().all(|head| head.stream.is_none())
                && heads.iter().map(Head::bytes).sum::<u64>() + base.map_or(0, Image::bytes)
                    <= TINY_BYTES_MAX
        };
        let tiny = self.owner.is_some() && small(&heads, copy.base.as_ref());
        if copy.base.is_some() && copy.tiny && !tiny {
            // The small pages do not suit it any more: what is loaded is small, so read it again.
            let loaded = copy.base.take().map(|base| base.loaded()).unwrap_or_default();
            let more = plan_scans(&core.catalog, loaded.minus(&tables));
            let again = more.iter().map(|spec| head(&*copy.snapshot, tenant, spec, &self.load));
            heads.extend(try_join_all(again).await?);
            specs.extend(more);
            self.expect(before, &specs);
        }
        if copy.base.is_none() {
            copy.tiny = tiny;
        }
        let plan = self.plan(copy, &specs);
        let image = if heads.iter().all(|head| head.stream.is_none()) {
            let batches = heads.into_iter().map(|head| head.batches).collect();
            self.load_ready(copy, plan, &specs, batches).await?
        } else {
            self.load_stream(copy, plan, (specs, before), heads).await?
        };
        copy.base = Some(image);
        Ok(())
    }

    fn plan(&self, copy: &Copy, specs: &[ScanSpec]) -> Plan {
        let core = &self.core;
        let shapes: Option<Vec<_>> = core.registry.peek(&self.owner, |slot| {
            let known = slot.instance().map(|own| own.tables.iter()).into_iter().flatten();
            known.filter_map(|s| Some((usize::from(s.table), s.shape()?.clone()))).collect()
        });
        let blank = || core.blanks.of(&self.owner, copy.tiny).clone();
        Plan {
            base: copy.base.clone().unwrap_or_else(blank),
            account: Arc::clone(&copy.account),
            passing: Arc::clone(&copy.passing),
            catalog: Arc::clone(&core.catalog),
            tenant: self.owner.clone(),
            row_bytes_max: core.settings.row_bytes_max,
            scans: specs.iter().map(|spec| spec.tables).collect(),
            shapes: shapes.unwrap_or_default(),
            load: Arc::clone(&self.load),
        }
    }

    /// Small scans: verified while they are loaded, and published together.
    async fn load_ready(
        &self,
        copy: &Copy,
        plan: Plan,
        specs: &[ScanSpec],
        batches: Vec<Vec<source::RawBatch>>,
    ) -> Result<Image, Error> {
        let (sender, receiver) = oneshot::channel();
        let (turn, core) = (copy.turn.clone(), Arc::clone(&self.core));
        self.core.boot_threads.submit(Box::new(move || {
            let mut ready = None;
            let feed = Feed::Ready(batches);
            let outcome = loading::run(&core, &plan, feed, &mut |r| ready = Some(r));
            drop(turn);
            let outcome = outcome
                .and_then(|()| ready.ok_or_else(|| Error::internal("a load published nothing")));
            let _ = sender.send(outcome);
        }))?;
        let loaded = async { receiver.await.unwrap_or_else(|_| Err(thread_died())) };
        let (ready, ()) = try_join(loaded, copy.snapshot.verify(specs)).await?;
        let image = ready.image.clone();
        self.core.registry.publish(&self.owner, &self.load, published(copy, ready));
        Ok(image)
    }

    /// Scans of any size: their batches go to the load's thread as they come.
    async fn load_stream(
        &self,
        copy: &Copy,
        plan: Plan,
        (specs, before): (Vec<ScanSpec>, u64),
        heads: Vec<Head>,
    ) -> Result<Image, Error> {
        let core = &self.core;
        let (to, batches) = mpsc::channel(LOAD_BATCHES_IN_FLIGHT);
        let (mut again, mut fetches) = (Vec::new(), Vec::new());
        let priced = specs.clone();
        for (scan, (spec, head)) in specs.into_iter().zip(heads).enumerate() {
            let (verdict, verdicts) = mpsc::channel(1);
            again.push(verdict);
            fetches.push(Fetch {
                core: Arc::clone(core),
                snapshot: Arc::clone(&copy.snapshot),
                tenant: self.owner.clone(),
                spec,
                scan,
                head,
                load: Arc::clone(&self.load),
                accounts: (Arc::clone(&copy.account), Arc::clone(&copy.passing)),
                to: to.clone(),
                again: verdicts,
            });
        }
        drop(to);
        let (sender, receiver) = oneshot::channel();
        let (turn, meta) = (copy.turn.clone(), Meta::of(copy));
        let (own, owner) = (Arc::clone(core), self.owner.clone());
        core.boot_threads.submit(Box::new(move || {
            let mut last = None;
            let mut tables = Vec::new();
            let mut publish = |ready: Ready| {
                last = Some(ready.image.clone());
                tables.extend(ready.tables);
                let ready = Ready { image: ready.image, tables: tables.clone() };
                own.registry.publish(&owner, &plan.load, meta.published(ready));
            };
            let feed = Feed::Stream { batches, again };
            let outcome = loading::run(&own, &plan, feed, &mut publish);
            drop(turn);
            let outcome = outcome
                .and_then(|()| last.ok_or_else(|| Error::internal("a load published nothing")));
            let _ = sender.send(outcome);
        }))?;
        for fetch in fetches {
            core.runtime.spawn("fetch", Box::pin(fetch.run()));
        }
        let loaded = async { receiver.await.unwrap_or_else(|_| Err(thread_died())) };
        tokio::select! {
            biased;
            loaded = loaded => loaded,
            error = self.appraise(before, &priced) => Err(error),
        }
    }

    /// Notes how much these scans will read after the documents `before` them, if the source can
    /// tell without counting.
    fn expect(&self, before: u64, specs: &[ScanSpec]) -> Option<Vec<Estimate>> {
        let prices = self.core.source.known_estimate(self.owner.as_ref(), specs)?;
        self.expect_priced(before, &prices);
        Some(prices)
    }

    fn expect_priced(&self, before: u64, prices: &[Estimate]) {
        let documents: u64 = prices.iter().map(|price| price.documents).sum();
        self.load.expect_documents(before.saturating_add(documents));
    }

    /// Learns how much a long load will read; resolves only if that is clearly too much. A source
    /// that has to count is asked late: short loads should not pay for it.
    async fn appraise(&self, before: u64, specs: &[ScanSpec]) -> Error {
        let core = &self.core;
        let prices = match self.expect(before, specs) {
            Some(prices) => prices,
            None => {
                core.runtime.sleep(Duration::from_millis(ESTIMATE_AFTER_MS)).await;
                let Ok(prices) = core.source.estimate(self.owner.as_ref(), specs).await else {
                    return std::future::pending().await;
                };
                self.expect_priced(before, &prices);
                prices
            }
        };
        match too_large(core, specs, &prices) {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }
}

/// What a publish says about its copy.
struct Meta {
    account: Arc<Account>,
    snapshot: Arc<dyn Snapshot>,
    read_at: Monotonic,
    tiny: bool,
}

impl Meta {
    fn of(copy: &Copy) -> Meta {
        Meta {
            account: Arc::clone(&copy.account),
            snapshot: Arc::clone(&copy.snapshot),
            read_at: copy.read_at,
            tiny: copy.tiny,
        }
    }

    fn published(&self, ready: Ready) -> Published {
        Published {
            image: ready.image,
            account: Arc::clone(&self.account),
            snapshot: Arc::clone(&self.snapshot),
            read_at: self.read_at,
            tables: ready.tables,
            tiny: self.tiny,
            generation: None,
        }
    }
}

fn published(copy: &Copy, ready: Ready) -> Published {
    Meta::of(copy).published(ready)
}

fn thread_died() -> Error {
    Error::internal("a boot thread panicked or was stopped")
}
