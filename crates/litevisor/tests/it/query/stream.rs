//! Streams: large results, bounds hit midway, readers that leave or stand still.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{self, Ended};
use crate::harness::{TestApp, poll};

/// `rows` rows of 100 characters.
fn many(rows: u64) -> String {
    format!(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {rows}) \
         SELECT x, printf('%0100d', x) FROM c"
    )
}

#[test]
fn a_large_result_is_streamed_and_whole() {
    let app = TestApp::start(&[]).ready();
    let reply = app.sql("tiny", &many(20_000));
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert_eq!(reply.ended, Ended::Whole);
    let body = reply.json();
    assert_eq!((&body["complete"], &body["row_count"]), (&json!(true), &json!(20_000)));
    assert_eq!(body["rows"].as_array().map(Vec::len), Some(20_000));
    let csv = app.post("tiny", &json!({"sql": many(20_000), "format": "csv"}));
    assert_eq!((csv.text().lines().count(), csv.ended), (20_001, Ended::Whole));
}

#[test]
fn a_result_over_its_bound_never_looks_whole() {
    let app = TestApp::start(&[("query", "result_bytes_max", "1MiB")]).ready();
    let reply = app.sql("tiny", &many(100_000));
    let body = reply.json();
    assert_eq!(body["complete"], false);
    assert_eq!(body["error"]["code"], "result_too_large", "{}", body["error"]);
    let lines = app.post("tiny", &json!({"sql": many(100_000), "format": "ndjson"})).text();
    let last: Value = serde_json::from_str(lines.lines().last().expect("lines")).expect("JSON");
    assert_eq!(
        (&last["complete"], &last["error"]["code"]),
        (&json!(false), &json!("result_too_large"))
    );
    let csv = app.post("tiny", &json!({"sql": many(100_000), "format": "csv"}));
    assert_eq!((csv.status, csv.ended), (200, Ended::Broken));
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]), "the next one is served");

    let small = TestApp::start(&[("query", "result_bytes_max", "1000")]).ready();
    small.sql("tiny", &many(100)).problem(422, "result_too_large");
}

#[test]
fn a_result_of_just_its_bound_is_whole_and_a_little_less_is_not_enough() {
    /// The last chunk may cross the bound.
    const CHUNKS_BYTES: usize = 2 << 16;
    let ask = |app: &TestApp, format: &str| {
        app.post("tiny", &json!({"sql": many(10_000), "format": format}))
    };
    let app = TestApp::start(&[]).ready();
    for format in ["json", "ndjson", "csv"] {
        let whole = ask(&app, format);
        assert_eq!((whole.status, whole.ended), (200, Ended::Whole));
        let bound = |bytes: usize| {
            let bytes = bytes.to_string();
            ask(&TestApp::start(&[("query", "result_bytes_max", &*bytes)]).ready(), format)
        };
        let just = bound(whole.body.len());
        assert_eq!((just.status, just.ended), (200, Ended::Whole), "{format}");
        assert!(just.body.len() == whole.body.len() && !just.text().contains("result_too_large"));
        let less = bound(whole.body.len() - CHUNKS_BYTES);
        assert!(less.body.len() < whole.body.len(), "{format}");
        let told = less.text().contains("result_too_large");
        assert_eq!((told, less.ended == Ended::Whole), (format != "csv", format != "csv"));
    }
}

#[test]
fn a_result_of_too_many_rows_never_looks_whole() {
    let app = TestApp::start(&[("query", "result_rows_max", "5000")]).ready();
    let ask =
        |rows: u64, format: &str| app.post("tiny", &json!({"sql": many(rows), "format": format}));
    for format in ["json", "ndjson", "csv"] {
        let just = ask(5_000, format);
        assert_eq!((just.status, just.ended), (200, Ended::Whole), "{format}");
        assert!(!just.text().contains("result_too_large"), "{format}");
        let over = ask(5_001, format);
        assert_eq!(over.status, 200, "{format}: its head was out with the first rows");
        assert_eq!(over.ended == Ended::Whole, format != "csv", "{format}");
        if format == "csv" {
            continue;
        }
        let text = over.text();
        let last = if format == "json" { &*text } else { text.lines().last().expect("lines") };
        let last: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!((&last["complete"], &last["row_count"]), (&json!(false), &json!(5_000)));
        assert_eq!(last["error"]["code"], "result_too_large");
        let why = last["error"]["detail"].as_str().expect("a detail");
        assert!(why.contains("more than 5000 rows (query.result_rows_max)"), "{why}");
    }
    let body = json!({"sql": many(9_000), "max_rows": 5_000});
    assert_eq!(app.post("tiny", &body).json()["reason"], "max_rows", "a wanted cut is none of it");

    let small = TestApp::start(&[("query", "result_rows_max", "10")]).ready();
    assert_eq!(small.sql("tiny", &many(10)).json()["row_count"], 10);
    small.sql("tiny", &many(11)).problem(422, "result_too_large");
}

#[test]
fn a_row_over_the_result_s_bound_is_not_sent_at_all() {
    let bounds = [("query", "result_bytes_max", "1MiB"), ("query", "row_bytes_max", "4MiB")];
    let app = TestApp::start(&bounds).ready();
    let wide = "SELECT 1, randomblob(1000000), randomblob(1000000), randomblob(1000000)";
    app.sql("tiny", wide).problem(422, "result_too_large");
    // More than the pipe holds, so that the head is out with the first rows.
    let sql = format!("{} UNION ALL {}", many(5_000), "SELECT 0, printf('%03000000d', 0)");
    let reply = app.sql("tiny", &sql);
    assert!(reply.body.len() < 1 << 20, "{} bytes sent", reply.body.len());
    assert_eq!(reply.json()["error"]["code"], "result_too_large");
}

