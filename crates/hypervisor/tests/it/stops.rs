//! A boot that is stopped at any of its documents leaves nothing, and the next one is right.

use std::sync::atomic::Ordering;

use bson::doc;
use hypervisor::CloseRequested;
use model::limits::SMALL_SCAN_BYTES;

use crate::stage::{lazy, stage, tenant, within};

const DOCUMENTS: i64 = 12;

/// Stops a boot when so many documents of it were read, from none on, until it is over before.
async fn stopped_at_each_document(padding: usize) {
    let stage = stage(lazy()).await;
    stage.source.batch.store(1, Ordering::SeqCst);
    let door = stage.source.door("a");
    let sql = "SELECT count(*), sum(v) FROM a";
    let whole = [format!("{DOCUMENTS}|{}", DOCUMENTS * (DOCUMENTS - 1) / 2)];
    let mut arrivals = 0;
    for read in 0.. {
        let name = format!("x{read}");
        let document = |n| doc! {"_id": n, "t": &name, "v": n, "padding": "z".repeat(padding)};
        stage.source.put("a", (0..DOCUMENTS).map(document));
        door.shut();
        door.admit(read);
        let mut query = stage.begin(&name, sql);
        let over = tokio::select! {
            () = door.arrived(arrivals + read + 1) => None,
            answer = &mut query => Some(answer),
        };
        if let Some(answer) = over {
            assert_eq!(answer.unwrap().unwrap().rows, whole);
            assert_eq!(read, DOCUMENTS as usize, "as many as there are");
            break;
        }
        let closing = stage.hypervisor.close(&tenant(&name)).await.unwrap();
        assert_eq!(closing, CloseRequested::Closing);
        stage.events.saw(&format!("stopped:boot:{name}"), 1).await;
        door.open();
        // Who waited for the boot waits for the next one.
        let answer = within(query).await.expect("it does not hang").unwrap();
        assert_eq!(answer.unwrap().rows, whole, "stopped after {read}");
        arrivals = door.arrivals();
        door.forget();
        stage.hypervisor.close(&tenant(&name)).await.unwrap();
        stage.events.saw(&format!("closed:{name}"), 1).await;
        let left = stage.hypervisor.usage().budget_used;
        assert_eq!(left, 0, "{left} bytes stay charged, stopped after {read}");
    }
}

#[tokio::test]
async fn a_small_boot_may_be_stopped_at_any_document() {
    stopped_at_each_document(0).await;
}

#[tokio::test]
async fn a_streaming_boot_may_be_stopped_at_any_document() {
    stopped_at_each_document(SMALL_SCAN_BYTES / 3).await;
}
