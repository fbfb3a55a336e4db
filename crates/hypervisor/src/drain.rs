//! The end: newcomers are refused, those inside finish under a deadline, then everything goes. Each
//! step has a name and is timed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::Monotonic;
use model::limits::DRAIN_GRACE_MS;

use crate::core::Core;
use crate::events::{Event, EvictionReason};
use crate::registry::Owner;

/// Drains the replica; returns when that is done.
pub(crate) async fn drain(core: &Arc<Core>, deadline: Monotonic) {
    let step = Steps { core, began: core.now() };
    core.draining.store(true, Ordering::Release);
    if core.door.close() {
        core.deserted.cancel();
    }
    let step = step.done("refuse", true);

    core.registry.visit(|_, slot| {
        // Loads that somebody waits for go on: their requests are inside.
        if slot.waiting == 0
            && let Some(underway) = &slot.underway
        {
            underway.load.stop.cancel();
        }
    });
    let step = step.done("background", true);

    let in_time = deserted(core, deadline.since(core.now())).await;
    let step = step.done("requests", in_time);

    core.halt.cancel();
    core.running.interrupt_all();
    core.registry.visit(|_, slot| {
        if let Some(underway) = &slot.underway {
            underway.load.stop.cancel();
        }
    });
    let in_time = deserted(core, Duration::from_millis(DRAIN_GRACE_MS)).await;
    let step = step.done("interrupt", in_time);

    let mut owners: Vec<Owner> = Vec::new();
    core.registry.visit(|owner, _| owners.push(owner.clone()));
    for owner in owners {
        core.registry.close(&owner, EvictionReason::Drain, false);
    }
    let step = step.done("instances", true);

    core.query_threads.stop();
    core.boot_threads.stop();
    step.done("threads", true);
}

/// Whether the last one left within `patience`.
async fn deserted(core: &Core, patience: Duration) -> bool {
    tokio::select! {
        biased;
        () = core.deserted.cancelled() => true,
        () = core.runtime.sleep(patience) => false,
    }
}

struct Steps<'a> {
    core: &'a Core,
    began: Monotonic,
}

impl Steps<'_> {
    /// Ends a step, begins the next.
    fn done(self, step: &'static str, in_time: bool) -> Self {
        let now = self.core.now();
        let took = now.since(self.began);
        self.core.events.emit(&Event::DrainStep { step, took, in_time });
        Steps { began: now, ..self }
    }
}
