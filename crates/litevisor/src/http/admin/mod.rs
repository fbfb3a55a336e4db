//! The admin listener's routes.

pub(super) mod metrics;
pub(super) mod probes;
pub(super) mod tenants;

use std::sync::Arc;

use super::standing::Standing;

/// What these routes look at.
#[derive(Clone)]
pub(super) struct AdminState {
    pub(super) standing: Arc<Standing>,
}
