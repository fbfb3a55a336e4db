//! The reaper: one task that, now and then, shuts down instances that nobody used for
//! `idle_timeout`, and forgets old failures. Idempotent, takes no input; ends with the hypervisor.

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::limits::{REAP_MS_MAX, REAP_MS_MIN};

use crate::core::Core;
use crate::events::EvictionReason;

/// Starts it.
pub(crate) fn start(core: &Arc<Core>) {
    let pause = core.settings.idle_timeout / 8;
    let pause = pause.clamp(Duration::from_millis(REAP_MS_MIN), Duration::from_millis(REAP_MS_MAX));
    let runtime = Arc::clone(&core.runtime);
    let weak: Weak<Core> = Arc::downgrade(core);
    let stop = core.halt.clone();
    let task = async move {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = runtime.sleep(pause) => {}
            }
            let Some(core) = weak.upgrade() else { return };
            reap(&core);
        }
    };
    core.runtime.spawn("reaper", Box::pin(task));
}

/// One round.
pub(crate) fn reap(core: &Core) {
    let now = core.now();
    let mut idle = Vec::new();
    core.registry.visit(|owner, slot| {
        let Some(instance) = slot.live() else { return };
        let rests = slot.underway.is_none() && slot.waiting == 0 && instance.gate.inside() == 0;
        if rests && instance.gate.idle(now) >= core.settings.idle_timeout {
            idle.push(owner.clone());
        }
    });
    for owner in idle {
        // Somebody may have come meanwhile: only an empty one is closed.
        core.registry.close(&owner, EvictionReason::Idle, true);
    }
    core.registry.sweep(now);
}
