//! Who asks, and whether they may. Pure rules in `rule`; how a request's credential becomes a
//! principal in `authenticator`. Knows no routes and no statuses.

mod authenticator;
mod rule;

pub use authenticator::{Authenticator, Presented};
pub use rule::{Action, Pattern, Principal, Reason, Resource, Role, Tenants, Verdict, decide};
