//! The admin listener's own token.

use litevisor::auth::write_private;
use tempfile::TempDir;

use crate::client::{self, Reply};
use crate::harness::{TestApp, poll};

const TOKEN: &str = "an operator's token of more than thirty-two bytes";

fn ask(app: &TestApp, target: &str, token: Option<&str>) -> Reply {
    let bearer = token.map(|token| format!("Bearer {token}")).unwrap_or_default();
    let fields = [("Authorization", bearer.as_str())];
    let fields = if token.is_some() { &fields[..] } else { &[] };
    client::send(app.admin, &client::request("GET", target, fields, b""))
}

#[test]
fn the_operators_routes_ask_for_the_token() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("token");
    let token = TOKEN.replace(' ', "-");
    write_private(&path, &format!("{token}\n")).expect("written");
    let file = path.display().to_string();
    let app = TestApp::start(&[("admin", "token_file", &file)]).ready();
    for (route, _) in litevisor::http::ADMIN_ROUTES {
        let open = ["/livez", "/readyz", "/metrics"].contains(route);
        for bad in [None, Some("x"), Some(&token[1..])] {
            let reply = ask(&app, route, bad);
            if open {
                assert_eq!(reply.status, 200, "{route}");
            } else {
                reply.problem(401, "unauthenticated");
                assert!(reply.header("www-authenticate").is_some());
            }
        }
        assert_eq!(ask(&app, route, Some(&token)).status, 200, "{route}");
    }
    let newer = format!("{token}-2");
    write_private(&path, &newer).expect("written");
    poll("the new token", || ask(&app, "/v1/tenants", Some(&newer)).status == 200);
    ask(&app, "/v1/tenants", Some(&token)).problem(401, "unauthenticated");
}
