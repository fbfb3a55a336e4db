//! CPU turns: large loads take them as queries do.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hypervisor::{Lane, Settings};

use crate::stage::{Answer, Stage, lazy, stage, within};

type Query = tokio::task::JoinHandle<Result<Answer, model::Error>>;

/// Rows between two looks of a load, and more.
const MANY: i64 = 4_000;

#[tokio::test]
async fn a_small_load_ends_before_it_needs_a_turn_and_a_large_one_gives_way() {
    let stage = stage(lazy()).await;
    stage.populate("small", 100);
    stage.populate("large", 10 * MANY);
    // Time goes by whenever anybody looks at it.
    stage.runtime.tick.store(40_000, Ordering::SeqCst);
    assert_eq!(stage.rows("small", "SELECT count(*) FROM a").await, ["100"]);
    assert_eq!(stage.runtime.sunk.load(Ordering::SeqCst), 0, "a small load needs no turn");
    assert_eq!(stage.rows("large", "SELECT count(*) FROM a").await, [(10 * MANY).to_string()]);
    assert_eq!(stage.runtime.sunk.load(Ordering::SeqCst), 1, "the load, not the query");
}

/// Has the one turn when it comes to its first row, in which a test holds it.
const HEAVY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9000) \
                     SELECT count(*) FROM n";

/// One turn, held by a query, for which a load of `y` waits; from then on the clock stands.
async fn waiting_load() -> (Stage, Query, std::sync::mpsc::SyncSender<()>, Query) {
    let stage = stage(Settings { cpu_turns: 1, ..lazy() }).await;
    stage.populate("x", 1);
    stage.populate("y", 10 * MANY);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["1"]);
    stage.runtime.tick.store(1_000_000, Ordering::SeqCst);
    let (x, go) = stage.hold("x", HEAVY).await;
    // Slower: a turn held for long counts no more.
    stage.runtime.tick.store(40_000, Ordering::SeqCst);
    let y = stage.begin("y", "SELECT count(*) FROM a");
    loads_waiting(&stage, 1).await;
    stage.runtime.tick.store(0, Ordering::SeqCst);
    (stage, x, go, y)
}

async fn loads_waiting(stage: &Stage, n: u64) {
    waiting(stage, Lane::Boot, n).await;
}

async fn waiting(stage: &Stage, lane: Lane, n: u64) {
    let there = async {
        while stage.hypervisor.usage().turns_wanted[lane as usize] != n {
            tokio::task::yield_now().await;
        }
    };
    within(there).await.unwrap_or_else(|| panic!("never {n} wait for turns"));
}

#[tokio::test]
async fn a_load_waits_for_its_turn_behind_a_query_and_goes_on() {
    let (stage, x, go, y) = waiting_load().await;
    go.send(()).unwrap();
    assert_eq!(x.await.unwrap().unwrap().rows, ["9000"]);
    assert_eq!(y.await.unwrap().unwrap().rows, [(10 * MANY).to_string()]);
    let usage = stage.hypervisor.usage();
    assert!(usage.turns_waited[Lane::Boot as usize] > Duration::ZERO);
    assert_eq!(usage.turns_wanted, [0; Lane::COUNT]);
}

#[tokio::test]
async fn a_stopped_load_waits_for_no_turn() {
    let (stage, x, go, y) = waiting_load().await;
    // Nobody else waits for it.
    y.abort();
    loads_waiting(&stage, 0).await;
    go.send(()).unwrap();
    assert_eq!(x.await.unwrap().unwrap().rows, ["9000"]);
}

const OVERDUE: Duration = Duration::from_millis(model::limits::CPU_TURN_OVERDUE_MS);

/// Goes on for long after its first row, which it has with the one turn.
const HEAVY_ROWS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 30000) \
                          SELECT i FROM n WHERE i > 9000 AND i % 7000 = 0";

#[tokio::test]
async fn who_waits_for_its_reader_holds_no_turn_and_asks_anew() {
    let stage = stage(Settings { cpu_turns: 1, ..lazy() }).await;
    for name in ["x", "z"] {
        stage.populate(name, 1);
        assert_eq!(stage.rows(name, "SELECT count(*) FROM a").await, ["1"]);
    }
    stage.runtime.tick.store(1_000_000, Ordering::SeqCst);
    let (x, go) = stage.hold_so("x", HEAVY_ROWS, true).await;
    let (z, z_goes) = stage.hold("z", HEAVY).await;
    stage.runtime.tick.store(0, Ordering::SeqCst);
    assert_eq!(stage.runtime.sunk.load(Ordering::SeqCst), 2, "both needed turns");
    // A few looks at the clock; had it been held, it would have been waited for until overdue.
    let waited = stage.hypervisor.usage().turns_waited[Lane::Interactive as usize];
    assert!(waited < OVERDUE / 2, "{waited:?}");
    go.send(()).unwrap();
    waiting(&stage, Lane::Interactive, 1).await;
    z_goes.send(()).unwrap();
    assert_eq!(z.await.unwrap().unwrap().rows, ["9000"]);
    assert_eq!(x.await.unwrap().unwrap().rows, ["14000", "21000", "28000"]);
    assert_eq!(stage.hypervisor.usage().turns_wanted, [0; Lane::COUNT]);
}
