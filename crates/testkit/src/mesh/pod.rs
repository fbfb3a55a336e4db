//! One pod: its process on an address of its own, its probes, its end, and what the cluster is told
//! of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::clock::now;
use super::part::{Part, Signal};
use super::probe::{Probe, Verdict, port};
use super::{Api, LOOK, NAMESPACE, template};

/// How long a container that ended waits for its next start.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What the agent and tests tell a pod, and what it tells them.
#[derive(Debug, Default)]
pub(super) struct Order {
    leaving: AtomicBool,
    at_once: AtomicBool,
    grace_seconds: AtomicU64,
    pid: AtomicU32,
    address: AtomicU8,
}

impl Order {
    /// Leave within so many seconds.
    pub(super) fn leave(&self, grace_seconds: u64) {
        self.grace_seconds.store(grace_seconds, Ordering::Relaxed);
        self.leaving.store(true, Ordering::Release);
    }

    /// Leave now: the mesh ends.
    pub(super) fn end_now(&self) {
        self.at_once.store(true, Ordering::Relaxed);
        self.leave(0);
    }

    /// Its process, while it has one.
    pub(super) fn pid(&self) -> Option<u32> {
        match self.pid.load(Ordering::Relaxed) {
            0 => None,
            pid => Some(pid),
        }
    }

    pub(super) fn address(&self) -> u8 {
        self.address.load(Ordering::Relaxed)
    }

    pub(super) fn set_address(&self, address: u8) {
        self.address.store(address, Ordering::Relaxed);
    }

    fn leaves(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }
}

/// A pod about to run.
pub(super) struct Pod {
    pub(super) api: Api,
    pub(super) program: PathBuf,
    pub(super) pod: Value,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) order: Arc<Order>,
}

/// Why a process is not there any more.
enum Gone {
    Ended,
    Left,
}

impl Pod {
    /// Runs it to its end.
    pub(super) fn run(self) {
        self.address("add");
        let folder = tempfile::Builder::new().prefix("litevisor-pod-").tempdir().expect("a folder");
        let mut restarts = 0;
        while let Gone::Ended = self.run_once(&folder, restarts) {
            restarts += 1;
            self.tell(false, restarts, "Waiting");
            let ended = now();
            while ended.elapsed() < RESTART_AFTER && !self.order.leaves() {
                std::thread::sleep(LOOK);
            }
            if self.order.leaves() {
                break;
            }
        }
        self.address("del");
        if !self.order.at_once.load(Ordering::Relaxed) {
            self.delete();
        }
    }

    fn run_once(&self, folder: &TempDir, restarts: u32) -> Gone {
        let mut part = match self.start(folder.path()) {
            Ok(part) => part,
            // As the kubelet's `CreateContainerConfigError`: what is missing may come.
            Err(why) => {
                self.tell(false, restarts, &why);
                return Gone::Ended;
            }
        };
        self.order.pid.store(part.pid(), Ordering::Relaxed);
        self.tell(false, restarts, "");
        let gone = self.watch(&mut part, restarts);
        self.order.pid.store(0, Ordering::Relaxed);
        gone
    }

