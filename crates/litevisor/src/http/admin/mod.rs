//! The admin listener's routes.

pub(super) mod metrics;
pub(super) mod probes;
pub(super) mod tenants;

use super::front::Front;

/// What these routes look at.
#[derive(Clone)]
pub(super) struct AdminState {
    pub(super) front: Front,
}
