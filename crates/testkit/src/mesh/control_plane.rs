//! etcd, kube-apiserver, kube-controller-manager, `kubectl proxy`, istiod: started in this order,
//! each once what it asks answers.

use std::fs;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::part::{Part, Signal, bin};
use super::{Api, ControlPart, until};

const ETCD: &str = "http://127.0.0.1:23790";
const API_SERVER: &str = "https://127.0.0.1:16443";
const PROXY_PORT: u16 = 16001;
/// The administrator's bearer token, in a network that nobody else is in.
const TOKEN: &str = "local-administrator";
/// What of kube-controller-manager our objects need.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,endpointslice-controller,\
    horizontal-pod-autoscaler-controller,disruption-controller,garbage-collector-controller";

/// The plane. Dropping it ends all.
pub(super) struct ControlPlane {
    parts: Mutex<Parts>,
    api: Api,
    folder: TempDir,
}

/// In the order in which they end.
struct Parts {
    istiod: Part,
    _proxy: Part,
    _controllers: Part,
    api_server: Part,
    _etcd: Part,
}

impl ControlPlane {
    pub(super) fn start() -> ControlPlane {
        let folder =
            tempfile::Builder::new().prefix("litevisor-mesh-").tempdir().expect("a folder");
        let at = folder.path();
        write_files(at);
        let mut etcd = etcd(at);
        answers("etcd", &mut etcd, &format!("{ETCD}/health"));
        let mut api_server = api_server(at);
        until("kube-apiserver", || {
            check_alive(&mut api_server);
            run_kubectl(at, &["get", "--raw", "/readyz"], "").is_ok()
        });
        let kubeconfig = at.join("kubeconfig");
        let controllers = Part::start("kube-controller-manager", at, |command| {
            command.arg("--kubeconfig").arg(&kubeconfig);
            command.arg(format!("--controllers={CONTROLLERS}"));
            command.args(["--leader-elect=false", "--bind-address=127.0.0.1"]);
            command.args(["--secure-port=16257", "--concurrent-deployment-syncs=2"]);
        });
        let mut proxy = Part::start("kubectl", at, |command| {
            command.arg("--kubeconfig").arg(&kubeconfig).arg("proxy");
            command.arg(format!("--port={PROXY_PORT}"));
        });
        answers("kubectl proxy", &mut proxy, &format!("http://127.0.0.1:{PROXY_PORT}/readyz"));
        let crds = fs::read_to_string(bin().join("crd-all.gen.yaml")).expect("Istio's CRDs");
        run_kubectl(at, &["apply", "--server-side", "-f", "-"], &crds).expect("Istio's CRDs");
        for crd in ["virtualservices", "destinationrules", "gateways"] {
            let crd = format!("crd/{crd}.networking.istio.io");
            let wait = ["wait", "--for=condition=Established", "--timeout=60s", &crd];
            run_kubectl(at, &wait, "").expect("an established CRD");
        }
        let mut istiod = istiod(at);
        answers("istiod", &mut istiod, "http://127.0.0.1:16080/ready");
        let parts =
            Parts { istiod, _proxy: proxy, _controllers: controllers, api_server, _etcd: etcd };
        ControlPlane { parts: Mutex::new(parts), api: Api::new(PROXY_PORT), folder }
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    pub(super) fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        run_kubectl(self.folder.path(), arguments, input)
    }

