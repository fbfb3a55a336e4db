//! A server that is there and refuses: each code it may send at the start and in the middle of a
//! boot.

use testkit::mongod::{Kind, Mongod, Refusal};

use super::leaving::{KEPT_READERS_BYTES, budget_used};
use super::source::{COUNT, fill, reads, recovers, serve};
use crate::harness::{TestApp, poll};

/// Reads of a tenant: more than a first batch holds, so that a boot asks for more.
const READS: i32 = 2_500;

/// What the query comes to whose boot meets the refusal.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// The boot tried again by itself.
    Answered,
    /// `source_unavailable`; the next query tries again.
    Told,
}

use Outcome::{Answered, Told};
use Refusal::{Code, HangUp};

/// Command, how it is refused, how often (`None`: for good), and what comes of it.
const CASES: [(&str, Refusal, Option<u32>, Outcome); 17] = [
    ("find", Code(11_602), Some(1), Answered), // InterruptedDueToReplStateChange
    ("find", Code(13_435), Some(1), Answered), // NotPrimaryNoSecondaryOk
    ("find", Code(10_107), None, Told),        // NotWritablePrimary
    ("find", Code(246), Some(1), Answered),    // SnapshotUnavailable: another point in time
    ("find", Code(246), None, Told),
    ("find", Code(50), None, Told),  // MaxTimeMSExpired
    ("find", Code(13), None, Told),  // Unauthorized
    ("find", Code(146), None, Told), // ExceededMemoryLimit
    ("find", HangUp, Some(1), Answered),
    ("find", HangUp, None, Told),
    ("getMore", Code(43), Some(1), Told), // CursorNotFound
    ("getMore", Code(11_602), Some(1), Told),
    ("getMore", Code(239), Some(1), Answered), // SnapshotTooOld: another point in time
    ("getMore", Code(239), None, Told),
    ("getMore", HangUp, Some(1), Told),
    ("listCollections", Code(6), Some(1), Answered), // HostUnreachable
    ("listCollections", Code(13), None, Told),
];

#[test]
fn each_refusal_is_told_or_overcome_and_the_next_boot_works() {
    let mongod = Mongod::start(Kind::Refusing);
    fill(&mongod, "db");
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    for at in 0..CASES.len() {
        let from = 1_000_000 + i32::try_from(at).expect("few") * READS;
        tokio.block_on(mongod.insert("db", "reads", &reads(&tenant(at), from, READS)));
    }
    let app = serve(mongod.uri(), "db", &[]).ready();
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    let kept = budget_used(&app) + KEPT_READERS_BYTES;
    for (at, (command, refusal, times, outcome)) in CASES.iter().enumerate() {
        let case = format!("{command} {refusal:?} {times:?}");
        mongod.refuse(command, *refusal, *times);
        let reply = app.sql(&tenant(at), COUNT);
        let seen = if reply.status == 200 { Answered } else { Told };
        assert_eq!(seen, *outcome, "{case}: {}", reply.text());
        assert_eq!(app.sql("b", COUNT).rows()[0][0], 10, "{case}: a live tenant does not notice");
        if seen == Told {
            let detail = reply.problem(503, "source_unavailable");
            assert!(!detail.contains("failCommand"), "{case}: {detail}");
            assert!(reply.header("retry-after").is_some(), "{case}");
        }
        assert_eq!(app.admin_get("/livez").status, 200, "{case}");
        mongod.refuse_nothing();
        recovers(&app, &tenant(at), i64::from(READS));
        close(&app, &tenant(at));
    }
    // All the refused boots together had read several times as much.
    poll("what was read to be given back", || budget_used(&app) <= kept);
}

/// A tenant of its own for each case, so that none profits from another's failures.
fn tenant(at: usize) -> String {
    format!("case{at}")
}

fn close(app: &TestApp, tenant: &str) {
    let target = format!("/v1/instance?tenant={tenant}");
    assert_eq!(app.send("DELETE", &target, &[], b"").status, 202);
    poll("the instance to be closed", || app.get(&target).json()["state"] == "vacant");
}
