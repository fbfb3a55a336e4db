//! Pages of other origins: nothing unless listed, and then by name.

use crate::client::Reply;
use crate::harness::TestApp;

const APP: &str = "https://app.example.com";
const QUERY: &str = "/v1/query?tenant=tiny&sql=SELECT%201";

fn listed(more: &[(&str, &str, &str)]) -> TestApp {
    let origins = "https://app.example.com,http://localhost:3000";
    let settings = [("http", "cors_origins", origins)];
    TestApp::start(&[&settings, more].concat()).ready()
}

fn from(app: &TestApp, origin: &str, target: &str) -> Reply {
    app.send("GET", target, &[("Origin", origin)], b"")
}

fn ask_first(app: &TestApp, origin: &str, target: &str) -> Reply {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    app.send("OPTIONS", target, &headers, b"")
}

fn says_nothing(reply: &Reply) {
    let said = |(name, _): &&(String, String)| name.starts_with("access-control-");
    assert_eq!(reply.headers.iter().find(said), None);
}

#[test]
fn without_a_list_nothing_is_said() {
    let app = TestApp::start(&[]).ready();
    let reply = from(&app, APP, QUERY);
    assert_eq!(reply.status, 200);
    says_nothing(&reply);
    assert_eq!(reply.header("vary"), None);
    let reply = ask_first(&app, APP, QUERY);
    says_nothing(&reply);
    reply.problem(405, "method_not_allowed");
}

#[test]
fn a_listed_origin_is_answered_by_name_problems_too() {
    let app = listed(&[]);
    for origin in [APP, "http://localhost:3000"] {
        for (target, status) in [(QUERY, 200), ("/v1/query?tenant=tiny", 400), ("/none", 404)] {
            let reply = from(&app, origin, target);
            assert_eq!(reply.status, status);
            assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
            assert_eq!(reply.header("access-control-allow-credentials"), None);
            let exposed = reply.header("access-control-expose-headers").expect("exposed");
            assert!(exposed.contains("litevisor-as-of") && exposed.contains("request-id"));
            assert_eq!(reply.header("vary"), Some("Origin"));
        }
    }
}

#[test]
fn others_are_answered_as_if_there_were_no_list_but_caches_are_told() {
    let app = listed(&[("http", "cors_credentials", "true")]);
    let near = [
        "https://app.example.com.evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "null",
        "*",
        "",
    ];
    for origin in near {
        let reply = from(&app, origin, QUERY);
        assert_eq!(reply.status, 200);
        says_nothing(&reply);
        assert_eq!(reply.header("vary"), Some("Origin"));
        let reply = ask_first(&app, origin, QUERY);
        says_nothing(&reply);
        reply.problem(405, "method_not_allowed");
    }
    let twice = [("Origin", APP), ("Origin", "https://evil.example")];
    says_nothing(&app.send("GET", QUERY, &twice, b""));
    // Neither is the operator's listener any page's.
    let bytes = crate::client::request("GET", "/metrics", &[("Origin", APP)], b"");
    says_nothing(&crate::client::send(app.admin, &bytes));
}

#[test]
fn browsers_that_ask_first_are_told_without_a_credential() {
    let keys = tempfile::NamedTempFile::new().expect("a file");
    let path = keys.path().display().to_string();
    let app = listed(&[
        ("auth", "mode", "api_keys"),
        ("auth", "keys_file", &path),
        ("http", "cors_credentials", "true"),
        ("http", "tenant_header", "X-Tenant"),
    ]);
    from(&app, APP, QUERY).problem(401, "unauthenticated");
    let routes =
        [(QUERY, "GET, POST"), ("/v1/schema?tenant=x", "GET"), ("/v1/instance", "GET, DELETE")];
    for (target, methods) in routes {
        let reply = ask_first(&app, APP, target);
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        assert_eq!(reply.header("access-control-allow-origin"), Some(APP));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(reply.header("access-control-allow-methods"), Some(methods));
        let headers = reply.header("access-control-allow-headers");
        assert_eq!(headers, Some("authorization, content-type, request-id, x-tenant"));
        assert_eq!(reply.header("access-control-max-age"), Some("600"));
        assert_eq!(reply.header("vary"), Some("Origin"));
    }
    ask_first(&app, APP, "/none").problem(404, "not_found");
    // An OPTIONS that asks for nothing is a request like any other.
    app.send("OPTIONS", QUERY, &[("Origin", APP)], b"").problem(401, "unauthenticated");
}
