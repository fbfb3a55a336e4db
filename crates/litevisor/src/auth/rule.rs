//! The one rule of access: a principal, an action and a resource in, allow or deny out, with the
//! reason. Pure: no clock, no I/O, nothing of HTTP.

use std::collections::BTreeSet;
use std::fmt;

use model::{Error, ErrorCode, Timestamp};

/// What a principal may do in its tenants; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Asks: queries, schemas, the instance's state.
    Viewer,
    /// Makes what others use: signed links; takes the whole database home.
    Author,
    /// Steers the tenant's instance: boots and closes it.
    Owner,
    /// Runs the replica.
    Operator,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Author, Role::Owner, Role::Operator];

    /// The word in files, claims and messages.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Author => "author",
            Role::Owner => "owner",
            Role::Operator => "operator",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A pattern of tenant ids: `*` stands for any text, also none; everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that `text` writes.
    pub fn new(text: impl Into<String>) -> Self {
        Pattern(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `id` is of this pattern. Linear in both: what follows a `*` is looked for from the
    /// left, which for patterns of this kind never misses.
    pub fn matches(&self, id: &str) -> bool {
        let Some((head, tail)) = self.0.split_once('*') else { return self.0 == id };
        let Some(rest) = id.strip_prefix(head) else { return false };
        let (middle, last) = tail.rsplit_once('*').map_or((None, tail), |(m, l)| (Some(m), l));
        let Some(mut rest) = rest.strip_suffix(last) else { return false };
        for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        true
    }
}

/// Whose data a principal may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// Every tenant's.
    All,
    /// Those of whose ids the pattern is.
    Pattern(Pattern),
    /// These.
    List(BTreeSet<String>),
}

impl Tenants {
    /// Exactly one.
    pub fn one(id: impl Into<String>) -> Self {
        Tenants::List(BTreeSet::from([id.into()]))
    }

    /// Whether `id` is among them.
    pub fn contain(&self, id: &str) -> bool {
        match self {
            Tenants::All => true,
            Tenants::Pattern(pattern) => pattern.matches(id),
            Tenants::List(ids) => ids.contains(id),
        }
    }
}

impl fmt::Display for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tenants::All => f.write_str("all tenants"),
            Tenants::Pattern(pattern) => write!(f, "tenants like {}", pattern.as_str()),
            Tenants::List(ids) if ids.is_empty() => f.write_str("no tenant"),
            Tenants::List(ids) => {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                f.write_str(&ids.join(", "))
            }
        }
    }
}

/// Who asks, as their credential says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// For the audit log and for messages; never a secret.
    pub name: String,
    /// Whose data they may see.
    pub tenants: Tenants,
    /// What they may do there.
    pub role: Role,
    /// From when on the credential is worth nothing.
    pub expires: Option<Timestamp>,
}

impl Principal {
    /// Everybody, where nobody is asked who they are (`[auth] mode = "none"`).
    pub fn anybody() -> Self {
        Principal {
            name: "anybody".to_owned(),
            tenants: Tenants::All,
            role: Role::Operator,
            expires: None,
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Running SQL.
    Query,
    /// Looking at the tables.
    ReadSchema,
    /// Looking at the instance's state.
    ReadInstance,
    /// Taking the whole database as a file.
    DownloadImage,
    /// Signing a link that answers without another credential.
    SignLink,
    /// Pre-warming the instance.
    BootInstance,
    /// Shutting the instance down.
    CloseInstance,
    /// Looking at the replica: every tenant's slot.
    InspectReplica,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 8] = [
        Action::Query,
        Action::ReadSchema,
        Action::ReadInstance,
        Action::DownloadImage,
        Action::SignLink,
        Action::BootInstance,
        Action::CloseInstance,
        Action::InspectReplica,
    ];

    /// The word in the audit log and in `litevisor explain-access`.
    pub fn name(self) -> &'static str {
        match self {
            Action::Query => "query",
            Action::ReadSchema => "read_schema",
            Action::ReadInstance => "read_instance",
            Action::DownloadImage => "download_image",
            Action::SignLink => "sign_link",
            Action::BootInstance => "boot_instance",
            Action::CloseInstance => "close_instance",
            Action::InspectReplica => "inspect_replica",
        }
    }

    /// Reads the word.
    pub fn from_name(name: &str) -> Option<Self> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }

    /// The least role that may. Boots and closings make the source work, hence not everybody.
    pub fn least_role(self) -> Role {
        match self {
            Action::Query | Action::ReadSchema | Action::ReadInstance => Role::Viewer,
            Action::DownloadImage | Action::SignLink => Role::Author,
            Action::BootInstance | Action::CloseInstance => Role::Owner,
            Action::InspectReplica => Role::Operator,
        }
    }
}

/// What it is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A tenant's data and instance.
    Tenant(&'a str),
    /// This replica as a whole, all tenants included.
    Replica,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They may.
    Allow,
    /// They may not.
    Deny(Reason),
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The credential is over.
    Expired(Timestamp),
    /// The tenant (or, for the replica, some tenant) is not among the credential's.
    Tenant,
    /// The role is too low.
    Role {
        /// What the credential has.
        has: Role,
        /// What the action asks for.
        needs: Role,
    },
}

/// Whether `principal` may do `action` to `resource` at the time `now`. The tenant comes before
/// the role: who may not see a tenant learns nothing of it, not even what a role could do there.
pub fn decide(
    principal: &Principal,
    action: Action,
    resource: Resource<'_>,
    now: Timestamp,
) -> Verdict {
    if let Some(expires) = principal.expires.filter(|expires| *expires <= now) {
        return Verdict::Deny(Reason::Expired(expires));
    }
    let within = match resource {
        Resource::Tenant(id) => principal.tenants.contain(id),
        Resource::Replica => principal.tenants == Tenants::All,
    };
    if !within {
        return Verdict::Deny(Reason::Tenant);
    }
    let (has, needs) = (principal.role, action.least_role());
    if has < needs { Verdict::Deny(Reason::Role { has, needs }) } else { Verdict::Allow }
}

impl Reason {
    /// The word in the audit log.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Expired(_) => "expired",
            Reason::Tenant => "tenant",
            Reason::Role { .. } => "role",
        }
    }
}

impl From<Reason> for Error {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Expired(at) => Error::new(
                ErrorCode::Unauthenticated,
                format!("your credential ended at {at}; ask for a new one"),
            ),
            // The very error of a tenant that does not exist.
            Reason::Tenant => Error::tenant_not_found(),
            Reason::Role { has, needs } => Error::new(
                ErrorCode::Forbidden,
                format!(
                    "this needs the role `{}`, and your credential has `{}`",
                    needs.name(),
                    has.name()
                ),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
