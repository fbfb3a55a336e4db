//! `litevisor explain-access`: the one rule of access, asked on the command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use model::{Clock, Error, Timestamp};

use super::{ConfigFile, Failure, terminal};
use crate::auth::{
    Action, Claims, KeyFile, Pattern, Principal, Reason, Resource, Role, Tenants, Verdict, decide,
    jwt_rules,
};
use crate::config::AuthConfig;
use crate::runtime::SystemRuntime;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// An API key of auth.keys_file, by its id or its name
    #[arg(long, value_name = "KEY", required_unless_present_any = ["claims", "role"])]
    principal: Option<String>,
    /// Or the claims of a token, as a JSON file (the signature is not looked at)
    #[arg(long, value_name = "FILE", conflicts_with = "principal")]
    claims: Option<PathBuf>,
    /// Or anybody with this role: viewer, author, owner, operator
    #[arg(long, conflicts_with_all = ["principal", "claims"], requires = "of")]
    role: Option<String>,
    /// With --role: whose data, a pattern of ids in which `*` stands for any text
    #[arg(long, value_name = "PATTERN")]
    of: Option<String>,
    /// What is to be done, such as query, download_image, close_instance
    #[arg(long)]
    action: String,
    /// To whom
    #[arg(long, value_name = "ID")]
    tenant: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Exit code 0: may; 1: may not.
pub(super) fn run(args: &ExplainArgs, runtime: &Arc<SystemRuntime>) -> Result<ExitCode, Failure> {
    let now = runtime.now();
    let action = Action::from_name(&args.action).ok_or_else(|| {
        let names: Vec<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        Failure::usage(format!("--action is one of {}", names.join(", ")))
    })?;
    let principal = match (&args.principal, &args.claims, &args.role) {
        (Some(key), ..) => of_key(&args.config.load()?.config.auth, key)?,
        (_, Some(path), _) => of_claims(&args.config.load()?.config.auth, path, now)?,
        (_, _, Some(role)) => anybody(role, args.of.as_deref().unwrap_or_default())?,
        _ => return Err(Failure::usage("say who: --principal, --claims or --role")),
    };
    let (text, may) = explain(&principal, action, &args.tenant, now);
    terminal::print(&text)?;
    Ok(if may { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn of_key(auth: &AuthConfig, key: &str) -> Result<Principal, Failure> {
    let path = auth.keys_file.as_ref();
    let path =
        path.ok_or_else(|| Failure::usage("[auth] keys_file is unset: where is the key?"))?;
    let failed = |why: String| Failure::failed(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let file = KeyFile::parse(&text).map_err(failed)?;
    let mut found = file.keys.iter().filter(|record| record.id == key || record.name == key);
    match (found.next(), found.next()) {
        (Some(record), None) => Ok(record.read().map_err(failed)?.0),
        (None, _) => Err(failed(format!("there is no key {key:?}; `key list` shows them"))),
        _ => Err(failed(format!("several keys are named {key:?}: say its id"))),
    }
}

fn of_claims(auth: &AuthConfig, path: &PathBuf, now: Timestamp) -> Result<Principal, Failure> {
    let failed = |why: String| Failure::failed(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let claims: Claims = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    jwt_rules(&auth.jwt).principal(&claims, now).ok_or_else(|| {
        failed(format!(
            "nobody: a token needs `exp`, an `nbf` that is past if there is one, the name in `{}`, \
             and texts in `{}` and `{}`",
            auth.jwt.name_claim, auth.jwt.tenants_claim, auth.jwt.role_claim
        ))
    })
}

fn anybody(role: &str, of: &str) -> Result<Principal, Failure> {
    let role = Role::from_name(role)
        .ok_or_else(|| Failure::usage("--role is viewer, author, owner or operator"))?;
    let tenants = Tenants::Pattern(Pattern::new(of));
    Ok(Principal { name: "anybody".to_owned(), tenants, role, expires: None })
}

/// Each step that the rule takes, and its verdict.
fn explain(principal: &Principal, action: Action, tenant: &str, now: Timestamp) -> (String, bool) {
    let (name, role) = (&principal.name, principal.role.name());
    let end = principal.expires.map_or("for ever".to_owned(), |end| format!("until {end}"));
    let mut text = format!("principal  {name}: {role} of {}, {end}\n", principal.tenants);
    text.push_str(&format!(
        "action     {}: {} or higher\n",
        action.name(),
        action.least_role().name()
    ));
    let resource = match action {
        Action::InspectReplica => Resource::Replica,
        _ => Resource::Tenant(tenant),
    };
    let within = if principal.tenants.contain(tenant) { "is" } else { "is not" };
    text.push_str(&format!("tenant     {tenant}: {within} among the credential's\n"));
    match decide(principal, action, resource, now) {
        Verdict::Allow => {
            text.push_str("verdict    allow\n");
            (text, true)
        }
        Verdict::Deny(reason) => {
            let why = match &reason {
                Reason::Expired(at) => format!("the credential ended at {at}"),
                Reason::Tenant => "the tenant is not among the credential's".to_owned(),
                Reason::Role { .. } => "the role is too low".to_owned(),
            };
            let told = Error::from(reason);
            let (code, message) = (told.code, &told.message);
            text.push_str(&format!("verdict    deny: {why}\ncaller     {code}: {message}\n"));
            (text, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verdict_says_why() {
        let now = Timestamp(1_800_000_000_000);
        let mut who = anybody("author", "ac*").expect("somebody");
        let ask = |who: &Principal, action, tenant| explain(who, action, tenant, now);
        let (text, may) = ask(&who, Action::DownloadImage, "acme");
        assert!(may && text.contains("verdict    allow"), "{text}");
        let (text, may) = ask(&who, Action::CloseInstance, "acme");
        assert!(!may && text.contains("too low") && text.contains("forbidden"), "{text}");
        let (text, may) = ask(&who, Action::CloseInstance, "tiny");
        assert!(!may && text.contains("tiny: is not among"), "{text}");
        assert!(text.contains("caller     tenant_not_found"), "what the caller is told: {text}");
        who.expires = Some(now);
        let (text, may) = ask(&who, Action::Query, "acme");
        assert!(!may && text.contains("ended at") && text.contains("unauthenticated"), "{text}");
        assert!(anybody("king", "a").is_err());
    }
}
