//! The alerts, by Prometheus' own tool: each fires when it has a reason, and is quiet else.

use super::{run, text, top};

const ALERTS: &str = "deploy/helm/litevisor/files/alerts.yaml";
const TESTS: &str = "deploy/helm/litevisor/ci/alerts_test.yaml";

fn promtool(arguments: &[&str], file: &str) -> Result<String, String> {
    run("promtool", &[arguments, &[file]].concat())
}

#[test]
fn each_alert_fires_when_it_has_a_reason() {
    let tests = top().join(TESTS).display().to_string();
    promtool(&["test", "rules"], &tests).unwrap_or_else(|words| panic!("{words}"));
    // None is left out, on either side.
    for line in text(ALERTS).lines() {
        let Some(name) = line.trim().strip_prefix("- alert: ") else { continue };
        assert_eq!(text(TESTS).matches(&format!("alertname: {name}")).count(), 2, "{name}");
    }
}

#[test]
fn a_wrong_alert_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("alerts.yaml");
    let alerts = text(ALERTS);
    let check = |text: &str| {
        std::fs::write(&file, text).expect("written");
        promtool(&["check", "rules"], &file.display().to_string())
    };
    check(&alerts).unwrap_or_else(|words| panic!("{words}"));
    for (right, wrong) in [("rate(litevisor_shed", "rat(litevisor_shed"), ("alert:", "allert:")] {
        assert!(alerts.contains(right), "{right}");
        check(&alerts.replace(right, wrong)).expect_err("refused");
    }

    // One that asks for too little a reason.
    let eager = alerts.replace(
        "(rate(litevisor_refaults_total[10m])) > 0.2",
        "(rate(litevisor_refaults_total[10m])) > 0",
    );
    assert_ne!(eager, alerts);
    check(&eager).expect("well formed");
    let tests = text(TESTS).replace("../files/alerts.yaml", "alerts.yaml");
    let tests_file = folder.path().join("alerts_test.yaml");
    std::fs::write(&tests_file, tests).expect("written");
    let words = promtool(&["test", "rules"], &tests_file.display().to_string()).expect_err("eager");
    assert!(words.contains("LitevisorMemoryPressure"), "{words}");
}
