//! The threads of the real program that run SQL are confined, and it says so.

use std::fs;

use crate::client;
use crate::harness::poll;
use crate::process::Process;

/// The modes of seccomp (proc(5): 0 is none, 2 a filter) of the threads whose names begin so.
fn modes(process: &Process, name: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.pid())).expect("its threads");
    let threads = tasks.filter_map(|task| {
        let folder = task.ok()?.path();
        let own = fs::read_to_string(folder.join("comm")).ok()?;
        let status = fs::read_to_string(folder.join("status")).ok()?;
        let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:"))?;
        own.starts_with(name).then(|| mode.trim().to_owned())
    });
    threads.collect()
}

/// Those of the threads that run SQL. One that sank ends with its query: then another begins.
fn modes_of_queries(process: &Process) -> Vec<String> {
    let (mut asked, mut found) = (0, Vec::new());
    poll("a thread that runs SQL", || {
        asked += 1;
        // Never the same statement: what a kept reader has ready runs on the thread that asks.
        let reply = client::read_reply(&mut process.ask(&format!("SELECT {asked}")));
        assert_eq!(reply.status, 200, "{}", reply.text());
        found = modes(process, "query-");
        !found.is_empty()
    });
    found
}

fn ready(process: &Process) -> String {
    let request = client::request("GET", "/readyz?verbose", &[], b"");
    client::send(process.admin, &request).text()
}

#[test]
fn threads_that_run_sql_are_confined() {
    let process = Process::start();
    assert!(process.until_said("ready").contains("seccomp"));
    process.count();
    // What SQLite might ask the system for, or a thread of its own to hand its work to.
    for (sql, answer) in [
        ("SELECT length(randomblob(9)), abs(random()) >= 0", "9,1"),
        ("SELECT datetime('now') > '2026', datetime(0, 'unixepoch')", "1,1970-01-01 00:00:00"),
        ("SELECT to_zone('2026-07-01T12:00:00Z', 'Europe/Zurich')", "2026-07-01T14:00:00"),
        (
            "CREATE TABLE big (a, b); INSERT INTO big SELECT value, randomblob(500) FROM \
             generate_series(1, 60000); CREATE INDEX ab ON big (b); \
             SELECT count(*) FROM (SELECT DISTINCT b FROM big ORDER BY b DESC)",
            "60000",
        ),
        (
            "CREATE VIRTUAL TABLE words USING fts5(text); INSERT INTO words VALUES ('a b'), ('c'); \
             SELECT count(*) FROM words WHERE words MATCH 'b'",
            "1",
        ),
    ] {
        let reply = client::read_reply(&mut process.ask(sql));
        let text = reply.text();
        assert!(text.contains(answer), "{sql}: {} {text}", reply.status);
    }
    let confined = modes_of_queries(&process);
    assert!(confined.iter().all(|mode| mode == "2"), "{confined:?}");
    let others = modes(&process, "litevisor-io");
    assert!(!others.is_empty() && others.iter().all(|mode| mode == "0"), "{others:?}");
    assert!(ready(&process).contains("seccomp: on\n"), "{}", ready(&process));
}

#[test]
fn an_operator_may_do_without() {
    let process = Process::start_with(&[("LITEVISOR__QUERY__SECCOMP", "off")]);
    process.count();
    let modes = modes_of_queries(&process);
    assert!(modes.iter().all(|mode| mode == "0"), "{modes:?}");
    assert!(ready(&process).contains("seccomp: off\n"));
}