    /// Ends a part with `Kill`, or starts it again with `Cont`.
    pub(super) fn signal(&self, part: ControlPart, signal: Signal) {
        let mut parts = self.lock();
        let at = self.folder.path();
        let (own, again): (&mut Part, fn(&Path) -> Part) = match part {
            ControlPart::Istiod => (&mut parts.istiod, istiod),
            ControlPart::ApiServer => (&mut parts.api_server, api_server),
        };
        match signal {
            Signal::Kill => own.kill(),
            Signal::Cont if own.ended().is_some() => *own = again(at),
            other => other.send(own.pid()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_files(at: &Path) {
    let write = |name: &str, text: &str| fs::write(at.join(name), text).expect("a file");
    write("tokens.csv", &format!("{TOKEN},admin,admin,\"system:masters\"\n"));
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: local\n  cluster:\n    server: {API_SERVER}\n    \
         insecure-skip-tls-verify: true\nusers:\n- name: admin\n  user:\n    token: {TOKEN}\n\
         contexts:\n- name: local\n  context: {{cluster: local, user: admin}}\ncurrent-context: local\n"
    );
    write("kubeconfig", &kubeconfig);
    write("mesh.yaml", MESH);
    // Tokens of service accounts are signed with it; we have none, but the server asks for it.
    let key = rcgen::KeyPair::generate().expect("a key");
    write("sa.key", &key.serialize_pem());
    write("sa.pub", &key.public_key_pem());
}

/// Nothing that this network does not have: no certificates, no telemetry.
const MESH: &str = "enablePrometheusMerge: false\nenableAutoMtls: false\ntrustDomain: cluster.local\n\
    rootNamespace: istio-system\ningressControllerMode: \"OFF\"\ndefaultProviders: {}\n\
    defaultConfig: {discoveryAddress: \"127.0.0.1:16010\", tracing: {}}\n";

fn etcd(at: &Path) -> Part {
    Part::start("etcd", at, |command| {
        command.args(["--data-dir", "etcd", "--unsafe-no-fsync", "--logger=zap"]);
        command.args(["--listen-client-urls", ETCD, "--advertise-client-urls", ETCD]);
        let peers = "http://127.0.0.1:23800";
        command.args(["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]);
        command.arg("--initial-cluster").arg(format!("default={peers}"));
    })
}

fn api_server(at: &Path) -> Part {
    Part::start("kube-apiserver", at, |command| {
        command.arg(format!("--etcd-servers={ETCD}"));
        command.args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"]);
        command.args(["--secure-port=16443", "--cert-dir=certs", "--allow-privileged=true"]);
        command.args(["--endpoint-reconciler-type=none", "--authorization-mode=RBAC"]);
        command.args(["--service-cluster-ip-range=10.96.0.0/16", "--token-auth-file=tokens.csv"]);
        command.arg("--service-account-issuer=https://kubernetes.default.svc");
        command.args([
            "--service-account-key-file=sa.pub",
            "--service-account-signing-key-file=sa.key",
        ]);
        command.arg("--disable-admission-plugins=ServiceAccount");
    })
}

fn istiod(at: &Path) -> Part {
    Part::start("pilot-discovery", at, |command| {
        command.arg("discovery").args(["--kubeconfig", "kubeconfig", "--meshConfig", "mesh.yaml"]);
        command.args(["--httpAddr", "127.0.0.1:16080", "--httpsAddr", "127.0.0.1:16017"]);
        command.args(["--grpcAddr", "127.0.0.1:16010", "--secureGRPCAddr="]);
        command.args(["--monitoringAddr", "127.0.0.1:16014"]);
        command.args(["--ctrlz_port", "16876", "--ctrlz_address", "127.0.0.1"]);
        for off in [
            "ENABLE_CA_SERVER",
            "XDS_AUTH",
            "PILOT_ENABLE_METADATA_EXCHANGE",
            "PILOT_ENABLE_ALPN_FILTER",
            "INJECT_ENABLED",
            "PILOT_ENABLE_GATEWAY_API",
            "PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION",
        ] {
            command.env(off, "false");
        }
        command.env("PILOT_CERT_PROVIDER", "none").env("VALIDATION_WEBHOOK_CONFIG_NAME", "");
        command.env("POD_NAMESPACE", "istio-system").env("POD_NAME", "istiod-local");
        command.env("CLUSTER_ID", "Kubernetes");
    })
}

/// Waits until `url` answers 200.
fn answers(name: &str, part: &mut Part, url: &str) {
    until(name, || {
        check_alive(part);
        ureq::get(url).call().is_ok()
    });
}

#[track_caller]
fn check_alive(part: &mut Part) {
    if let Some(status) = part.ended() {
        panic!("it ended with {status}:\n{}", part.last_words());
    }
}

fn run_kubectl(at: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let mut file = tempfile::tempfile().map_err(|error| error.to_string())?;
    file.write_all(input.as_bytes())
        .and_then(|()| file.rewind())
        .map_err(|error| error.to_string())?;
    let mut command = Command::new(bin().join("kubectl"));
    command.arg("--kubeconfig").arg(at.join("kubeconfig")).args(arguments);
    let output = command.stdin(file).output().map_err(|error| format!("kubectl: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
