//! A probe as the kubelet makes it: thresholds, pure; and the one look over HTTP.

use std::time::Duration;

use serde_json::Value;

/// A probe's settings.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    path: String,
    port: u16,
    period: Duration,
    timeout: Duration,
    success_threshold: u32,
    failure_threshold: u32,
}

impl Probe {
    /// Reads `readinessProbe` and the like of `container`; `None` where there is none.
    pub(super) fn read(container: &Value, name: &str) -> Option<Probe> {
        let probe = container.get(name)?;
        let http = &probe["httpGet"];
        let port = port(container, &http["port"])?;
        let number = |key: &str, otherwise: u64| probe[key].as_u64().unwrap_or(otherwise);
        let seconds = |key, otherwise| Duration::from_secs(number(key, otherwise));
        let times = |key, otherwise| u32::try_from(number(key, otherwise)).unwrap_or(u32::MAX);
        Some(Probe {
            path: http["path"].as_str().unwrap_or("/").to_owned(),
            port,
            period: seconds("periodSeconds", 10),
            timeout: seconds("timeoutSeconds", 1),
            success_threshold: times("successThreshold", 1),
            failure_threshold: times("failureThreshold", 3),
        })
    }

    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Asks once.
    pub(super) fn holds(&self, address: &str) -> bool {
        let config = ureq::Agent::config_builder().timeout_global(Some(self.timeout)).build();
        let agent: ureq::Agent = config.into();
        agent.get(format!("http://{address}:{}{}", self.port, self.path)).call().is_ok()
    }
}

/// A port by number, or by its name in the container.
pub(super) fn port(container: &Value, port: &Value) -> Option<u16> {
    let number = match port.as_str() {
        Some(name) => {
            let ports = container["ports"].as_array()?;
            ports.iter().find(|port| port["name"] == name)?["containerPort"].as_u64()
        }
        None => port.as_u64(),
    };
    u16::try_from(number?).ok()
}

/// What a row of looks amounts to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    /// Whether the probe counts as passed.
    pub(super) passed: bool,
    in_a_row: u32,
}

impl Verdict {
    pub(super) fn new(passed: bool) -> Verdict {
        Verdict { passed, in_a_row: 0 }
    }

    /// After one more look; whether that changed it.
    pub(super) fn look(&mut self, held: bool, probe: &Probe) -> bool {
        if held == self.passed {
            self.in_a_row = 0;
            return false;
        }
        self.in_a_row += 1;
        let threshold = if held { probe.success_threshold } else { probe.failure_threshold };
        let changed = self.in_a_row >= threshold;
        if changed {
            *self = Verdict::new(held);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Probe, Verdict};

    #[test]
    fn a_verdict_changes_at_its_threshold_of_looks_in_a_row() {
        let container = json!({
            "ports": [{"name": "admin", "containerPort": 8081}],
            "readinessProbe": {
                "httpGet": {"path": "/readyz", "port": "admin"},
                "successThreshold": 1, "failureThreshold": 2,
            },
        });
        let probe = Probe::read(&container, "readinessProbe").expect("a probe");
        assert_eq!((probe.port, probe.period.as_secs()), (8081, 10));
        let mut verdict = Verdict::new(false);
        let looks = [false, true, false, true, false, false, false, true];
        let changes: Vec<bool> = looks.iter().map(|held| verdict.look(*held, &probe)).collect();
        assert_eq!(changes, [false, true, false, false, false, true, false, true]);
        assert!(verdict.passed);
        assert!(Probe::read(&container, "livenessProbe").is_none());
    }
}
