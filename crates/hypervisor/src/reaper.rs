//! The reaper: one task that, now and then, shuts down instances that nobody used for
//! `idle_timeout`, forgets old failures, and hands memory back that is not used any more.
//! Idempotent, takes no input; ends with the hypervisor.

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::limits::{EBB_BYTES_MIN, REAP_MS_MAX, REAP_MS_MIN};

use crate::core::Core;
use crate::events::EvictionReason;

/// Starts it.
pub(crate) fn start(core: &Arc<Core>) {
    let pause = core.settings.idle_timeout / 8;
    let pause = pause.clamp(Duration::from_millis(REAP_MS_MIN), Duration::from_millis(REAP_MS_MAX));
    let runtime = Arc::clone(&core.runtime);
    let weak: Weak<Core> = Arc::downgrade(core);
    let stop = core.halt.clone();
    let mut tide = Tide::default();
    let task = async move {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = runtime.sleep(pause) => {}
            }
            let Some(core) = weak.upgrade() else { return };
            reap(&core);
            if tide.ebbed(core.budget.used()) {
                // On a thread of its own, since it takes milliseconds. Without one it waits for
                // the next ebb.
                let _ = runtime.thread("hand-back".to_owned(), Box::new(engine::hand_back));
            }
        }
    };
    core.runtime.spawn("reaper", Box::pin(task));
}

/// The use of the budget, as each round sees it.
#[derive(Default)]
struct Tide {
    /// The highest since the last ebb.
    height: u64,
}

impl Tide {
    /// Whether so much of it went that the allocator keeps much for nothing: what is in use at the
    /// rounds tells little of what was between them, so nothing at all in use is an ebb too.
    fn ebbed(&mut self, used: u64) -> bool {
        self.height = self.height.max(used);
        let fallen = self.height - used;
        let dry = used == 0 && fallen > 0;
        let ebbed = dry || (fallen >= EBB_BYTES_MIN && fallen >= self.height / 2);
        if ebbed {
            self.height = used;
        }
        ebbed
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ebb_is_half_and_not_little() {
        const MIB: u64 = 1 << 20;
        let ebbs = |series: &[u64]| {
            let mut tide = Tide::default();
            series.iter().map(|used| tide.ebbed(used * MIB)).collect::<Vec<_>>()
        };
        assert_eq!(ebbs(&[0, 8, 1, 1]), [false; 4], "too little");
        assert_eq!(ebbs(&[0, 1, 0, 0]), [false, false, true, false], "dry, once");
        assert_eq!(ebbs(&[10, 0, 0]), [false, true, false], "once");
        assert_eq!(ebbs(&[100, 60, 51, 50, 40]), [false, false, false, true, false], "by half");
        assert_eq!(
            ebbs(&[100, 40, 60, 45, 10]),
            [false, true, false, false, true],
            "of the new height"
        );
    }
}
