//! Who calls: people with honest questions, whose answers are checked; hostile ones; clients that
//! die; an operator who closes and boots at random.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::tally::Tally;
use super::tenants::{TENANTS, Tenant};
use crate::Result;
use crate::client::{Client, bare, query};
use crate::server::Process;

/// What all callers share.
pub(super) struct Scene<'a> {
    pub(super) process: &'a Process,
    pub(super) tally: &'a Tally,
    pub(super) hostile: &'a [String],
    pub(super) over: AtomicBool,
}

/// What each caller does in turn.
pub(super) type Caller = fn(&Scene<'_>, &mut Draw, &mut Option<Client>) -> Result<()>;

/// Callers and how many there are of each.
pub(super) const CALLERS: [(Caller, usize); 4] =
    [(honest, 4), (hostile, 2), (dying, 1), (operator, 1)];

/// Random numbers that a seed tells again (xorshift64*).
pub(super) struct Draw(pub(super) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Half of all calls go to a few tenants, so that some are warm and most are not.
    fn tenant(&mut self) -> Tenant {
        let among = if self.next().is_multiple_of(2) { 20 } else { TENANTS };
        Tenant(usize::try_from(self.next()).unwrap_or(0) % among)
    }
}

/// Calls until the scene is over. A caller whose connection broke comes back on a new one.
pub(super) fn call(scene: &Scene<'_>, caller: Caller, mut draw: Draw) {
    let mut kept = None;
    while !scene.over.load(Ordering::Relaxed) {
        if let Err(error) = caller(scene, &mut draw, &mut kept) {
            scene.tally.wrong(format!("a connection failed: {error}"));
            kept = None;
            // A server that is gone would be called a million times.
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Sends `request` and reads the answer, on the connection that is kept.
fn ask(scene: &Scene<'_>, kept: &mut Option<Client>, request: &[u8]) -> Result<(u16, String)> {
    let mut client = match kept.take() {
        Some(client) => client,
        None => scene.process.client()?,
    };
    client.send(request)?;
    let mut body = Vec::new();
    let status = client.receive(&mut body)?;
    *kept = Some(client);
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// A problem's code.
fn code(body: &str) -> &str {
    let after = body.split_once("\"code\":\"").map_or("", |(_, rest)| rest);
    after.split('"').next().unwrap_or_default()
}

/// Codes of 503 that say whose turn it is to do what.
const REASONS: [&str; 3] = ["instance_booting", "overloaded", "source_unavailable"];

/// Notes a refusal; whatever else comes is wrong.
fn refused(scene: &Scene<'_>, caller: &'static str, status: u16, body: &str, asked: &str) {
    let code = code(body);
    if status == 429 || (status == 503 && REASONS.contains(&code)) {
        scene.tally.answer(caller, format!("{status} {code}"));
    } else {
        let body = body.get(..300).unwrap_or(body);
        scene.tally.wrong(format!("{caller}: {status} {body} for {asked}"));
    }
}

fn honest(scene: &Scene<'_>, draw: &mut Draw, kept: &mut Option<Client>) -> Result<()> {
    let tenant = draw.tenant();
    let (sql, wanted) = tenant.question(draw.next());
    let (status, body) = ask(scene, kept, &query(&tenant.id(), &sql_body(&sql, None)))?;
    if status != 200 {
        refused(scene, "honest", status, &body, &sql);
        return Ok(());
    }
    let right = wanted.iter().all(|part| body.contains(part.as_str()));
    scene.tally.must(right, || {
        let end = body.get(body.len().saturating_sub(200)..).unwrap_or(&body);
        let start = body.get(..200).unwrap_or(&body);
        format!("{}: {sql} gave {start} … {end}, not {wanted:?}", tenant.id())
    });
    scene.tally.answer("honest", "200 right");
    Ok(())
}

fn hostile(scene: &Scene<'_>, draw: &mut Draw, kept: &mut Option<Client>) -> Result<()> {
    let at = usize::try_from(draw.next()).unwrap_or(0) % scene.hostile.len();
    let sql = &scene.hostile[at];
    let (status, body) = ask(scene, kept, &query(&draw.tenant().id(), &sql_body(sql, Some(300))))?;
    match status {
        200..400 => scene.tally.answer("hostile", "200"),
        400..500 => scene.tally.answer("hostile", format!("{status} {}", code(&body))),
        _ => refused(scene, "hostile", status, &body, sql),
    }
    Ok(())
}

/// Asks and leaves: before the answer, within it, within its own question.
fn dying(scene: &Scene<'_>, draw: &mut Draw, _: &mut Option<Client>) -> Result<()> {
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let request = query(&draw.tenant().id(), &sql_body(endless, None));
    let mut stream = TcpStream::connect(scene.process.address)?;
    let whole = !draw.next().is_multiple_of(3);
    let part = usize::try_from(draw.next()).unwrap_or(0) % request.len();
    let sent = if whole { &request[..] } else { &request[..part] };
    stream.write_all(sent)?;
    if whole && draw.next().is_multiple_of(2) {
        let wait = Duration::from_millis(50 + draw.next() % 200);
        stream.set_read_timeout(Some(wait))?;
        // Whatever came, or did not.
        let _ = std::io::Read::read(&mut stream, &mut [0; 1 << 14]);
    }
    scene.tally.answer("dying", if whole { "left its answer" } else { "left its question" });
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

fn operator(scene: &Scene<'_>, draw: &mut Draw, kept: &mut Option<Client>) -> Result<()> {
    let tenant = draw.tenant().id();
    let (method, path) = match draw.next() % 3 {
        0 => ("POST", "/v1/instance/boot"),
        1 => ("DELETE", "/v1/instance"),
        _ => ("GET", "/v1/instance"),
    };
    let (status, body) = ask(scene, kept, &bare(method, &format!("{path}?tenant={tenant}")))?;
    match status {
        200..300 => scene.tally.answer("operator", format!("{method} {status}")),
        _ => refused(scene, "operator", status, &body, method),
    }
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

fn sql_body(sql: &str, timeout_ms: Option<u64>) -> String {
    let mut text = String::with_capacity(sql.len() + 40);
    for c in sql.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if u32::from(c) < 0x20 => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    let timeout = timeout_ms.map_or(String::new(), |ms| format!(",\"timeout_ms\":{ms}"));
    format!("{{\"sql\":\"{text}\"{timeout}}}")
}

/// The statements of `tests/hostile/`, but for those that the tests' own notation makes long.
pub(super) fn statements() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../litevisor/tests/hostile");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let text = std::fs::read_to_string(path)?;
            for entry in text.split("--: ").skip(1) {
                let (head, rest) = entry.split_once('\n').unwrap_or((entry, ""));
                let lines =
                    rest.lines().filter(|l| !l.starts_with("--= ") && !l.starts_with("--~ "));
                let sql = lines.collect::<Vec<_>>().join("\n");
                if !sql.contains("{{") && !head.contains("open") {
                    all.push(sql);
                }
            }
        }
    }
    all.sort();
    if all.is_empty() { Err("there are no hostile statements".into()) } else { Ok(all) }
}
