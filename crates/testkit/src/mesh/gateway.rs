//! Envoy as Istio's ingress gateway: its whole configuration comes from istiod.

use std::fs;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::part::Part;
use super::until;

/// A gateway. Dropping it ends it.
pub struct Gateway {
    part: Part,
    admin: SocketAddr,
    _folder: TempDir,
}

impl Gateway {
    /// Joins the mesh as the gateway of this number (from 0), in `zone`; returns once Envoy answers.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(number: u16, zone: &str) -> Gateway {
        let folder =
            tempfile::Builder::new().prefix("litevisor-envoy-").tempdir().expect("a folder");
        let admin: SocketAddr = ([127, 0, 0, 1], 16_100 + number).into();
        let file = folder.path().join("gateway.json");
        fs::write(&file, bootstrap(number, zone, admin).to_string()).expect("written");
        let mut part = Part::start("envoy", folder.path(), |command| {
            command.arg("-c").arg(&file).args(["--concurrency", "1", "--log-level", "warning"]);
            command.args(["--base-id", &(11 + number).to_string()]);
        });
        until("Envoy", || {
            let ended = part.ended();
            assert_eq!(ended, None, "{}", part.last_words());
            ureq::get(format!("http://{admin}/server_info")).call().is_ok()
        });
        Gateway { part, admin, _folder: folder }
    }

    /// Its configuration as it has it now.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn config(&self) -> Value {
        let mut answer = ureq::get(format!("http://{}/config_dump?include_eds", self.admin))
            .call()
            .unwrap_or_else(|error| panic!("Envoy: {error}: {}", self.part.last_words()));
        let bytes = answer.body_mut().with_config().limit(64 << 20).read_to_vec().expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Its counters and gauges whose names match the regular expression, a line each.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn stats(&self, filter: &str) -> String {
        let url = format!("http://{}/stats?filter={filter}", self.admin);
        ureq::get(url).call().expect("Envoy answers").body_mut().read_to_string().expect("text")
    }

    /// Endpoints of the cluster `name` that it sends requests to.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn healthy_endpoints(&self, name: &str) -> usize {
        self.admin().healthy_endpoints(name)
    }

    /// Who looks at it, apart from who owns it.
    pub fn admin(&self) -> Admin {
        Admin(self.admin)
    }
}

/// A gateway's admin listener.
#[derive(Clone, Copy, Debug)]
pub struct Admin(SocketAddr);

impl Admin {
    /// As [`Gateway::healthy_endpoints`].
    ///
    /// # Panics
    /// If it does not answer.
    pub fn healthy_endpoints(self, name: &str) -> usize {
        let url = format!("http://{}/clusters", self.0);
        let text = ureq::get(url).call().expect("Envoy answers").body_mut().read_to_string();
        text.expect("text")
            .lines()
            .filter(|line| line.starts_with(name) && line.ends_with("health_flags::healthy"))
            .count()
    }
}

fn bootstrap(number: u16, zone: &str, admin: SocketAddr) -> Value {
    let address =
        |host: &str, port: u16| json!({"socket_address": {"address": host, "port_value": port}});
    // Istio reads a gateway's zone from its locality.
    json!({
        "node": {
            "id": format!("router~127.0.0.1~gateway-{number}.default~default.svc.cluster.local"),
            "cluster": "gateway",
            "locality": {"region": "local", "zone": zone},
            "metadata": {
                "NAMESPACE": "default", "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0",
                "LABELS": {"istio": "ingressgateway"},
            },
        },
        "admin": {"address": address("127.0.0.1", admin.port())},
        "dynamic_resources": {
            "lds_config": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"},
            "cds_config": {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"},
            "ads_config": {
                "api_type": "GRPC", "transport_api_version": "V3",
                "set_node_on_first_message_only": true,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
            },
        },
        "static_resources": {"clusters": [{
            "name": "xds", "type": "STATIC", "connect_timeout": "1s",
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": {"http2_protocol_options": {}},
                },
            },
            "load_assignment": {"cluster_name": "xds", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": address("127.0.0.1", 16_010)}},
            ]}]},
        }]},
    })
}
