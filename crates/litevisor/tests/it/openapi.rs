//! `/v1/openapi.json` and the error pages.

use crate::harness::TestApp;

#[test]
fn the_description_is_served_as_it_is_checked_in() {
    let app = TestApp::start(&[]).ready();
    let reply = app.get("/v1/openapi.json");
    assert_eq!(reply.text(), litevisor::http::document());
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn a_problems_type_leads_to_its_page() {
    let app = TestApp::start(&[]).ready();
    let problem = app.sql("tiny", "SELEC").json();
    let page = app.get(problem["type"].as_str().expect("a type"));
    assert_eq!(page.status, 200);
    assert!(page.text().contains("sql_error"));
    app.get("/docs/errors/nonsense").problem(404, "not_found");
}
