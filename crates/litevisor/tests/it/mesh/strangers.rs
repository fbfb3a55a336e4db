//! Requests that name no tenant, or not as they should: the same refusal from every replica, and
//! from whichever a gateway picks.

use super::load::{self, Reply};
use super::world::{GATEWAY, World};

/// How often the gateway is asked each: with no tenant to hash it picks anybody.
const TIMES: usize = 12;

/// What a query string begins with, and the refusal (`docs/http.md`).
const STRANGE: [(&str, u16, &str); 11] = [
    ("", 400, "tenant_missing"),
    ("Tenant=t0001&", 400, "tenant_missing"),
    ("tenant=t9999&", 404, "tenant_not_found"),
    ("tenant=T0001&", 404, "tenant_not_found"),
    ("tenant=a%7Cb&", 404, "tenant_not_found"),
    ("tenant=t0001&tenant=t0002&", 400, "request_invalid"),
    ("tenant=t0001&tenant=t0001&", 400, "request_invalid"),
    // Other forms of an id that exists, and of some that might.
    ("tenant=%740001&", 400, "request_invalid"),
    ("tenant=a%7cb&", 400, "request_invalid"),
    ("tenant=a|b&", 400, "request_invalid"),
    ("tenant=&", 400, "tenant_missing"),
];

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn who_names_no_tenant_is_refused_alike_by_every_replica() {
    let world = World::start();
    let agent = load::agent();
    let mut hosts = vec![GATEWAY.to_string(); TIMES];
    hosts.extend(world.replicas().iter().map(|replica| format!("{}:8080", replica.address)));
    assert_eq!(hosts.len(), TIMES + 3);
    for (begins, status, code) in STRANGE {
        let ask = |host: &String| load::reply(&agent, &load::url(host, begins));
        let mut replies: Vec<Reply> = hosts.iter().map(ask).collect();
        replies.sort();
        replies.dedup();
        println!("?{begins}: {replies:?}");
        assert_eq!(replies.len(), 1, "{begins}: all say the same");
        assert_eq!((replies[0].status, replies[0].code.as_str()), (status, code), "{begins}");
    }
    // Nobody was made for a stranger, and those who are known are still answered.
    assert!(world.holders(load::now()).keys().all(|tenant| *tenant == load::tenant(0)));
    load::round_of(GATEWAY, 0..20).expect_no_failure();
}
