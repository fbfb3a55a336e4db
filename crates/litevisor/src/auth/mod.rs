//! Who asks, and whether they may. Pure rules in `rule`; how a request's credential becomes a
//! principal in `authenticator`. Knows no routes and no statuses.

mod admin;
mod authenticator;
mod bearer;
mod hex;
mod jwt;
mod keys;
mod links;
mod rule;
mod secrets;
mod trusted;
mod watched;

pub use admin::AdminDoor;
pub use authenticator::{Authenticator, Presented, Refusal, jwt_rules};
pub use jwt::{ClaimNames, Claims, Issuer, JwtRules, JwtVerifier};
pub use keys::{ApiKey, KeyFile, KeyRecord, KeyRing, write_private};
pub use links::{Link, LinkSigner};
pub use rule::{Action, Pattern, Principal, Reason, Resource, Role, Tenants, Verdict, decide};
pub use secrets::Secrets;
pub use trusted::{Peers, TrustedHeaders};
