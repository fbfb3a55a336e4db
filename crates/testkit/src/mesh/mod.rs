//! A real mesh on one machine: etcd, kube-apiserver, kube-controller-manager, istiod and Envoy,
//! and a node agent that runs the pods as processes. It needs a network namespace of its own (pods
//! have addresses of their own there, and nothing can leave it): `.ci/in-mesh` runs a program in
//! one.

mod api;
mod clock;
mod control_plane;
mod gateway;
mod names;
mod node;
mod part;
mod pod;
mod probe;
mod template;
mod timeline;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

pub use api::Api;
pub use gateway::{Admin, Gateway};
pub use node::NodeAgent;
pub use part::Signal;
pub use timeline::{Panel, Shape, Timeline};

use clock::now;
use control_plane::ControlPlane;

/// As in crates/testkit/parts/kubernetes: a helm built from source takes the cluster for an old one.
const KUBERNETES: &str = "1.36.3";

/// The namespace that everything of ours lives in.
pub const NAMESPACE: &str = "default";

/// How long a part may take until it answers: far beyond what any takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often something that changes by itself is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The control plane and the nodes. Dropping it ends every process of it.
pub struct Mesh {
    // In this order they end.
    node: NodeAgent,
    control_plane: ControlPlane,
}

impl Mesh {
    /// Starts all but gateways, which join with [`Gateway::start`]. `program` is run for each
    /// container instead of its image.
    ///
    /// # Panics
    /// If a part is missing or does not start; says what to do.
    pub fn start(program: &Path) -> Mesh {
        assert!(
            in_own_network(),
            "the mesh needs a network namespace of its own: run it by `make test-mesh`"
        );
        let control_plane = ControlPlane::start();
        let node = NodeAgent::start(control_plane.api().clone(), program);
        Mesh { node, control_plane }
    }

    /// The cluster's API.
    pub fn api(&self) -> &Api {
        self.control_plane.api()
    }

    /// The agent that runs the pods.
    pub fn node(&self) -> &NodeAgent {
        &self.node
    }

    /// The control plane's parts, to be harmed.
    pub fn signal(&self, part: ControlPart, signal: Signal) {
        self.control_plane.signal(part, signal);
    }

    /// Creates or changes what `manifests` (YAML) say.
    ///
    /// # Panics
    /// If the cluster refuses them: with its words.
    pub fn apply(&self, manifests: &str) {
        if let Err(refusal) = self.try_apply(manifests) {
            panic!("kubectl apply: {refusal}");
        }
    }

    /// As [`Mesh::apply`].
    ///
    /// # Errors
    /// The cluster's words.
    pub fn try_apply(&self, manifests: &str) -> Result<String, String> {
        self.control_plane
            .kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], manifests)
    }

    /// What the cluster would say to `manifests`, of which it takes nothing. A field that it does not
    /// know is refused, and so is what it warns of.
    ///
    /// # Errors
    /// The cluster's words.
    pub fn try_strictly(&self, manifests: &str) -> Result<String, String> {
        let strict = ["--validate=strict", "--warnings-as-errors", "--dry-run=server"];
        self.control_plane.kubectl(&[&["apply", "-f", "-"], &strict[..]].concat(), manifests)
    }

    /// `kubectl` with these arguments.
    ///
    /// # Panics
    /// If it fails: with its words.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.control_plane
            .kubectl(arguments, "")
            .unwrap_or_else(|words| panic!("kubectl {}: {words}", arguments.join(" ")))
    }

    /// Pods with this label, as the cluster has them.
    pub fn pods(&self, label: &str) -> Vec<Value> {
        self.api().pods(label)
    }
}

/// `istioctl` with these arguments and the path of a file that holds `manifests`: needs no mesh.
///
/// # Errors
/// Its words, where it finds fault.
///
/// # Panics
/// If there is no such program, or no place for the file.
pub fn istioctl(arguments: &[&str], manifests: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("manifests.yaml");
    std::fs::write(&file, manifests).expect("written");
    let mut command = Command::new(part::bin().join("istioctl"));
    said(command.args(arguments).arg(&file))
}

/// What `helm template` makes of the chart in `folder` with `values` (YAML), under this release's name.
///
/// # Errors
/// Its words, where it finds fault.
///
/// # Panics
/// If there is no such program, or no place for the values.
pub fn helm_template(release: &str, chart: &Path, values: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("values.yaml");
    std::fs::write(&file, values).expect("written");
    let mut command = Command::new(part::bin().join("helm"));
    command.args(["template", release, "--kube-version", KUBERNETES]);
    said(command.arg(chart).arg("--values").arg(&file))
}

/// What a program says: as an error, if it is not content.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().expect("a program among the parts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(text(&[output.stdout, output.stderr].concat()))
}

/// A part of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlPart {
    /// kube-apiserver.
    ApiServer,
    /// istiod.
    Istiod,
}

/// Looks until `holds`.
///
/// # Panics
/// If it does not for two minutes; says what was waited for.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(LOOK);
    }
}

/// Whether loopback is the only device there is.
fn in_own_network() -> bool {
    let devices = Command::new("ip").args(["-o", "link"]).output();
    devices.is_ok_and(|output| output.stdout.iter().filter(|byte| **byte == b'\n').count() == 1)
}
