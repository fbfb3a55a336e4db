//! Copies that come unasked: a replica that leaves sends what it has.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use model::Error;
use tokio::sync::oneshot;

use crate::boot::{begin, take_over};
use crate::core::Core;
use crate::events::LoadKind;
use crate::handover::{receive, told, wanted};
use crate::peers::Incoming;
use crate::registry::Owner;
use crate::slot::Slot;
use crate::state::State;

/// Takes a copy that a peer sends unasked; whether it was taken.
///
/// # Errors
/// `shutting_down`; there is a copy, or a load under way, already.
pub(crate) async fn adopt(
    core: &Arc<Core>,
    owner: &Owner,
    incoming: Box<dyn Incoming>,
) -> Result<bool, Error> {
    core.welcome()?;
    let manifest = incoming.manifest();
    let begun = core.registry.with(owner, |slot| {
        let wanted = wanted(core, slot.generation);
        let free = is_free(slot) && wanted.takes(manifest);
        free.then(|| (begin(core, slot, LoadKind::Boot, Default::default(), true), wanted))
    })?;
    let Some((load, wanted)) = begun else { return Ok(false) };
    let (done, outcome) = oneshot::channel();
    let (own, owner) = (Arc::clone(core), owner.clone());
    // A task of its own: what was begun in the slot must come to its end.
    core.runtime.spawn(
        "adopt",
        Box::pin(async move {
            let receiving = async {
                let received = receive(&own, &owner, &load, incoming, &wanted).await;
                told(&own, &owner, &load, received)
            };
            let receiving = AssertUnwindSafe(receiving).catch_unwind();
            let receiving = async {
                receiving.await.unwrap_or_else(|panic| {
                    own.panicked("adopt", &*panic);
                    false
                })
            };
            let _ = done.send(take_over(&own, &owner, &load, receiving).await);
        }),
    );
    Ok(outcome.await.unwrap_or(false))
}

fn is_free(slot: &Slot) -> bool {
    slot.state() == State::Vacant && slot.underway.is_none()
}
