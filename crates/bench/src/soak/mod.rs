//! `make soak`: 500 tenants over a real mongod that dies and comes back, asked by honest and
//! hostile callers, clients that die and an operator who closes and boots, for minutes. At the
//! end, with all instances closed, nothing is left: no byte in a ledger, no memory that was not
//! there after the same closing early in the run; and every honest answer was right.
//!
//! `bench soak [--minutes N] [--seed N]`

mod callers;
mod tally;
mod tenants;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use mongodb::IndexModel;
use testkit::mongod::{Kind, Mongod};

use self::callers::{CALLERS, Draw, Scene, call, statements};
use self::tally::Tally;
use self::tenants::{CANARY, CATALOG, TENANTS, Tenant};
use crate::Result;
use crate::client::{Client, bare};
use crate::report::say;
use crate::server::Process;

const DATABASE: &str = "soak";

/// After so long the first closing is measured, in a run that is long enough; else after a third.
const FIRST: Duration = Duration::from_secs(120);

/// Closings after the first, of which the last counts; those between tell how memory grows.
const CLOSINGS: u32 = 4;

/// How long the source lives between two deaths, and is dead.
const SOURCE_LIVES: Duration = Duration::from_secs(15);
const SOURCE_IS_DEAD: Duration = Duration::from_secs(3);

/// How much more memory than at the first closing may be in use at the last.
const GROWTH_MAX: u64 = 16 << 20;

/// How often a closing looks whether it is done, 100 ms apart.
const LOOKS_MAX: usize = 900;

/// What is asked for on the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// All of it.
    pub(crate) minutes: u64,
    /// Of the callers' random numbers.
    pub(crate) seed: u64,
}

/// Whether all held.
pub(crate) fn run(plan: Plan) -> Result<bool> {
    let mut mongod = Mongod::start(Kind::ReplicaSet);
    let tokio = tokio::runtime::Runtime::new()?;
    tokio.block_on(fill(&mongod))?;
    let folder = tempfile::tempdir()?;
    let process = Process::litevisor(folder.path(), CATALOG, &settings(mongod.uri()))?;
    let (tally, hostile) = (Tally::default(), statements()?);
    let all = Duration::from_secs(60 * plan.minutes);
    let first = FIRST.min(all / 3);
    say(&format!(
        "{TENANTS} tenants, {} hostile statements, {} minutes, seed {}",
        hostile.len(),
        plan.minutes,
        plan.seed
    ));
    let (mut resident, mut at) = (Vec::new(), Duration::ZERO);
    let rest = all.saturating_sub(first) / CLOSINGS;
    for (round, lasts) in std::iter::once(first).chain([rest; CLOSINGS as usize]).enumerate() {
        let over = AtomicBool::new(false);
        let scene = Scene { process: &process, tally: &tally, hostile: &hostile, over };
        play(&scene, &mut mongod, lasts, plan.seed.wrapping_add((round as u64) << 32));
        at += lasts;
        let bytes = close(&process, &tally)?;
        say(&format!("closed after {} s: {} KiB resident", at.as_secs(), bytes >> 10));
        resident.push(bytes);
    }
    if let [early, .., late] = resident[..] {
        tally.must(late <= early + GROWTH_MAX, || {
            format!("memory grew from {early} to {late} bytes, more than {GROWTH_MAX}")
        });
    }
    let log = std::fs::read_to_string(folder.path().join("log"))?;
    let errors = log.lines().filter(|line| line.contains("\"level\":\"ERROR\""));
    errors.for_each(|line| tally.wrong(format!("an error in the log: {line}")));
    Ok(tally.report())
}

fn settings(uri: &str) -> String {
    format!(
        "[source]\nkind = \"mongodb\"\nuri = {uri:?}\ndatabase = \"{DATABASE}\"\n\n\
         [instance]\nidle_timeout = \"5s\"\nmax_age = \"20s\"\nboot_wait = \"10s\"\n\n\
         [memory]\nbudget = \"64MiB\"\n\n\
         [query]\ntimeout = \"30s\"\nheap_bytes_max = \"8MiB\"\ntemp_bytes_max = \"8MiB\"\n\n\
         [telemetry]\nlog_format = \"json\"\nlog_level = \"warn\"\n\n\
         [canary]\ntenant = \"decoy\"\nvalues = [\"{CANARY}\"]\n"
    )
}

