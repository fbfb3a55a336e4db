//! What is seen of a mesh from outside, by whoever does not own it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use testkit::mesh::{Admin, Api};
use ureq::Agent;

/// Documents that a replica read from the source.
pub const DOCUMENTS: &str = "litevisor_loaded_documents_total";

/// Where every gateway listens: `Gateway` in the manifests.
pub const GATEWAY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 18_080);

/// How Envoy names the pods behind our service.
pub const CLUSTER: &str = "outbound|8080||litevisor.default.svc.cluster.local";

/// How long a replica may take to tell its counters: one that hangs tells none.
const COUNTERS_MAX: Duration = Duration::from_secs(2);

/// A pod that is ready.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replica {
    pub name: String,
    pub address: String,
}

/// Looks at a mesh.
#[derive(Clone, Debug)]
pub struct Watch {
    pub api: Api,
    pub gateway: Admin,
}

impl Watch {
    /// Pods that are ready.
    pub fn replicas(&self) -> Vec<Replica> {
        let ready = |pod: &Value| {
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            pod["metadata"]["deletionTimestamp"].is_null()
                && conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
        };
        let pods = self.api.pods("app=litevisor");
        let replicas = pods.iter().filter(|pod| ready(pod)).map(|pod| Replica {
            name: pod["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            address: pod["status"]["podIP"].as_str().unwrap_or_default().to_owned(),
        });
        let mut replicas: Vec<Replica> = replicas.collect();
        replicas.sort();
        replicas
    }

    /// Endpoints that the gateway sends requests to.
    pub fn in_rotation(&self) -> usize {
        self.gateway.healthy_endpoints(CLUSTER)
    }

    /// A counter, by replica that tells it.
    pub fn counter(&self, name: &str) -> BTreeMap<String, u64> {
        let agent: Agent =
            Agent::config_builder().timeout_global(Some(COUNTERS_MAX)).build().into();
        let read = |replica: Replica| {
            let url = format!("http://{}:8081/metrics", replica.address);
            let text = agent.get(url).call().ok()?.body_mut().read_to_string().ok()?;
            let mut values = text.lines().filter_map(|line| line.strip_prefix(name));
            let value = values.find_map(|value| value.strip_prefix(' ')?.parse().ok());
            Some((replica.name, value.unwrap_or(0)))
        };
        self.replicas().into_iter().filter_map(read).collect()
    }
}
