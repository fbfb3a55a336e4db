//! Names of headless Services, as the cluster's DNS would tell them: a hosts file in the place of
//! /etc/hosts, which every process of this network reads at each lookup.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Api, NAMESPACE};

/// The file.
pub(super) struct Names {
    file: PathBuf,
    written: String,
}

impl Names {
    /// Puts a file of ours in the place of the machine's, for this namespace of mounts only.
    pub(super) fn mount() -> Names {
        let file = std::env::temp_dir().join(format!("litevisor-hosts-{}", std::process::id()));
        let names = Names { file, written: String::new() };
        names.write("");
        let mounted =
            Command::new("mount").arg("--bind").arg(&names.file).arg("/etc/hosts").output();
        let mounted = mounted.expect("mount");
        assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        names
    }

    /// What names mean while these pods (label `app` and address) have processes. Not ready ones are
    /// among them: our headless Services publish those too.
    pub(super) fn tell(&mut self, api: &Api, pods: &[(String, String)]) {
        let Ok(services) = api.get(&format!("/api/v1/namespaces/{NAMESPACE}/services")) else {
            return;
        };
        let mut lines = String::new();
        for service in services["items"].as_array().into_iter().flatten() {
            let (spec, name) = (&service["spec"], service["metadata"]["name"].as_str());
            let (Some(name), "None") = (name, spec["clusterIP"].as_str().unwrap_or_default())
            else {
                continue;
            };
            let app = selected(&spec["selector"]);
            for (_, address) in pods.iter().filter(|(label, _)| *label == app) {
                lines.push_str(&format!(
                    "{address} {name} {name}.{NAMESPACE} {name}.{NAMESPACE}.svc\n"
                ));
            }
        }
        if lines != self.written {
            self.write(&lines);
            self.written = lines;
        }
    }

    fn write(&self, lines: &str) {
        // In place: what is mounted is this file, not its name.
        fs::write(&self.file, format!("127.0.0.1 localhost\n{lines}")).expect("a hosts file");
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("/etc/hosts").output();
        let _ = fs::remove_file(&self.file);
    }
}

/// The value by which a Service selects its pods, or a pod is selected.
pub(super) fn selected(labels: &Value) -> String {
    let value = labels["app"].as_str().or(labels["app.kubernetes.io/name"].as_str());
    value.unwrap_or_default().to_owned()
}
