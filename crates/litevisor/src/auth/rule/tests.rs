//! The rule's table, and patterns against a plain matcher.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000_000);

fn who(tenants: Tenants, role: Role, expires: Option<Timestamp>) -> Principal {
    Principal { name: "p".to_owned(), tenants, role, expires }
}

#[test]
fn who_may_do_what() {
    // action, then whether viewer, author, owner, operator may
    let table = [
        (Action::Query, [true, true, true, true]),
        (Action::ReadSchema, [true, true, true, true]),
        (Action::ReadInstance, [true, true, true, true]),
        (Action::DownloadImage, [false, true, true, true]),
        (Action::SignLink, [false, true, true, true]),
        (Action::BootInstance, [false, false, true, true]),
        (Action::CloseInstance, [false, false, true, true]),
        (Action::InspectReplica, [false, false, false, true]),
    ];
    assert_eq!(table.map(|(action, _)| action), Action::ALL, "every action has its row");
    for (action, row) in table {
        for (role, may) in Role::ALL.into_iter().zip(row) {
            let ask = |tenants: Tenants, tenant: &str| {
                decide(&who(tenants, role, None), action, Resource::Tenant(tenant), NOW)
            };
            let wanted = if may {
                Verdict::Allow
            } else {
                Verdict::Deny(Reason::Role { has: role, needs: action.least_role() })
            };
            assert_eq!(ask(Tenants::All, "acme"), wanted, "{action:?} {role:?}");
            assert_eq!(ask(Tenants::one("acme"), "acme"), wanted);
            assert_eq!(ask(Tenants::Pattern(Pattern::new("ac*")), "acme"), wanted);
            // Another tenant is never a question of the role.
            let stranger = Verdict::Deny(Reason::Tenant);
            assert_eq!(ask(Tenants::one("acme"), "other"), stranger, "{action:?} {role:?}");
            assert_eq!(ask(Tenants::List(BTreeSet::new()), "acme"), stranger);
            assert_eq!(ask(Tenants::Pattern(Pattern::new("ac*")), "bacme"), stranger);
        }
    }
}

#[test]
fn the_replica_is_for_those_who_may_see_all() {
    let ask = |tenants| {
        let principal = who(tenants, Role::Operator, None);
        decide(&principal, Action::InspectReplica, Resource::Replica, NOW)
    };
    assert_eq!(ask(Tenants::All), Verdict::Allow);
    assert_eq!(ask(Tenants::Pattern(Pattern::new("*"))), Verdict::Deny(Reason::Tenant));
    assert_eq!(ask(Tenants::one("acme")), Verdict::Deny(Reason::Tenant));
}

#[test]
fn a_credential_ends_at_its_expiry() {
    let ask = |expires| {
        let principal = who(Tenants::one("acme"), Role::Viewer, Some(Timestamp(expires)));
        decide(&principal, Action::Query, Resource::Tenant("acme"), NOW)
    };
    assert_eq!(ask(NOW.0 + 1), Verdict::Allow);
    assert_eq!(ask(NOW.0), Verdict::Deny(Reason::Expired(NOW)));
    assert_eq!(ask(NOW.0 - 1), Verdict::Deny(Reason::Expired(Timestamp(NOW.0 - 1))));
    let principal = who(Tenants::one("acme"), Role::Viewer, Some(NOW));
    let other = decide(&principal, Action::Query, Resource::Tenant("other"), NOW);
    assert_eq!(other, Verdict::Deny(Reason::Expired(NOW)), "before the tenant");
}

#[test]
fn what_the_caller_is_told() {
    let told = |reason: Reason| Error::from(reason);
    assert_eq!(told(Reason::Expired(NOW)).code, ErrorCode::Unauthenticated);
    assert_eq!(told(Reason::Tenant), Error::tenant_not_found());
    let role = told(Reason::Role { has: Role::Viewer, needs: Role::Owner });
    assert_eq!(role.code, ErrorCode::Forbidden);
    assert!(role.message.contains("`owner`") && role.message.contains("`viewer`"));
}

#[test]
fn words_and_back() {
    for role in Role::ALL {
        assert_eq!(Role::from_name(role.name()), Some(role));
    }
    for action in Action::ALL {
        assert_eq!(Action::from_name(action.name()), Some(action));
    }
    assert_eq!(Role::from_name("Viewer"), None);
}

/// By the definition, and exponential.
fn plain(pattern: &[char], id: &[char]) -> bool {
    match pattern.split_first() {
        None => id.is_empty(),
        Some(('*', rest)) => (0..=id.len()).any(|skip| plain(rest, &id[skip..])),
        Some((c, rest)) => id.first() == Some(c) && plain(rest, &id[1..]),
    }
}

proptest! {
    #[test]
    fn patterns_match_as_defined(pattern in "[ab*]{0,7}", id in "[ab]{0,9}") {
        let (p, i): (Vec<char>, Vec<char>) = (pattern.chars().collect(), id.chars().collect());
        prop_assert_eq!(Pattern::new(pattern).matches(&id), plain(&p, &i));
    }
}
