//! The cluster's API, over `kubectl proxy`: plain HTTP on loopback, with the administrator's
//! rights.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use super::NAMESPACE;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    agent: Agent,
    base: String,
}

impl Api {
    pub(super) fn new(port: u16) -> Api {
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER_MAX))
            .http_status_as_error(false)
            .build();
        Api { agent: config.into(), base: format!("http://127.0.0.1:{port}") }
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// No answer, or another status than 200.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        read(self.agent.get(format!("{}{path}", self.base)).call())
    }

    /// Pods with this label.
    pub fn pods(&self, label: &str) -> Vec<Value> {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods?labelSelector={label}");
        match self.get(&path) {
            Ok(list) => list["items"].as_array().cloned().unwrap_or_default(),
            // The API may be harmed on purpose.
            Err(_) => Vec::new(),
        }
    }

    /// Creates something.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, String> {
        let request = self.agent.post(format!("{}{path}", self.base));
        read(request.content_type("application/json").send(object.to_string()))
    }

    /// Merges `change` into something.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn patch(&self, path: &str, change: &Value) -> Result<Value, String> {
        let request = self.agent.patch(format!("{}{path}", self.base));
        read(request.content_type("application/merge-patch+json").send(change.to_string()))
    }

    /// Deletes something at once.
    ///
    /// # Errors
    /// No answer, or a refusal.
    pub fn delete(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}?gracePeriodSeconds=0", self.base);
        read(self.agent.delete(url).call())
    }
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let mut answer = answer.map_err(|error| error.to_string())?;
    let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("{}: {text}", answer.status()));
    }
    serde_json::from_str(&text).map_err(|error| error.to_string())
}
