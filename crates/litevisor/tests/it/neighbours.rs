//! Tenants beside one another: heavy queries take turns, and all answers stay right.

use crate::harness::{TestApp, poll};

/// Some hundred milliseconds of work, and what comes of it.
const HEAVY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) \
                     SELECT sum(i % 7), (SELECT count(*) FROM devices) FROM n";
const LIGHT: &str = "SELECT count(*) FROM devices WHERE pages >= 0";

fn metric(app: &TestApp, name: &str) -> f64 {
    let text = app.admin_get("/metrics").text();
    let line = text.lines().find(|line| line.starts_with(name)).expect("the metric");
    line.rsplit(' ').next().expect("a value").parse().expect("a number")
}

#[test]
fn heavy_queries_take_turns_and_light_ones_need_none() {
    let app = TestApp::start(&[]).ready();
    assert_eq!(app.sql("acme", LIGHT).rows(), serde_json::json!([[200]]));
    assert_eq!(app.sql("tiny", LIGHT).status, 200);
    // More than there are cores, so that some must wait for turns.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let heavy: Vec<_> = (0..cores + 3)
            .map(|n| {
                let app = &app;
                let (tenant, devices) = if n % 2 == 0 { ("acme", 200) } else { ("tiny", 1) };
                scope.spawn(move || {
                    let rows = app.sql(tenant, HEAVY).rows();
                    assert_eq!(rows, serde_json::json!([[1_200_003, devices]]));
                })
            })
            .collect();
        while heavy.iter().any(|thread| !thread.is_finished()) {
            assert_eq!(app.sql("acme", LIGHT).rows(), serde_json::json!([[200]]));
        }
    });
    assert!(metric(&app, "litevisor_cpu_turn_wait_seconds_total{lane=\"interactive\"}") > 0.0);
    poll("all turns to be given back", || {
        metric(&app, "litevisor_queries_under_way{phase=\"turn\"}") == 0.0
    });
}