    fn watch(&self, part: &mut Part, restarts: u32) -> Gone {
        let container = &self.pod["spec"]["containers"][0];
        let readiness = Probe::read(container, "readinessProbe");
        let liveness = Probe::read(container, "livenessProbe");
        let mut ready = Verdict::new(readiness.is_none());
        let mut alive = Verdict::new(true);
        let mut looked = [now(); 2];
        loop {
            if self.order.leaves() {
                self.leave(part);
                return Gone::Left;
            }
            if part.ended().is_some() {
                return Gone::Ended;
            }
            // The first look is soon, later ones at the probe's period.
            if let Some(probe) = &readiness
                && (!ready.passed || looked[0].elapsed() >= probe.period())
            {
                looked[0] = now();
                if ready.look(probe.holds(&self.address), probe) {
                    self.tell(ready.passed, restarts, "");
                }
            }
            if let Some(probe) = &liveness
                && looked[1].elapsed() >= probe.period()
            {
                looked[1] = now();
                if alive.look(probe.holds(&self.address), probe) && !alive.passed {
                    part.kill();
                    return Gone::Ended;
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    /// The hook, then the signal, then force, as the kubelet does: all within the grace period.
    fn leave(&self, part: &mut Part) {
        let start = now();
        let grace = Duration::from_secs(self.order.grace_seconds.load(Ordering::Relaxed));
        let hook = &self.pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"];
        let hook = Duration::from_secs(hook.as_u64().unwrap_or(0)).min(grace);
        while start.elapsed() < hook && part.ended().is_none() {
            std::thread::sleep(LOOK);
        }
        Signal::Term.send(part.pid());
        while start.elapsed() < grace && part.ended().is_none() {
            std::thread::sleep(LOOK);
        }
        part.kill();
    }

    fn start(&self, folder: &Path) -> Result<Part, String> {
        let asked = template::container(&self.api, &self.pod, &self.address, folder)?;
        let container = &self.pod["spec"]["containers"][0];
        let listen = |name: &str| {
            let port = port(container, &json!(name)).ok_or(format!("no port named {name}"))?;
            Ok::<_, String>(format!("{}:{port}", self.address))
        };
        let (http, admin, peers) = (listen("http")?, listen("admin")?, listen("peers").ok());
        Ok(Part::start(&self.program.to_string_lossy(), folder, |command| {
            command.env_clear().args(&asked.arguments).envs(&asked.environment);
            if self.pod["spec"]["enableServiceLinks"] != json!(false) {
                command.env("LITEVISOR_PORT", "tcp://10.96.0.1:8080");
            }
            // Pods share a network here: each takes its ports on its own address only.
            if let Some(peers) = peers {
                command.env("LITEVISOR__PEERS__LISTEN", peers);
            }
            command
                .env("LITEVISOR__HTTP__LISTEN", http)
                .env("LITEVISOR__HTTP__ADMIN_LISTEN", admin);
        }))
    }

    fn address(&self, what: &str) {
        let address = format!("{}/32", self.address);
        // An address that is there already, or gone already, is as wanted.
        let _ = Command::new("ip").args(["addr", what, &address, "dev", "lo"]).output();
    }

    /// Tells the cluster how it is. While that cannot be reached, the next change tells it.
    fn tell(&self, ready: bool, restarts: u32, waiting: &str) {
        let truth = |yes: bool| if yes { "True" } else { "False" };
        let condition = |kind: &str, yes: bool| json!({"type": kind, "status": truth(yes)});
        let state = match waiting {
            "" => json!({"running": {}}),
            why => json!({"waiting": {"reason": "Waiting", "message": why}}),
        };
        let status = json!({"status": {
            "phase": "Running", "podIP": self.address, "podIPs": [{"ip": self.address}],
            "hostIP": "10.9.0.1",
            "conditions": [
                condition("PodScheduled", true), condition("Initialized", true),
                condition("ContainersReady", ready), condition("Ready", ready),
            ],
            "containerStatuses": [{
                "name": self.pod["spec"]["containers"][0]["name"], "ready": ready, "image": "local",
                "imageID": "local", "restartCount": restarts, "started": waiting.is_empty(), "state": state,
            }],
        }});
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{}/status", self.name);
        let told = now();
        while let Err(why) = self.api.patch(&path, &status) {
            // A pod that is gone needs no status; an API that is gone may come back.
            if why.starts_with("404")
                || self.order.at_once.load(Ordering::Relaxed)
                || told.elapsed() > super::PATIENCE
            {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }

    fn delete(&self) {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{}", self.name);
        let start = now();
        while let Err(why) = self.api.delete(&path) {
            if why.starts_with("404") || start.elapsed() > super::PATIENCE {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}
