//! What every scenario begins with: a mongod with all tenants, the mesh with our manifests, a
//! gateway.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use bson::doc;
use serde_json::Value;
use testkit::mesh::{Gateway, Mesh, helm_template, until};
use testkit::mongod::{Kind, Mongod};

use super::load::{self, ROWS, TENANTS};
pub use super::watch::{CLUSTER, DOCUMENTS, GATEWAY};
use super::watch::{Replica, Watch};

pub const MANIFESTS: &str = include_str!("manifests.yaml");

/// As in the manifests.
const OPERATOR: &str = "Bearer a-token-of-the-mesh-s-operator-32";

/// What stands in for whoever keeps an operator's secrets.
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: fleet}\nstringData: {uri: \"@URI@\", \
    token: a-token-of-the-mesh-s-operator-32, peer-secret: what-all-replicas-of-the-mesh-know}\n---";

/// Has the gateway say in each answer which pod gave it.
const WHO_ANSWERS: &str = r#"[{"op": "add", "path": "/spec/http/0/headers", "value":
    {"response": {"set": {"answered-by": "%UPSTREAM_REMOTE_ADDRESS%"}}}}]"#;

/// A mesh that serves all tenants. Dropping it ends all.
pub struct World {
    pub gateway: Gateway,
    pub mesh: Mesh,
    pub mongod: Mongod,
}

/// What replicas know of a tenant: which have it, and which of those was asked for it last.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// Live there.
    pub live: Vec<String>,
    /// Who was asked since the moment given, the last one first.
    pub asked: Vec<String>,
    /// How many seconds ago.
    idle: Vec<f64>,
}

impl World {
    pub fn start() -> World {
        World::with_settings(&[])
    }

    /// A world whose replicas hand nothing over: who moves is read again.
    pub fn without_hand_over() -> World {
        let kept = MANIFESTS.lines().filter(|line| !line.ends_with("# hand-over"));
        World::of(&kept.collect::<Vec<_>>().join("\n"), &[])
    }

    /// A world whose replicas have these settings besides.
    pub fn with_settings(settings: &[(&str, &str)]) -> World {
        World::of(MANIFESTS, settings)
    }

    fn of(text: &str, settings: &[(&str, &str)]) -> World {
        let mongod = Mongod::start(Kind::ReplicaSet);
        fill(&mongod);
        let uri = mongod.uri().to_owned();
        World::running(mongod, &manifests(text, &uri, settings))
    }

    /// A world of what our chart makes of these values, with MongoDB's address as the chart wants it.
    pub fn of_chart(values: &str) -> World {
        let mongod = Mongod::start(Kind::ReplicaSet);
        fill(&mongod);
        let made = chart(values);
        let secret = SECRET.replace("@URI@", mongod.uri());
        World::running(mongod, &format!("{secret}\n{made}"))
    }

    fn running(mongod: Mongod, manifests: &str) -> World {
        let mesh = Mesh::start(Path::new(env!("CARGO_BIN_EXE_litevisor")));
        mesh.apply(manifests);
        mesh.kubectl(&["patch", "virtualservice/litevisor", "--type=json", "-p", WHO_ANSWERS]);
        let gateway = Gateway::start(0, "zone-a");
        let world = World { gateway, mesh, mongod };
        world.until_serving(3);
        world
    }

    /// Sets the number of replicas.
    pub fn scale(&self, replicas: usize) {
        self.mesh.kubectl(&["scale", "deployment/litevisor", &format!("--replicas={replicas}")]);
    }

    /// Waits until so many pods are ready, no other is there, and the gateway knows just them.
    pub fn until_serving(&self, replicas: usize) {
        until(&format!("{replicas} replicas behind the gateway"), || {
            self.mesh.pods("app=litevisor").len() == replicas
                && self.replicas().len() == replicas
                && self.gateway.healthy_endpoints(CLUSTER) == replicas
        });
        let agent = load::agent();
        until("an answer through the gateway", || load::ask(&agent, GATEWAY, 0).is_ok());
    }

    /// Pods that are ready.
    pub fn replicas(&self) -> Vec<Replica> {
        self.watch().replicas()
    }

    /// Who looks at the world, apart from who owns it.
    pub fn watch(&self) -> Watch {
        Watch { api: self.mesh.api().clone(), gateway: self.gateway.admin() }
    }

