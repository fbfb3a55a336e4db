//! The lines about requests.

use serde_json::{Value, json};

use crate::client;
use crate::process::Process;

/// The lines of a finished process as objects, those with this message.
fn lines(log: &str, message: &str) -> Vec<Value> {
    let objects = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    objects.filter(|line| line["message"] == message).collect()
}

fn post(process: &Process, body: &Value) -> client::Reply {
    let headers = [("Content-Type", "application/json"), ("Request-Id", "mine-1")];
    let bytes = body.to_string();
    let target = "/v1/query?tenant=tiny";
    let bytes = client::request("POST", target, &headers, bytes.as_bytes());
    client::send(process.address, &bytes)
}

#[test]
fn each_request_has_one_line_and_a_slow_query_a_warning() {
    let process = Process::start_with(&[
        ("LITEVISOR__TELEMETRY__LOG_LEVEL", "litevisor=debug"),
        ("LITEVISOR__TELEMETRY__LOG_FORMAT", "json"),
    ]);
    process.count();
    post(&process, &json!({"sql": "SELECT 'marked' AS a FROM devices"})).rows();
    post(&process, &json!({"sql": "SELECT nothing"})).problem(400, "sql_error");
    let rows = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 50000) \
                SELECT x, 'marked' FROM c";
    assert_eq!(post(&process, &json!({"sql": rows})).json()["row_count"], 50_000);
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                   SELECT count(*) AS marked FROM c";
    let endless = json!({"sql": endless, "timeout_ms": 1500});
    post(&process, &endless).problem(422, "query_timeout");
    let schema = client::request("GET", "/v1/schema?tenant=tiny", &[("Request-Id", "mine-1")], b"");
    assert_eq!(client::send(process.address, &schema).status, 200);
    process.terminate();
    let log = process.rest();

    let answered = lines(&log, "answered");
    let mine: Vec<&Value> =
        answered.iter().filter(|line| line["span"]["request.id"] == "mine-1").collect();
    assert_eq!(mine.len(), 5, "{log}");
    let fact = |at: usize, name: &str| mine[at][name].clone();
    for line in &mine {
        assert_eq!((&line["level"], &line["span"]["tenant.id"]), (&json!("DEBUG"), &json!("tiny")));
    }
    assert_eq!(fact(0, "route"), "/v1/query");
    assert_eq!(
        (fact(0, "status"), fact(0, "outcome"), fact(0, "rows")),
        (json!(200), json!("ok"), json!(1))
    );
    assert!(fact(0, "bytes").as_u64() > Some(0) && fact(0, "exec_ms").is_f64(), "{}", mine[0]);
    assert!(fact(0, "boot_ms").is_f64() && fact(0, "queue_ms").is_f64());
    assert_eq!((fact(1, "status"), fact(1, "outcome")), (json!(400), json!("sql_error")));
    assert_eq!((fact(2, "rows"), fact(2, "outcome")), (json!(50_000), json!("ok")));
    assert!(fact(2, "stream_ms").as_f64() > Some(0.0), "{}", mine[2]);
    assert_eq!((fact(3, "status"), fact(3, "outcome")), (json!(422), json!("query_timeout")));
    assert_eq!((fact(4, "route"), fact(4, "status")), (json!("/v1/schema"), json!(200)));
    assert!(mine[4].get("rows").is_none(), "{}", mine[4]);

    // On a machine busy enough any query is slow: each such line must tell of a second, and one must
    // be of the query that ran into its deadline.
    let (slow, others): (Vec<_>, Vec<_>) = lines(&log, "a query was slow")
        .into_iter()
        .partition(|line| line["outcome"] == "query_timeout");
    assert_eq!(slow.len(), 1, "{log}");
    let took = |line: &Value| -> f64 {
        let parts = ["boot_ms", "queue_ms", "exec_ms", "stream_ms"];
        parts.iter().filter_map(|part| line[part].as_f64()).sum()
    };
    assert!(others.iter().all(|line| took(line) >= 1000.0), "{log}");
    assert_eq!(slow[0]["level"], "WARN");
    assert_eq!(slow[0]["span"]["tenant.id"], "tiny");
    assert!(slow[0]["exec_ms"].as_f64() >= Some(1000.0));
    assert!(!log.contains("marked"), "no SQL: {log}");
}

#[test]
fn a_line_names_its_request_whatever_level_is_wanted() {
    let process = Process::start_with(&[
        ("LITEVISOR__TELEMETRY__LOG_LEVEL", "warn"),
        ("LITEVISOR__TELEMETRY__LOG_FORMAT", "json"),
    ]);
    process.count();
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                   SELECT count(*) FROM c";
    post(&process, &json!({"sql": endless, "timeout_ms": 1500})).problem(422, "query_timeout");
    process.terminate();
    let log = process.rest();
    let slow = lines(&log, "a query was slow");
    assert_eq!(slow.len(), 1, "{log}");
    let span = &slow[0]["span"];
    assert_eq!(
        (&span["request.id"], &span["route"], &span["tenant.id"]),
        (&json!("mine-1"), &json!("/v1/query"), &json!("tiny")),
        "{log}"
    );
}