#[test]
fn a_result_s_row_is_bounded_as_a_stored_one_is() {
    let app = TestApp::start(&[("query", "row_bytes_max", "1MiB")]).ready();
    let cells = vec!["randomblob(400000)"; 60].join(",");
    let refused = app.sql("tiny", &format!("SELECT {cells}"));
    let why = refused.problem(422, "result_too_large");
    assert!(why.contains("query.row_bytes_max"), "{why}");
    let two =
        "SELECT length(a), length(b) FROM (SELECT randomblob(400000) AS a, zeroblob(400000) AS b)";
    assert_eq!(app.sql("tiny", two).rows(), json!([[400_000, 400_000]]));
}

#[test]
fn a_timeout_before_and_after_the_first_byte() {
    let app = TestApp::start(&[]).ready();
    let forever = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let body = json!({"sql": format!("{forever} SELECT count(*) FROM c"), "timeout_ms": 50});
    app.post("tiny", &body).problem(422, "query_timeout");
    // Long enough for a first chunk, however busy the machine is.
    let body = json!({"sql": format!("{forever} SELECT x FROM c"), "timeout_ms": 4_000});
    let reply = app.post("tiny", &body).json();
    assert_eq!(
        (&reply["complete"], &reply["error"]["code"]),
        (&json!(false), &json!("query_timeout"))
    );
}

/// Starts an endless query and reads its head.
fn endless(app: &TestApp, format: &str) -> (std::net::TcpStream, Vec<u8>) {
    let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x, \
               printf('%0100d', x) FROM c";
    let body = json!({"sql": sql, "format": format}).to_string();
    let headers = [("Content-Type", "application/json")];
    let bytes = client::request("POST", "/v1/query?tenant=tiny", &headers, body.as_bytes());
    let mut stream = client::connect(app.address);
    stream.write_all(&bytes).expect("sent");
    let mut rest = Vec::new();
    let (status, _) = client::read_head(&mut stream, &mut rest);
    assert_eq!(status, 200);
    (stream, rest)
}

/// Waits until the outcome was counted: polling what the program itself says.
fn until_counted(app: &TestApp, outcome: &str) {
    let line = format!("litevisor_queries_total{{outcome=\"{outcome}\"}}");
    poll(&format!("a query to end as {outcome}"), || {
        app.admin_get("/metrics").text().contains(&line)
    });
}

#[test]
fn a_client_that_leaves_interrupts_its_query() {
    let app = TestApp::start(&[("admission", "replica_concurrent", "1")]).ready();
    let (stream, _) = endless(&app, "json");
    drop(stream);
    until_counted(&app, "client_gone");
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]), "its thread is free again");
}

#[test]
fn a_reader_that_stands_still_is_cut_and_its_lease_freed() {
    let settings =
        [("http", "stream_idle_timeout", "300ms"), ("admission", "replica_concurrent", "1")];
    let app = TestApp::start(&settings).ready();
    let (mut stream, _) = endless(&app, "csv");
    until_counted(&app, "client_too_slow");
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]));
    // What was under way in the kernel may still be read; then the connection is broken.
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "it does not look whole");
}

/// Some 33 MB: far more than the sockets' buffers on both ends hold, so that the query has to wait.
const PAST_SOCKET_BUFFERS_ROWS: u64 = 300_000;

#[test]
fn waiting_for_a_slow_reader_is_not_the_query_s_time() {
    let timeout = Duration::from_secs(8);
    let settings = [("query", "timeout", "8s"), ("http", "stream_rate_min", "1B")];
    let app = TestApp::start(&settings).ready();
    let body = json!({"sql": many(PAST_SOCKET_BUFFERS_ROWS), "format": "ndjson"}).to_string();
    let headers = [("Content-Type", "application/json")];
    let bytes = client::request("POST", "/v1/query?tenant=tiny", &headers, body.as_bytes());
    let mut stream = client::connect(app.address);
    stream.write_all(&bytes).expect("sent");
    let mut rest = Vec::new();
    assert_eq!(client::read_head(&mut stream, &mut rest).0, 200);
    let mut taken = vec![0; 1 << 20];
    stream.read_exact(&mut taken).expect("a first part");
    // The pause is what is tested: with it, the whole takes longer than the query may.
    std::thread::sleep(timeout + Duration::from_secs(1));
    stream.read_to_end(&mut rest).expect("the rest");
    let end = String::from_utf8_lossy(&rest[rest.len().saturating_sub(300)..]).into_owned();
    assert!(end.contains("\"complete\":true"), "{end}");
}

#[test]
fn a_reader_below_the_least_rate_is_cut_though_it_moves() {
    let settings = [("http", "stream_idle_timeout", "1s"), ("http", "stream_rate_min", "1GiB")];
    let app = TestApp::start(&settings).ready();
    let (mut stream, _) = endless(&app, "csv");
    let line = "litevisor_queries_total{outcome=\"client_too_slow\"}";
    let mut piece = vec![0; 1 << 16];
    // It takes a piece at every turn, so it never stands still.
    poll("a reader below the least rate to be cut", || {
        let _ = stream.read(&mut piece);
        app.admin_get("/metrics").text().contains(line)
    });
}