async fn fill(mongod: &Mongod) -> Result<()> {
    let database = mongod.client().await.database(DATABASE);
    let decoy = doc! { "_id": CANARY, "customerId": "decoy", "serial": CANARY };
    let tenants = || (0..TENANTS).map(Tenant);
    let devices: Vec<Document> =
        tenants().flat_map(Tenant::device_documents).chain([decoy]).collect();
    let alerts: Vec<Document> = tenants().flat_map(Tenant::alert_documents).collect();
    for (name, documents) in [("devices", devices), ("alerts", alerts)] {
        let collection = database.collection::<Document>(name);
        for batch in documents.chunks(20_000) {
            collection.insert_many(batch).await?;
        }
        let keys = doc! { "customerId": 1 };
        collection.create_index(IndexModel::builder().keys(keys).build()).await?;
    }
    Ok(())
}

/// All callers call while the source dies now and then.
fn play(scene: &Scene<'_>, mongod: &mut Mongod, lasts: Duration, seed: u64) {
    std::thread::scope(|scope| {
        let mut number = 0;
        for (caller, count) in CALLERS {
            for _ in 0..count {
                number += 1;
                let draw = Draw(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
                scope.spawn(move || call(scene, caller, draw));
            }
        }
        let mut left = lasts;
        let mut kill = false;
        while left > SOURCE_LIVES + SOURCE_IS_DEAD {
            std::thread::sleep(SOURCE_LIVES);
            if kill {
                mongod.kill()
            } else {
                mongod.stop()
            }
            scene.tally.answer("source", if kill { "killed" } else { "stopped" });
            std::thread::sleep(SOURCE_IS_DEAD);
            mongod.start_again();
            kill = !kill;
            left -= SOURCE_LIVES + SOURCE_IS_DEAD;
        }
        std::thread::sleep(left);
        scene.over.store(true, Ordering::Relaxed);
    });
}

/// Closes every instance, sees that nothing is left of them, and gives the resident bytes.
fn close(process: &Process, tally: &Tally) -> Result<u64> {
    let mut client = process.client()?;
    for tenant in (0..TENANTS).map(Tenant) {
        // Over their rate, or in use by a query that is not quite gone: the idle timeout closes it.
        client.send(&bare("DELETE", &format!("/v1/instance?tenant={}", tenant.id())))?;
        client.receive(&mut Vec::new())?;
    }
    drop(client);
    let mut admin = Client::connect(process.admin)?;
    let mut text = String::new();
    for _ in 0..LOOKS_MAX {
        text = String::from_utf8(admin.ask(&bare("GET", "/metrics"))?)?;
        if LEFT.iter().all(|name| value(&text, name) == Some(0.0)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for name in LEFT.iter().chain(&NEVER) {
        let value = value(&text, name);
        tally.must(value == Some(0.0), || format!("after closing everything {name} is {value:?}"));
    }
    // The allocator gives back what it holds when it is asked for more; until then look for the least.
    let looks: Result<Vec<u64>> = (0..20)
        .map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            process.rss()
        })
        .collect();
    looks?.into_iter().min().ok_or_else(|| "no look at the memory".into())
}

/// What is zero once everything is closed.
const LEFT: [&str; 8] = [
    "litevisor_budget_used_bytes",
    "litevisor_instances{state=\"booting\"}",
    "litevisor_instances{state=\"live\"}",
    "litevisor_instances{state=\"closing\"}",
    "litevisor_queries_under_way{phase=\"running\"}",
    "litevisor_queries_under_way{phase=\"turn\"}",
    "litevisor_queries_under_way{phase=\"queued\"}",
    "litevisor_queries_under_way{phase=\"booting\"}",
];

/// What is zero for ever.
const NEVER: [&str; 2] = ["litevisor_panics_total", "litevisor_canaries_seen_total"];

fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}
