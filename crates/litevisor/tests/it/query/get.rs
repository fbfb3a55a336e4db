//! `GET /v1/query`: everything in the URL.

use serde_json::json;

use crate::harness::TestApp;

#[test]
fn sql_and_parameters_in_the_url() {
    let app = TestApp::start(&[]).ready();
    let rows = |query: &str| app.get(&format!("/v1/query?tenant=acme&{query}")).rows();
    assert_eq!(rows("sql=SELECT%201%20%2B%201"), json!([[2]]));
    assert_eq!(rows("sql=SELECT+1"), json!([[1]]), "a plus sign is a space, as in any form");
    assert_eq!(
        rows("sql=SELECT%20typeof(:a),typeof(:b),typeof(:c)&p.a=5&p.b=1.5&p.c=x"),
        json!([["integer", "real", "text"]])
    );
    assert_eq!(rows("sql=SELECT%20typeof(:a),:a&p.a:text=5"), json!([["text", "5"]]));
    assert_eq!(rows("sql=SELECT%20typeof(:a),:a&p.a=007"), json!([["text", "007"]]));
    assert_eq!(rows("sql=SELECT%20?1,?2&p.2=b&p.1=a"), json!([["a", "b"]]));
    assert_eq!(
        rows("sql=SELECT%20count(*)%20FROM%20devices%20WHERE%20city=:city&p.city=Delft"),
        json!([[100]])
    );
    let csv = app.get("/v1/query?tenant=acme&sql=SELECT%201%20AS%20a&format=csv");
    assert_eq!(csv.text(), "a\r\n1\r\n");
    let cut = app.get("/v1/query?tenant=acme&sql=SELECT%20*%20FROM%20devices&max_rows=2");
    assert_eq!(cut.json()["row_count"], 2);
}

#[test]
fn what_a_url_may_not_say() {
    let app = TestApp::start(&[]).ready();
    let bad = [
        ("", "add sql="),
        ("sql=SELECT%201&sql=SELECT%202", "more than once"),
        ("sql=SELECT%201&formt=csv", "no parameter `formt`"),
        ("sql=SELECT%201&format=xml", "json, ndjson, csv"),
        ("sql=SELECT%201&max_rows=x", "max_rows"),
        ("sql=SELECT%201&timeout_ms=0", "timeout_ms"),
        ("sql=SELECT%201&timeout_ms=999999999", "timeout_ms"),
        ("sql=SELECT%201&max_age=soon", "max_age"),
        ("sql=SELECT%20%FF", "UTF-8"),
        ("sql=SELECT%201&p.=1", "p.NAME="),
        ("sql=SELECT%20?1&p.2=1", "p.1 is missing"),
        ("sql=SELECT%20:a&p.a:int=5", "`:text` is the only suffix"),
        ("sql=SELECT%20:a&p.a=1&p.b=1", "b"),
        ("sql=SELECT%20:a", "a"),
    ];
    for (query, part) in bad {
        let detail =
            app.get(&format!("/v1/query?tenant=tiny&{query}")).problem(400, "request_invalid");
        assert!(detail.contains(part), "{query}: {detail}");
    }
    app.get("/v1/query?tenant=tiny&sql=").problem(400, "sql_error");
    // It would cost the whole query to answer without the answer.
    let head = app.send("HEAD", "/v1/query?tenant=tiny&sql=SELECT%201", &[], b"");
    assert_eq!((head.status, head.header("allow")), (405, Some("GET, POST")));
}
