//! Every route behind the door; roles; tenants that nobody may see.

use super::Keyed;
use crate::client::Reply;

/// A body that the route would take, were the caller let in.
fn send(keyed: &Keyed, method: &str, route: &str, tenant: &str, key: Option<&str>) -> Reply {
    let sql = if (method, route) == ("GET", "/v1/query") { "&sql=SELECT%201" } else { "" };
    let target = format!("{route}?tenant={tenant}{sql}");
    let bearer = key.map(|key| format!("Bearer {key}")).unwrap_or_default();
    let mut headers = vec![("Content-Type", "application/json")];
    if key.is_some() {
        headers.push(("Authorization", bearer.as_str()));
    }
    let body: &[u8] = if method == "POST" && route != "/v1/instance/boot" {
        b"{\"sql\":\"SELECT 1\"}"
    } else {
        b""
    };
    keyed.app.send(method, &target, &headers, body)
}

const LINKS: [(&str, &str, &str); 1] =
    [("auth", "link_secrets", "0123456789abcdef0123456789abcdef")];

/// What needs no credential: descriptions, and links, which are one.
const OPEN: [&str; 3] = ["/v1/openapi.json", "/docs/errors/{code}", "/v1/links/{token}"];

fn guarded() -> Vec<(&'static str, &'static str)> {
    let routes = litevisor::http::PUBLIC_ROUTES.iter();
    let routes = routes.filter(|(route, _)| !OPEN.contains(route));
    routes
        .flat_map(|(route, methods)| methods.split(", ").map(move |method| (method, *route)))
        .collect()
}

#[test]
fn no_route_answers_a_stranger() {
    let mut keyed = Keyed::start_with(&LINKS);
    let good = keyed.add(&["*"], "operator", None);
    let ended = keyed.add(&["*"], "operator", Some("2026-01-02T00:00:00.000Z"));
    keyed.write();
    keyed.until_known(&good, "/v1/schema?tenant=acme");
    let wrong = format!("{}{}", &good[..83], if good.ends_with('0') { "1" } else { "0" });
    for (method, route) in guarded() {
        for key in [None, Some("x"), Some(wrong.as_str()), Some(ended.as_str())] {
            let reply = send(&keyed, method, route, "acme", key);
            reply.problem(401, "unauthenticated");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"litevisor\""));
        }
        let reply = send(&keyed, method, route, "acme", Some(&good));
        assert!(matches!(reply.status, 200..300), "{method} {route}: {}", reply.status);
        // Nor does it tell a stranger what is wrong with the request otherwise.
        send(&keyed, method, route, "%zz", None).problem(401, "unauthenticated");
    }
    assert_eq!(keyed.app.get("/v1/openapi.json").status, 200);
    assert_eq!(keyed.app.get("/docs/errors/unauthenticated").status, 200);
    let both = [("Authorization", "Bearer x"), ("Authorization", good.as_str())];
    keyed.app.send("GET", "/v1/schema?tenant=acme", &both, b"").problem(401, "unauthenticated");
    let url = format!("/v1/schema?tenant=acme&access_token={good}");
    keyed.app.get(&url).problem(401, "unauthenticated");
}

#[test]
fn each_route_asks_for_its_role() {
    let mut keyed = Keyed::start_with(&LINKS);
    let keys = ["viewer", "author", "owner"].map(|role| (role, keyed.add(&["acme"], role, None)));
    keyed.write();
    keyed.until_known(&keys[2].1, "/v1/schema?tenant=acme");
    for (role, key) in &keys {
        for (method, route) in guarded() {
            let least = match (method, route) {
                (_, "/v1/query" | "/v1/schema") | ("GET", "/v1/instance") => "viewer",
                (_, "/v1/instance/image" | "/v1/links") => "author",
                (_, "/v1/instance/boot") | ("DELETE", "/v1/instance") => "owner",
                other => panic!("which role does {other:?} ask for?"),
            };
            let rank = |name: &str| ["viewer", "author", "owner"].iter().position(|r| *r == name);
            let reply = send(&keyed, method, route, "acme", Some(key));
            if rank(role) >= rank(least) {
                assert!(matches!(reply.status, 200..300), "{role} {method} {route}");
            } else {
                let detail = reply.problem(403, "forbidden");
                assert!(detail.contains(least) && detail.contains(role), "{detail}");
            }
        }
    }
    let metrics = keyed.app.admin_get("/metrics").text();
    assert!(metrics.contains("litevisor_access_denied_total{reason=\"role\"} 6"), "{metrics}");
}

/// A reply but for what differs between any two.
fn seen(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| ["request-id", "date"].iter().any(|it| it.eq_ignore_ascii_case(name));
    let headers = reply.headers.iter().filter(|(name, _)| !own(name)).cloned().collect();
    (reply.status, headers, reply.text())
}

#[test]
fn a_tenant_that_one_may_not_see_is_one_that_does_not_exist() {
    let mut keyed = Keyed::start_with(&LINKS);
    // `tiny` exists and is warm, `ghost` does not exist; the owner of acme and ghost sees neither.
    let mine = keyed.add(&["acme", "ghost"], "owner", None);
    let viewer = keyed.add(&["acme"], "viewer", None);
    let all = keyed.add(&["*"], "operator", None);
    keyed.write();
    keyed.until_known(&all, "/v1/schema?tenant=acme");
    assert_eq!(keyed.ask("POST", "/v1/instance/boot?tenant=tiny", &all).status, 202);
    for (method, route) in guarded() {
        let hidden = send(&keyed, method, route, "tiny", Some(&mine));
        hidden.problem(404, "tenant_not_found");
        let unknown = send(&keyed, method, route, "nobody", Some(&mine));
        assert_eq!(seen(&hidden), seen(&unknown), "{method} {route}");
        // The role is never looked at before the tenant.
        let low = send(&keyed, method, route, "tiny", Some(&viewer));
        assert_eq!(seen(&hidden), seen(&low), "{method} {route}");
        if !matches!((method, route), ("DELETE", _) | (_, "/v1/instance/boot" | "/v1/links")) {
            // Orders are taken before anybody knows; the others are answered by the source alike.
            let allowed = send(&keyed, method, route, "ghost", Some(&mine));
            assert_eq!(seen(&hidden), seen(&allowed), "{method} {route}");
        }
    }
    let slots = keyed.app.admin_get("/v1/tenants").text();
    assert!(!slots.contains("nobody"), "a stranger's guess leaves no slot: {slots}");
}

/// More orders than a burst may have, and than come back while these are given.
const ORDERS: usize = 60;

#[test]
fn orders_are_limited_in_rate_for_each_tenant() {
    let mut keyed = Keyed::start();
    let owner = keyed.add(&["acme", "tiny"], "owner", None);
    keyed.write();
    keyed.until_known(&owner, "/v1/schema?tenant=acme");
    let orders = [("POST", "/v1/instance/boot"), ("DELETE", "/v1/instance")];
    let mut orders = orders.iter().cycle().take(ORDERS);
    let refused = orders.find_map(|(method, route)| {
        let reply = send(&keyed, method, route, "acme", Some(&owner));
        (reply.status == 429).then_some(reply)
    });
    let refused = refused.expect("an order too many");
    refused.problem(429, "tenant_busy");
    assert!(refused.header("retry-after").is_some());
    let other = send(&keyed, "POST", "/v1/instance/boot", "tiny", Some(&owner));
    assert_eq!(other.status, 202, "another tenant's orders are its own");
}
