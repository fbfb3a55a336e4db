//! The node agent: a small kubelet. It places the pods of our namespace on two nodes in two zones
//! and runs a process for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::names::{Names, selected};
use super::part::Signal;
use super::pod::{Order, Pod};
use super::{Api, LOOK, NAMESPACE};

/// The nodes and their zones.
const NODES: [(&str, &str); 2] = [("node-a", "zone-a"), ("node-b", "zone-b")];

/// Looks between two at the Services' names, at least.
const LOOKS_PER_NAMES: u32 = 20;

/// The first pod's address is 10.9.0.2.
const FIRST_ADDRESS: u8 = 2;

/// The agent. Dropping it ends all pods at once.
pub struct NodeAgent {
    shared: Arc<Shared>,
    loop_: Option<JoinHandle<()>>,
}

struct Shared {
    api: Api,
    program: PathBuf,
    stopping: AtomicBool,
    pods: Mutex<BTreeMap<String, Running>>,
}

/// A pod that has a process.
struct Running {
    name: String,
    /// Its label `app`, by which Services select it.
    app: String,
    order: Arc<Order>,
    thread: JoinHandle<()>,
}

impl NodeAgent {
    pub(super) fn start(api: Api, program: &Path) -> NodeAgent {
        for (name, zone) in NODES {
            let node = json!({
                "apiVersion": "v1", "kind": "Node",
                "metadata": {"name": name, "labels": {
                    "kubernetes.io/hostname": name, "topology.kubernetes.io/region": "local",
                    "topology.kubernetes.io/zone": zone,
                }},
            });
            api.post("/api/v1/nodes", &node).expect("a node");
        }
        let shared = Arc::new(Shared {
            api,
            program: program.to_owned(),
            stopping: AtomicBool::new(false),
            pods: Mutex::default(),
        });
        let looking = Arc::clone(&shared);
        let loop_ = std::thread::Builder::new()
            .name("node-agent".to_owned())
            .spawn(move || looking.run())
            .expect("a thread");
        NodeAgent { shared, loop_: Some(loop_) }
    }

    /// Sends a signal to the process of the pod of this name; whether it has one.
    pub fn signal(&self, pod: &str, signal: Signal) -> bool {
        let pods = self.shared.lock();
        let pid = pods
            .values()
            .find(|running| running.name == pod)
            .and_then(|running| running.order.pid());
        if let Some(pid) = pid {
            signal.send(pid);
        }
        pid.is_some()
    }
}

impl Drop for NodeAgent {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        if let Some(loop_) = self.loop_.take() {
            let _ = loop_.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let (mut placed, mut names, mut looks) = (0, Names::mount(), 0_u32);
        let mut told = Vec::new();
        while !self.stopping.load(Ordering::Relaxed) {
            let list = self.api.get(&format!("/api/v1/namespaces/{NAMESPACE}/pods"));
            // The API may be down on purpose: what runs goes on running.
            for pod in
                list.ok().as_ref().and_then(|list| list["items"].as_array()).into_iter().flatten()
            {
                self.see(pod, &mut placed);
            }
            self.lock().retain(|_, running| !running.thread.is_finished());
            let pods = self.addresses();
            // Services may come after their pods.
            if pods != told || looks.is_multiple_of(LOOKS_PER_NAMES) {
                names.tell(&self.api, &pods);
                told = pods;
            }
            looks = looks.wrapping_add(1);
            std::thread::sleep(LOOK);
        }
        let pods = std::mem::take(&mut *self.lock());
        for running in pods.values() {
            running.order.end_now();
        }
        for (_, running) in pods {
            let _ = running.thread.join();
        }
    }

    /// Who runs where.
    fn addresses(&self) -> Vec<(String, String)> {
        let pods = self.lock();
        let of = |running: &Running| {
            (running.app.clone(), format!("10.9.0.{}", running.order.address()))
        };
        let mut addresses: Vec<_> = pods.values().map(of).collect();
        addresses.sort();
        addresses
    }

    fn see(&self, pod: &Value, placed: &mut usize) {
        let metadata = &pod["metadata"];
        let (Some(uid), Some(name)) = (metadata["uid"].as_str(), metadata["name"].as_str()) else {
            return;
        };
        let leaving = metadata["deletionTimestamp"].is_string();
        let mut pods = self.lock();
        if let Some(running) = pods.get(uid) {
            if leaving {
                running.order.leave(metadata["deletionGracePeriodSeconds"].as_u64().unwrap_or(30));
            }
            return;
        }
        if leaving {
            // It never ran here.
            let _ = self.api.delete(&format!("/api/v1/namespaces/{NAMESPACE}/pods/{name}"));
            return;
        }
        if pod["spec"]["nodeName"].is_null() {
            let binding = json!({
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                "target": {"apiVersion": "v1", "kind": "Node", "name": NODES[*placed % NODES.len()].0},
            });
            *placed += 1;
            let _ = self
                .api
                .post(&format!("/api/v1/namespaces/{NAMESPACE}/pods/{name}/binding"), &binding);
            return;
        }
        let order = Arc::new(Order::default());
        let address = free_address(pods.values().map(|running| running.order.address()));
        order.set_address(address);
        let worker = Pod {
            api: self.api.clone(),
            program: self.program.clone(),
            pod: pod.clone(),
            name: name.to_owned(),
            address: format!("10.9.0.{address}"),
            order: Arc::clone(&order),
        };
        let thread = std::thread::Builder::new()
            .name(format!("pod-{name}"))
            .spawn(move || worker.run())
            .expect("a thread");
        pods.insert(
            uid.to_owned(),
            Running { name: name.to_owned(), app: selected(&metadata["labels"]), order, thread },
        );
    }
}

/// The last byte of an address that no pod has. It is not one that a pod had a moment ago where
/// there is another: proxies may still know that one.
fn free_address(taken: impl Iterator<Item = u8>) -> u8 {
    static NEXT: Mutex<u8> = Mutex::new(FIRST_ADDRESS);
    let taken: Vec<u8> = taken.collect();
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let address = *next;
        *next = next.checked_add(1).filter(|next| *next < u8::MAX).unwrap_or(FIRST_ADDRESS);
        if !taken.contains(&address) {
            return address;
        }
    }
}
