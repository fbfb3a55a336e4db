//! Boot storms over HTTP: thousands of cold tenants asked for at once, over a dump.

use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bson::{Document, doc};
use litevisor::config::Layers;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{self, Reply};
use crate::harness::{CATALOG, TestApp, poll, write_collection};
use crate::process::Process;

const TENANTS: usize = 2_000;
const SQL: &str =
    "SELECT serial, (SELECT count(*) FROM alerts) FROM devices ORDER BY pages LIMIT 1";

fn name(n: usize) -> String {
    format!("t{n:04}")
}

/// A dump of so many tenants with three devices and an alert each.
fn write_tenants(folder: &Path, tenants: usize) {
    let device = |n: usize, device: i32| {
        doc! { "_id": format!("{n}-{device}"), "customerId": name(n), "pages": device,
        "serial": format!("serial-{n}-{device}") }
    };
    let devices: Vec<Document> =
        (0..tenants).flat_map(|n| (0..3).map(move |d| device(n, d))).collect();
    write_collection(folder, "devices", &devices);
    let alert = |n| doc! { "_id": format!("a{n}"), "customerId": name(n), "level": 1 };
    write_collection(folder, "alerts", &(0..tenants).map(alert).collect::<Vec<_>>());
    let customers: Vec<_> = (0..tenants).map(|n| doc! { "_id": name(n) }).collect();
    write_collection(folder, "customers", &customers);
    write_collection(folder, "cities", &[]);
    std::fs::write(folder.join("catalog.toml"), CATALOG).expect("written");
}

/// Asks for all of them: at once, on connections that are open already.
fn ask(address: SocketAddr, tenants: &[usize]) -> Vec<(usize, TcpStream)> {
    let body = json!({ "sql": SQL }).to_string();
    let headers = [("Content-Type", "application/json")];
    let request = |n: usize| {
        let target = format!("/v1/query?tenant={}", name(n));
        client::request("POST", &target, &headers, body.as_bytes())
    };
    let ready: Vec<_> =
        tenants.iter().map(|n| (*n, request(*n), client::connect(address))).collect();
    let send = |(n, request, mut stream): (usize, Vec<u8>, TcpStream)| {
        stream.write_all(&request).expect("sent");
        (n, stream)
    };
    ready.into_iter().map(send).collect()
}

/// Whether it was answered, rightly; else it was turned away and told by what, and when to come back.
fn answered(n: usize, reply: &Reply) -> bool {
    let body = reply.json();
    if reply.status == 200 {
        assert_eq!(body["rows"], json!([[format!("serial-{n}-0"), 1]]), "{n}");
        assert_eq!(body["complete"], true, "{n}");
        return true;
    }
    let wait = reply.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
    assert!(wait.is_some_and(|wait| (1..=75).contains(&wait)), "{wait:?}: {body}");
    assert_eq!((reply.status, &body["retryable"]), (503, &json!(true)), "{body}");
    if body["code"] != "instance_booting" {
        assert_eq!(body["code"], "overloaded", "{body}");
        assert!(body["budget"].is_string() && body["by"].is_object(), "{body}");
        let full = body["used"].as_u64().zip(body["limit"].as_u64());
        assert!(full.is_some_and(|(used, limit)| used > 0 && limit > 0), "{body}");
    }
    false
}

fn metric(app: &TestApp, name: &str) -> u64 {
    let text = app.admin_get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name)).expect("the metric");
    line.rsplit(' ').next().expect("a value").parse::<f64>().expect("a number") as u64
}

/// Tells others that it is over, also where an assertion fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How often somebody comes back before the test gives up: far beyond what it takes. Of hanging, the
/// client's own patience tells.
const ROUNDS_MAX: usize = 60;

