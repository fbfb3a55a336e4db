//! `POST /v1/query`: results, parameters, formats, headers.

use serde_json::{Value, json};

use crate::client::Ended;
use crate::harness::{ODD_TENANTS, TestApp};

#[test]
fn a_first_query_boots_and_the_second_is_warm() {
    let app = TestApp::start(&[]).ready();
    let reply = app.sql("acme", "SELECT count(*) AS n, sum(pages) FROM devices");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.ended, Ended::Whole);
    let body = reply.json();
    assert_eq!(body["rows"], json!([[200, 19900]]));
    assert_eq!(body["columns"][0]["name"], "n");
    assert_eq!(body["complete"], true);
    assert_eq!(body["row_count"], 1);
    assert_eq!(reply.header("litevisor-instance"), Some("cold"));
    assert_eq!(reply.header("litevisor-as-of"), body["as_of"].as_str());
    let generation: u64 =
        reply.header("litevisor-generation").and_then(|text| text.parse().ok()).expect("a number");
    let timing = reply.header("server-timing").expect("timing").to_owned();
    for stage in ["boot;dur=", "queue;dur=", "exec;dur="] {
        assert!(timing.contains(stage), "{timing}");
    }
    assert_eq!(reply.header("content-length"), Some(&*reply.body.len().to_string()));
    assert_eq!(reply.header("transfer-encoding"), None, "small: one write");

    let reply = app.sql("acme", "SELECT count(*) FROM devices");
    assert_eq!(reply.header("litevisor-instance"), Some("warm"));
    assert_eq!(reply.header("litevisor-generation"), Some(&*generation.to_string()));
}

#[test]
fn each_tenant_sees_its_own_rows_whatever_its_name() {
    let app = TestApp::start(&[]).ready();
    for (id, url) in ODD_TENANTS {
        let rows = app.sql(url, "SELECT serial FROM devices").rows();
        assert_eq!(rows, json!([[id]]), "{id}");
    }
    assert_eq!(app.sql("empty", "SELECT count(*) FROM devices").rows(), json!([[0]]));
    app.sql("nobody", "SELECT 1").problem(404, "tenant_not_found");
}

#[test]
fn parameters_of_every_type_come_back_as_they_went() {
    let app = TestApp::start(&[]).ready();
    let ask = |body: Value| app.post("tiny", &body).rows();
    let rows = ask(json!({
        "sql": "SELECT ?1, ?2, ?3, ?4, typeof(?5), ?6, typeof(?7), ?8",
        "params": [null, 1, 1.5, "text", true, "9007199254740993", {"$text": "9007199254740993"},
                   {"$blob": "AAH/"}]
    }));
    let wanted = json!([[null, 1, 1.5, "text", "integer", "9007199254740993", "text",
                         {"$blob": "AAH/"}]]);
    assert_eq!(rows, wanted);
    let rows = ask(json!({
        "sql": "SELECT typeof(:a), @a + $b", "params": {"a": 9_007_199_254_740_993_i64, "b": 1}
    }));
    assert_eq!(rows, json!([["integer", "9007199254740994"]]));
}

#[test]
fn what_if_is_private_and_gone_afterwards() {
    let app = TestApp::start(&[]).ready();
    let script = "UPDATE devices SET pages = 0; CREATE TABLE t(x); INSERT INTO t VALUES (1); \
                  SELECT (SELECT sum(pages) FROM devices), (SELECT count(*) FROM t)";
    assert_eq!(app.sql("acme", script).rows(), json!([[0, 1]]));
    assert_eq!(app.sql("acme", "SELECT sum(pages) FROM devices").rows(), json!([[19900]]));
    app.sql("acme", "SELECT * FROM t").problem(400, "sql_error");
    let body = app.sql("acme", "DELETE FROM devices WHERE pages < 50").json();
    assert_eq!((&body["columns"], &body["changes"]), (&json!([]), &json!(50)));
}