    /// How often containers started again.
    pub fn restarts(&self) -> u64 {
        let count = |pod: &Value| pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
        self.mesh.pods("app=litevisor").iter().filter_map(count).sum()
    }

    /// Asks for every tenant once through the gateway, and sees who was asked.
    pub fn owners(&self) -> BTreeMap<String, String> {
        let start = load::now();
        load::round(GATEWAY).expect_no_failure();
        let holders = self.holders(start);
        assert_eq!(holders.len(), TENANTS);
        let owner = |(tenant, holders): (String, Holders)| {
            // Of a load beside it, a query may have gone by the old ways until a moment ago.
            let last = holders.asked.into_iter().next();
            let last = last.unwrap_or_else(|| panic!("{tenant} was asked of nobody"));
            (tenant, last)
        };
        holders.into_iter().map(owner).collect()
    }

    /// Who holds which tenant, and who was asked for it since `start`.
    pub fn holders(&self, start: Instant) -> BTreeMap<String, Holders> {
        let mut holders: BTreeMap<String, Holders> = BTreeMap::new();
        for replica in self.replicas() {
            let url = format!("http://{}:8081/v1/tenants", replica.address);
            let answer = load::agent().get(url).header("Authorization", OPERATOR).call();
            let mut answer = answer.unwrap_or_else(|error| panic!("{}: {error}", replica.name));
            let text = answer.body_mut().read_to_string().expect("text");
            assert_eq!(answer.status(), 200, "{text}");
            let seconds = start.elapsed().as_secs_f64();
            let view: Value = serde_json::from_str(&text).expect("JSON");
            for slot in view["tenants"].as_array().expect("slots") {
                let (Some(tenant), "live") =
                    (slot["tenant"].as_str(), slot["state"].as_str().unwrap_or_default())
                else {
                    continue;
                };
                let known = holders.entry(tenant.to_owned()).or_default();
                known.live.push(replica.name.clone());
                if let Some(idle) = slot["idle_seconds"].as_f64().filter(|idle| *idle <= seconds) {
                    let at = known.idle.partition_point(|other| *other < idle);
                    known.idle.insert(at, idle);
                    known.asked.insert(at, replica.name.clone());
                }
            }
        }
        holders
    }

    /// A counter, by replica.
    pub fn counter(&self, name: &str) -> BTreeMap<String, u64> {
        self.watch().counter(name)
    }
}

/// How much counters have grown since; a replica that is new began at zero.
pub fn growth(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> u64 {
    after.iter().map(|(name, value)| value - before.get(name).copied().unwrap_or(0)).sum()
}

/// What our chart makes of these values.
pub fn chart(values: &str) -> String {
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/helm/litevisor");
    helm_template("litevisor", &chart, values).expect("our chart takes the values")
}

/// What the cluster is told to run: reading from `uri`, with these settings besides.
pub fn manifests(text: &str, uri: &str, settings: &[(&str, &str)]) -> String {
    let variable = |(key, value): &(&str, &str)| {
        let name = format!("LITEVISOR__{}", key.to_uppercase().replace('.', "__"));
        format!("{{name: {name}, value: \"{value}\"}}")
    };
    let variables: Vec<String> = settings.iter().map(variable).collect();
    text.replace("@URI@", uri).replace("env: []", &format!("env: [{}]", variables.join(", ")))
}

fn fill(mongod: &Mongod) {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(async {
        let mut id = 0;
        let mut documents = Vec::new();
        for number in 0..TENANTS {
            for row in 0..ROWS {
                id += 1;
                let customer = load::tenant(number);
                documents.push(
                    doc! { "_id": id, "customer": customer, "pages": load::pages(number, row) },
                );
            }
        }
        mongod.insert("fleet", "reads", &documents).await;
        let customers: Vec<_> =
            (0..TENANTS).map(|number| doc! { "_id": load::tenant(number) }).collect();
        mongod.insert("fleet", "customers", &customers).await;
        let index = doc! { "createIndexes": "reads",
        "indexes": [{ "key": { "customer": 1, "_id": 1 }, "name": "customer_1__id_1" }] };
        let client = mongod.client().await;
        client.database("fleet").run_command(index).await.expect("an index");
    });
}
