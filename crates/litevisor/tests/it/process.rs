//! The real binary: signals, a taken port, what Kubernetes puts into its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::client;
use crate::harness::{CATALOG, poll, write_dump};

/// A `litevisor serve` of its own. Dropping it kills it.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    log: Log,
    before: String,
    _folder: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(folder: &TempDir) -> Command {
    let dump = folder.path().join("dump");
    std::fs::create_dir(&dump).expect("made");
    write_dump(&dump);
    std::fs::write(folder.path().join("catalog.toml"), CATALOG).expect("written");
    let config = "[source]\nkind = \"dump\"\npath = \"dump\"\n[catalog]\npath = \"catalog.toml\"\n\
                  [http]\nadmin_listen = \"127.0.0.1:0\"\n";
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_litevisor"));
    command.arg("serve").current_dir(folder.path()).stderr(Stdio::piped());
    // What Kubernetes injects for a Service of this name.
    for (name, value) in [
        ("LITEVISOR_SERVICE_HOST", "10.0.0.1"),
        ("LITEVISOR_SERVICE_PORT", "8080"),
        ("LITEVISOR_SERVICE_PORT_HTTP", "8080"),
        ("LITEVISOR_PORT", "tcp://10.0.0.1:8080"),
        ("LITEVISOR_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("LITEVISOR_PORT_8080_TCP_PROTO", "tcp"),
        ("LITEVISOR_PORT_8080_TCP_PORT", "8080"),
        ("LITEVISOR_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ] {
        command.env(name, value);
    }
    command
}

/// How long a process may say nothing while a test waits for its word: far beyond what anything
/// here takes.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Lines read ahead of the test; then the process waits, as it does for any full pipe.
const LINES_AHEAD_MAX: usize = 10_000;

/// What the process says, read on a thread of its own so that waiting for it has an end.
struct Log(Receiver<String>);

impl Log {
    fn of(said: ChildStderr) -> Log {
        let (tell, told) = sync_channel(LINES_AHEAD_MAX);
        let reading = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        reading.expect("a thread");
        Log(told)
    }

    /// Up to a line with `what`; a process that ends before has said something else.
    #[track_caller]
    fn until_said(&self, what: &str) -> String {
        self.up_to(what).1
    }

    /// What came before that line, and the line.
    #[track_caller]
    fn up_to(&self, what: &str) -> (String, String) {
        let mut said = String::new();
        loop {
            let line = self.0.recv_timeout(SILENCE_MAX);
            let line = line.unwrap_or_else(|why| panic!("no `{what}`: {why}: {said}"));
            if line.contains(what) {
                return (said, line);
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    /// The rest of it, for a process that ends.
    fn rest(&self) -> String {
        let mut said = String::new();
        loop {
            match self.0.recv_timeout(SILENCE_MAX) {
                Ok(line) => said.push_str(&format!("{line}\n")),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return said,
                Err(why) => panic!("it does not end: {why}: {said}"),
            }
        }
    }
}

impl Process {
    pub fn start() -> Process {
        Process::start_with(&[])
    }

    /// With these variables besides.
    pub fn start_with(environment: &[(&str, &str)]) -> Process {
        let folder = TempDir::new().expect("a folder");
        let mut command = command(&folder);
        command.envs(environment.iter().copied());
        Process::of(command, folder)
    }

    /// This command, which `folder` is kept for.
    pub fn of(mut command: Command, folder: TempDir) -> Process {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).spawn().expect("started");
        let log = Log::of(child.stderr.take().expect("piped"));
        let (before, line) = log.up_to("listening on ");
        let mut addresses = line.split("://").skip(1).map(|rest| {
            let text = rest.split([' ', ')']).next().unwrap_or_default();
            text.trim().parse().expect("an address")
        });
        let mut next = || addresses.next().expect("two addresses");
        let (address, admin) = (next(), next());
        Process { child, address, admin, log, before, _folder: folder }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn ask(&self, sql: &str) -> TcpStream {
        self.ask_tenant("tiny", sql)
    }

    pub fn ask_tenant(&self, tenant: &str, sql: &str) -> TcpStream {
        let target = format!("/v1/query?tenant={tenant}");
        let body = json!({"sql": sql, "format": "csv"}).to_string();
        let headers = [("Content-Type", "application/json")];
        let bytes = client::request("POST", &target, &headers, body.as_bytes());
        let mut stream = client::connect(self.address);
        stream.write_all(&bytes).expect("sent");
        stream
    }

    /// Asks once the dump is indexed.
    pub fn count(&self) -> String {
        let mut text = String::new();
        poll("an answer", || {
            let reply = client::read_reply(&mut self.ask("SELECT count(*) AS n FROM devices"));
            text = reply.text();
            reply.status == 200
        });
        text
    }

    pub fn said_before_it_listened(&self) -> &str {
        &self.before
    }

    pub fn until_said(&self, what: &str) -> String {
        self.log.until_said(what)
    }

    /// What it says to its end; the leak check is that it does not tell of memory still charged.
    #[track_caller]
    pub fn rest(&self) -> String {
        let said = self.log.rest();
        assert!(!said.contains("stays charged"), "{said}");
        said
    }

    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill runs").success());
    }

    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        poll("the process to end", || {
            status = self.child.try_wait().expect("its status");
            status.is_some()
        });
        status.expect("ended")
    }
}

#[test]
fn the_log_names_tenants_and_never_parameters() {
    const MARKER: &str = "7b1e-only-a-parameter-says-this";
    for format in ["text", "json"] {
        let mut process = Process::start_with(&[
            ("LITEVISOR__TELEMETRY__LOG_LEVEL", "debug"),
            ("LITEVISOR__TELEMETRY__LOG_FORMAT", format),
        ]);
        process.count();
        let ask = |method: &str, target: &str, body: &str| {
            let headers = [("Content-Type", "application/json")];
            let bytes = client::request(method, target, &headers, body.as_bytes());
            client::send(process.address, &bytes)
        };
        let post = |sql: &str| {
            let body = json!({"sql": sql, "params": {"mine": MARKER}}).to_string();
            ask("POST", "/v1/query?tenant=tiny", &body)
        };
        assert_eq!(post("SELECT :mine").rows(), json!([[MARKER]]));
        post("SELECT :mine FROM nowhere").problem(400, "sql_error");
        post("SELECT :other").problem(400, "request_invalid");
        post("SELECT zeroblob(99999999), :mine").problem(422, "result_too_large");
        let get = |sql: &str| format!("/v1/query?tenant=tiny&sql={sql}&p.mine={MARKER}");
        assert_eq!(ask("GET", &get("SELECT%20%3Amine"), "").rows(), json!([[MARKER]]));
        ask("GET", &get("SELECT%201"), "").problem(400, "request_invalid");
        ask("POST", "/v1/query?tenant=tiny", MARKER).problem(400, "request_invalid");
        process.terminate();
        let log = process.log.rest();
        assert_eq!(process.ended().code(), Some(0));
        assert!(log.contains("tenant.id") && log.contains("tiny"), "{log}");
        assert!(log.contains("result_too_large"), "failures are told:\n{log}");
        assert!(!log.contains(MARKER), "{log}");
    }
}

const ROWS: u64 = 200_000;

fn long() -> String {
    format!(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT {ROWS}) \
         SELECT x, printf('%0100d', x) FROM c"
    )
}

#[test]
fn a_service_s_environment_is_harmless_and_a_signal_ends_an_idle_process() {
    let mut process = Process::start();
    assert_eq!(process.count(), "n\r\n1\r\n");
    process.terminate();
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_signal_lets_a_stream_end_whole() {
    let mut process = Process::start();
    process.count();
    let mut stream = process.ask(&long());
    let mut first = vec![0; 1 << 16];
    stream.read_exact(&mut first).expect("its beginning");
    process.terminate();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the rest");
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"), "the last chunk");
    let last = format!("{ROWS:0100}");
    let tail = String::from_utf8_lossy(&rest[rest.len() - 400..]).into_owned();
    assert!(tail.contains(&last), "{tail}");
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn ctrl_c_is_a_signal_as_any() {
    let mut process = Process::start();
    process.count();
    process.signal("INT");
    process.until_said("draining");
    assert_eq!(process.ended().code(), Some(0));
}

#[test]
fn a_second_signal_stops_at_once() {
    let mut process = Process::start();
    process.count();
    // Its reader stands still, so the drain would wait for long.
    let mut stream = process.ask(&long());
    let mut first = vec![0; 1 << 16];
    stream.read_exact(&mut first).expect("its beginning");
    process.terminate();
    process.until_said("draining");
    process.terminate();
    assert_eq!(process.ended().code(), Some(130));
}

/// Serves with this `[source]`, in a folder that has a good dump and a cut one; must end by itself.
fn refused(source: &str) -> String {
    let folder = TempDir::new().expect("a folder");
    let mut command = command(&folder);
    let cut = folder.path().join("cut");
    std::fs::create_dir(&cut).expect("made");
    write_dump(&cut);
    let file = cut.join("devices.bson");
    let whole = std::fs::read(&file).expect("read");
    std::fs::write(&file, &whole[..whole.len() - 3]).expect("written");
    let config = format!(
        "[source]\n{source}\n[catalog]\npath = \"catalog.toml\"\n\
         [http]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n"
    );
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    let output = command.output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    said
}

#[test]
fn what_no_waiting_mends_is_refused_at_start() {
    for (source, named) in [
        ("kind = \"mongodb\"\nuri = \"localhost:27017/shop\"", "source.uri"),
        ("kind = \"mongodb\"\nuri = \"mongodb://h/shop?maxPoolSize=x\"", "source.uri"),
        ("kind = \"mongodb\"\nuri = \"mongodb://u:sec/ret@h/shop\"", "percent-encoded"),
        ("kind = \"mongodb\"\nuri = \"mongodb://127.0.0.1:1\"", "set source.database"),
        ("kind = \"dump\"\npath = \"nowhere\"", "source.path: nowhere"),
        ("kind = \"dump\"\npath = \".\"", "several databases"),
    ] {
        let said = refused(source);
        assert!(said.contains(named) && !said.contains("listening"), "{source}: {said}");
        assert!(!said.contains("sec/ret") && !said.contains("sec\""), "{said}");
    }
    // Only reading it shows that a file is cut; the ports are taken by then.
    let said = refused("kind = \"dump\"\npath = \"cut\"");
    assert!(said.contains("devices.bson: at byte"), "{said}");
}

#[test]
fn a_source_that_does_not_answer_is_waited_for_and_told_once_per_load() {
    let folder = TempDir::new().expect("a folder");
    let command = command(&folder);
    let config = "[source]\nkind = \"mongodb\"\ndatabase = \"shop\"\n\
                  uri = \"mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100\"\n\
                  [catalog]\npath = \"catalog.toml\"\n[http]\nadmin_listen = \"127.0.0.1:0\"\n";
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    let mut process = Process::of(command, folder);
    poll("what it waits for", || {
        let request = client::request("GET", "/readyz?verbose", &[], b"");
        let ready = client::send(process.admin, &request);
        assert_eq!(ready.status, 503);
        ready.text().contains("waiting: asking whether MongoDB is there: no MongoDB answers")
    });
    let reply = client::read_reply(&mut process.ask("SELECT 1 FROM devices"));
    reply.problem(503, "source_unavailable");
    process.terminate();
    process.ended();
    let said = process.log.rest();
    let doing = |line: &&str| {
        line.contains("listing collections: ")
            || line.contains("the server's time: ")
            || line.contains("looking up the tenant: ")
    };
    assert_eq!(said.lines().filter(doing).count(), 1, "{said}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let free = "127.0.0.1:0";
    for (listen, admin, flag) in
        [(&*address, free, "(--listen)"), (free, &*address, "(--admin-listen)")]
    {
        let folder = TempDir::new().expect("a folder");
        let mut command = command(&folder);
        command.args(["--listen", listen, "--admin-listen", admin]);
        let output = command.output().expect("run");
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(&address) && said.contains(flag), "{said}");
    }
}
