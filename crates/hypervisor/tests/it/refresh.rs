//! Generations: old images serve while new ones are read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bson::doc;
use hypervisor::Settings;
use model::{Error, ErrorCode};

use crate::stage::{lazy, stage, stage_with};

fn settings() -> Settings {
    Settings {
        max_age: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(100_000),
        ..lazy()
    }
}

#[tokio::test]
async fn past_its_age_the_old_image_answers_and_a_new_one_is_read() {
    let stage = stage(settings()).await;
    stage.populate("x", 3);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    stage.source.put("a", [doc! {"_id": 100, "t": "x", "v": 1}]);
    stage.source.mark.store(2000, Ordering::SeqCst);
    stage.runtime.advance(Duration::from_secs(61));
    let (held, go) = stage.hold("x", "SELECT id FROM a").await;
    stage.events.saw("finished:refresh:x", 1).await;
    let fresh = stage.query("x", "SELECT count(*) FROM a").await.unwrap();
    assert_eq!((fresh.rows, fresh.opened.unwrap().generation), (vec!["4".to_owned()], 2000));
    assert!(!fresh.opened.unwrap().cold);
    go.send(()).unwrap();
    let old = held.await.unwrap().unwrap();
    assert_eq!((old.rows.len(), old.opened.unwrap().generation), (3, 1000));
}

#[tokio::test]
async fn what_can_never_be_newer_is_not_read_again() {
    let stage = stage(settings()).await;
    stage.source.newest.store(true, Ordering::SeqCst);
    stage.populate("x", 3);
    for max_age in [None, Some(Duration::ZERO), None] {
        stage.runtime.advance(Duration::from_secs(61));
        let mut request = stage.request("x", "SELECT count(*) FROM a");
        request.max_age = max_age;
        let answer = stage.ask(request).await.unwrap();
        assert_eq!((answer.rows, answer.opened.unwrap().generation), (vec!["3".to_owned()], 1000));
    }
    assert_eq!(stage.source.opens.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_generation_never_goes_back_nor_stays() {
    let stage = stage(settings()).await;
    stage.populate("x", 3);
    for expected in [1000, 1001, 1002] {
        let opened = stage.query("x", "SELECT 1 FROM a").await.unwrap().opened.unwrap();
        assert_eq!((opened.generation, opened.as_of.0), (expected, 1000));
        stage.runtime.advance(Duration::from_secs(61));
        stage.rows("x", "SELECT 1 FROM a").await;
        let refreshed = usize::try_from(expected - 999).unwrap();
        stage.events.saw("finished:refresh:x", refreshed).await;
    }
}

#[tokio::test]
async fn who_names_an_age_waits_for_it() {
    let stage = stage(settings()).await;
    stage.populate("x", 3);
    stage.rows("x", "SELECT 1 FROM a").await;
    stage.source.put("a", [doc! {"_id": 100, "t": "x", "v": 1}]);
    stage.runtime.advance(Duration::from_secs(5));
    let mut request = stage.request("x", "SELECT count(*) FROM a");
    request.max_age = Some(Duration::from_secs(10));
    assert_eq!(stage.ask(request.clone()).await.unwrap().rows, ["3"], "young enough");
    request.max_age = Some(Duration::from_secs(1));
    let answer = stage.ask(request.clone()).await.unwrap();
    assert_eq!((answer.rows, answer.opened.unwrap().cold), (vec!["4".to_owned()], true));
    request.max_age = Some(Duration::ZERO);
    stage.runtime.advance(Duration::from_millis(1));
    assert_eq!(stage.ask(request.clone()).await.unwrap().rows, ["4"]);
    assert_eq!(stage.events.count("finished:refresh:x"), 2);
    // A refresh that fails fails whoever waits for it, and nobody else.
    *stage.source.fails.lock().unwrap() =
        Some(Error::new(ErrorCode::SourceUnavailable, "down; try later"));
    stage.runtime.advance(Duration::from_secs(5));
    assert_eq!(stage.ask(request).await.unwrap_err().code, ErrorCode::SourceUnavailable);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["4"]);
}

#[tokio::test]
async fn a_tenant_that_is_no_longer_listed_goes_at_its_next_refresh() {
    let catalog = format!(
        "tenants = {{ collection = \"customers\", key = \"_id\" }}\n{}",
        crate::stage::CATALOG
    );
    let stage = stage_with(&catalog, settings()).await;
    *stage.source.tenants.lock().unwrap() = Some(vec!["x".to_owned()]);
    stage.populate("x", 3);
    assert_eq!(stage.rows("x", "SELECT count(*) FROM a").await, ["3"]);
    *stage.source.tenants.lock().unwrap() = Some(Vec::new());
    stage.runtime.advance(Duration::from_secs(61));
    stage.rows("x", "SELECT count(*) FROM a").await;
    stage.events.saw("closed:x", 1).await;
    assert_eq!(stage.events.count("closing:unlisted:x"), 1);
    let error = stage.query("x", "SELECT count(*) FROM a").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TenantNotFound);
}
