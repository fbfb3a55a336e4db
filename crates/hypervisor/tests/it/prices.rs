//! A boot's price, before it starts.

use std::sync::atomic::Ordering;

use hypervisor::{Settings, State};
use model::ErrorCode;

use crate::stage::{Stage, lazy, stage, tenant};

/// More rows than fit into [`CAP`], whatever is in them.
const MANY: i64 = 20_000;
const CAP: u64 = 150_000;

async fn refused(stage: &Stage) {
    let error = stage.query("large", "SELECT count(*) FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InstanceTooLarge);
    let price = *error.price.expect("the price");
    let rows = u64::try_from(MANY).unwrap();
    assert_eq!((price.documents, price.rows, price.bytes), (rows, rows, rows * 50));
    assert!(price.takes.as_millis() > 0, "{:?}", price.takes);
    assert_eq!(stage.source.opens.load(Ordering::SeqCst), 0, "nothing was read");
    let status = stage.hypervisor.instance(&tenant("large")).await.unwrap();
    assert_eq!((status.state, status.price), (State::Failed, Some(price)));
}

#[tokio::test]
async fn a_boot_that_cannot_fit_is_refused_before_it_reads() {
    let stage = stage(Settings { bytes_max: CAP, ..lazy() }).await;
    stage.populate("large", MANY);
    stage.source.knows.store(true, Ordering::SeqCst);
    refused(&stage).await;
}

#[tokio::test]
async fn a_source_that_counts_is_asked_only_where_not_all_would_fit() {
    let stage = stage(Settings { bytes_max: CAP, ..lazy() }).await;
    stage.populate("small", 3);
    assert_eq!(stage.rows("small", "SELECT count(*) FROM a").await, ["3"]);
    assert_eq!(stage.source.estimates.load(Ordering::SeqCst), 0);
    stage.source.opens.store(0, Ordering::SeqCst);
    stage.populate("large", MANY);
    // What was said of the collection's size is taken for known for a while.
    stage.runtime.advance(std::time::Duration::from_secs(61));
    refused(&stage).await;
    assert!(stage.source.estimates.load(Ordering::SeqCst) > 0);
}
