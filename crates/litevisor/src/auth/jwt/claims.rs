//! What a token's claims say: name, tenants, role, times. Pure.

use std::collections::BTreeSet;

use model::Timestamp;
use model::limits::KEY_NAME_BYTES_MAX;
use serde_json::{Map, Value};

use super::super::rule::{Principal, Role, Tenants};

/// Which claims say what. A name that begins with `/` is a JSON pointer (`/realm_access/roles`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// The principal's name.
    pub name: String,
    /// A tenant's id or a list of them, literally.
    pub tenants: String,
    /// Where it is `true`, the bearer may see every tenant.
    pub all_tenants: Option<String>,
    /// A role or a list of them, of which the highest counts.
    pub role: String,
    /// What stands before a role's word; values without it are somebody else's.
    pub role_prefix: String,
}

/// The claims of a token.
pub type Claims = Map<String, Value>;

fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    let Some(path) = name.strip_prefix('/') else { return claims.get(name) };
    let mut steps = path.split('/').map(|step| step.replace("~1", "/").replace("~0", "~"));
    let first = claims.get(&steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

/// A text or a list of texts; `None` for anything else.
fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Seconds since 1970, whole or not, in milliseconds.
pub(super) fn time(claims: &Claims, name: &str) -> Option<Timestamp> {
    let seconds = claims.get(name)?.as_f64()?;
    // The cast saturates.
    Some(Timestamp((seconds * 1000.0) as i64))
}

impl ClaimNames {
    /// Whom a token with these claims is of; `None` if they do not say.
    pub(super) fn principal(&self, claims: &Claims, expires: Timestamp) -> Option<Principal> {
        let name = claim(claims, &self.name)?.as_str()?;
        if name.is_empty() || name.len() > KEY_NAME_BYTES_MAX || name.chars().any(char::is_control)
        {
            return None;
        }
        let all = self.all_tenants.as_ref().and_then(|all| claim(claims, all));
        let tenants = if all == Some(&Value::Bool(true)) {
            Tenants::All
        } else {
            // A claim never is a pattern: who may choose their own tenant's id might choose `*`.
            let ids = claim(claims, &self.tenants).map_or(Some(Vec::new()), texts)?;
            Tenants::List(ids.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
        };
        let words = claim(claims, &self.role).map_or(Some(Vec::new()), texts)?;
        let roles = words.iter().filter_map(|word| word.strip_prefix(&*self.role_prefix));
        let role = roles.filter_map(Role::from_name).max().unwrap_or(Role::Viewer);
        Some(Principal { name: name.to_owned(), tenants, role, expires: Some(expires) })
    }
}