#[test]
fn formats_by_name_and_by_accept() {
    let app = TestApp::start(&[]).ready();
    let sql = "SELECT 1 AS a, NULL AS b, '' AS c UNION ALL SELECT 2, 'x,y', 'q\"'";
    let csv = app.post("tiny", &json!({"sql": sql, "format": "csv"}));
    assert!(csv.header("content-type").expect("a type").starts_with("text/csv"));
    assert_eq!(csv.text(), "a,b,c\r\n1,,\"\"\r\n2,\"x,y\",\"q\"\"\"\r\n");
    let headers = [("Content-Type", "application/json"), ("Accept", "application/x-ndjson")];
    let body = json!({ "sql": sql }).to_string();
    let reply = app.send("POST", "/v1/query?tenant=tiny", &headers, body.as_bytes());
    let lines: Vec<Value> =
        reply.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1], json!([1, null, ""]));
    assert_eq!(lines[3]["complete"], true);
    assert_eq!(lines[3]["row_count"], 2);
}

#[test]
fn max_rows_is_a_wanted_cut() {
    let app = TestApp::start(&[]).ready();
    let ask = |format: &str, rows: u64| {
        let body = json!({"sql": "SELECT pages FROM devices", "max_rows": rows, "format": format});
        app.post("acme", &body)
    };
    let body = ask("json", 3).json();
    assert_eq!(body["rows"].as_array().map(Vec::len), Some(3));
    assert_eq!((&body["complete"], &body["reason"]), (&json!(false), &json!("max_rows")));
    let body = ask("json", 200).json();
    assert_eq!(body["complete"], true, "all rows are no cut");
    let csv = ask("csv", 3);
    assert_eq!(csv.ended, Ended::Whole);
    assert_eq!(csv.text().lines().count(), 4);
    assert_eq!(csv.header("litevisor-max-rows"), Some("3"));
    assert_eq!(csv.header("litevisor-complete"), Some("false"));

    let headers = [("Content-Type", "application/json"), ("TE", "trailers")];
    let body = json!({"sql": "SELECT pages FROM devices", "max_rows": 3, "format": "csv"});
    let body = body.to_string();
    let reply = app.send("POST", "/v1/query?tenant=acme", &headers, body.as_bytes());
    assert_eq!(reply.trailer("litevisor-complete"), Some("false"), "{:?}", reply.headers);
    assert_eq!((reply.text().lines().count(), reply.ended), (4, Ended::Whole));
}

#[test]
fn request_ids_are_taken_over_or_drawn() {
    let app = TestApp::start(&[]).ready();
    let reply = app.send("GET", "/v1/openapi.json", &[("Request-Id", "abc-1")], b"");
    assert_eq!(reply.header("request-id"), Some("abc-1"));
    let reply = app.send("GET", "/v1/openapi.json", &[("X-Request-Id", "abc-2")], b"");
    assert_eq!(reply.header("request-id"), Some("abc-2"));
    let drawn = app.get("/v1/openapi.json");
    assert_eq!(drawn.header("request-id").map(str::len), Some(16));
}

#[test]
fn a_negative_zero_is_an_integer_as_in_sql() {
    let app = TestApp::start(&[]).ready();
    let types = "SELECT typeof(?1), ?1 IS -0, typeof(?2), typeof(?3), typeof(?4), ?5";
    let body = format!(r#"{{"params": [-0, -0.0, -0e0, -0.5, "[-0]"], "sql": "{types}"}}"#);
    let rows = app.post_text("tiny", &body).rows();
    assert_eq!(rows, serde_json::json!([["integer", 1, "real", "real", "real", "[-0]"]]));
    let named = r#"{"sql": "SELECT typeof(:a), :a", "params": {"a":-0}}"#;
    assert_eq!(app.post_text("tiny", named).rows(), serde_json::json!([["integer", 0]]));
}