#[test]
fn two_thousand_cold_tenants_are_answered_or_told_to_come_back() {
    let folder = TempDir::new().expect("a folder");
    write_tenants(folder.path(), TENANTS);
    let path = folder.path().display().to_string();
    let layers = Layers::new()
        .flag("test", "source", "kind", "dump")
        .flag("test", "source", "path", path.clone())
        .flag("test", "catalog", "path", format!("{path}/catalog.toml"))
        .flag("test", "instance", "idle_timeout", "1s")
        .flag("test", "admission", "replica_queued", "900")
        // Less than all instances take: those that are idle make room.
        .flag("test", "memory", "budget", "8MiB");
    let app = TestApp::start_with(layers, Some(folder)).ready();
    let limit = metric(&app, "litevisor_budget_limit_bytes");
    let over = AtomicBool::new(false);
    let (peak, turned_away) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(metric(&app, "litevisor_budget_used_bytes"));
            }
            peak
        });
        let storm = Over(&over);
        let (mut left, mut turned_away): (Vec<usize>, usize) = ((0..TENANTS).collect(), 0);
        for _ in 0..ROUNDS_MAX {
            let asked = ask(app.address, &std::mem::take(&mut left));
            for (n, mut stream) in asked {
                if !answered(n, &client::read_reply(&mut stream)) {
                    left.push(n);
                }
            }
            turned_away += left.len();
        }
        assert!(left.is_empty(), "{} are still not served", left.len());
        drop(storm);
        (watch.join().expect("no panic"), turned_away)
    });
    assert!(0 < peak && peak <= limit, "{peak} of {limit} bytes");
    assert!(turned_away > 0, "more came than may wait");
    poll("everything to be given back", || metric(&app, "litevisor_budget_used_bytes") == 0);
}

/// The lines of a log with this message: whom they are about, in their order.
fn whom(log: &str, message: &str) -> Vec<String> {
    let objects = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = objects.filter(|line| line["message"] == message);
    lines.map(|line| line["tenant.id"].as_str().expect("a tenant").to_owned()).collect()
}

/// How many waited for a boot at once, at most.
fn depth(log: &str) -> usize {
    let (mut waiting, mut most) = (0_usize, 0);
    for line in log.lines() {
        if line.contains("\"message\":\"loading\"") {
            waiting += 1;
        } else if line.contains("\"message\":\"published\"") {
            waiting -= 1;
        }
        most = most.max(waiting);
    }
    most
}

#[test]
fn boots_start_in_the_order_in_which_they_were_asked_for() {
    /// As many as may wait for a boot, all of them asked for before the first ones are over.
    const WAITING: usize = 600;
    /// Between asking and standing in line a thread may be passed by others, and so may one between
    /// the end of its boot and telling of it.
    const PASSED_MAX: usize = 100;
    let folder = TempDir::new().expect("a folder");
    write_tenants(folder.path(), WAITING);
    let config = "[source]\nkind = \"dump\"\npath = \".\"\nmax_concurrent_boots = 1\n[catalog]\n\
                  path = \"catalog.toml\"\n[instance]\ntables = \"all\"\n[http]\n\
                  admin_listen = \"127.0.0.1:0\"\n[telemetry]\nlog_format = \"json\"\n\
                  log_level = \"litevisor=debug\"\n";
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_litevisor"));
    command.arg("serve").current_dir(folder.path()).stderr(std::process::Stdio::piped());
    let process = Process::of(command, folder);
    poll("the dump to be indexed", || {
        let ready = client::request("GET", "/readyz", &[], b"");
        client::send(process.admin, &ready).status == 200
    });
    for (n, mut stream) in ask(process.address, &(0..WAITING).collect::<Vec<_>>()) {
        assert!(answered(n, &client::read_reply(&mut stream)), "{n} was turned away");
    }
    process.terminate();
    let log = process.rest();
    let places: HashMap<String, usize> =
        whom(&log, "loading").into_iter().enumerate().map(|(place, who)| (who, place)).collect();
    let began: Vec<usize> = whom(&log, "published").iter().map(|who| places[who]).collect();
    assert_eq!((places.len(), began.len()), (WAITING, WAITING));
    for (place, asked) in began.iter().enumerate() {
        assert!(place.abs_diff(*asked) < PASSED_MAX, "number {asked} was served as {place}");
    }
    assert!(depth(&log) > WAITING / 2, "they did not wait");
}
