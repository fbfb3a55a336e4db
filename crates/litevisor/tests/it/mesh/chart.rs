//! The chart before a real apiserver and Istio's own checks: taken as it is, refused or warned of
//! where it is spoilt.

use std::path::Path;

use testkit::mesh::{Mesh, istioctl};

use crate::kit::chart::template_in;

/// What the machine's cluster has no kinds for.
const NO_OPERATOR: [&str; 2] = ["monitoring.serviceMonitor=false", "monitoring.alerts=false"];

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn the_chart_is_taken_by_a_real_control_plane() {
    let mesh = Mesh::start(Path::new(env!("CARGO_BIN_EXE_litevisor")));
    mesh.kubectl(&[
        "label",
        "namespace",
        "default",
        "pod-security.kubernetes.io/warn=restricted",
        "pod-security.kubernetes.io/warn-version=latest",
    ]);
    for variant in ["least", "header", "without_istio", "everything"] {
        let manifests = template_in("default", variant, &NO_OPERATOR).expect("rendered");
        mesh.try_strictly(&manifests).unwrap_or_else(|words| panic!("{variant}: {words}"));
        for arguments in [&["validate", "-f"][..], &["analyze", "--use-kube=false"]] {
            istioctl(arguments, &manifests).unwrap_or_else(|words| panic!("{variant}: {words}"));
        }
    }

    let good = template_in("default", "everything", &NO_OPERATOR).expect("rendered");
    let with = |right: &str, wrong: &str| {
        assert!(good.contains(right), "{right}");
        good.replace(right, wrong)
    };
    for (right, wrong) in [
        ("unhealthyPodEvictionPolicy", "unhealthyPodEviction"),
        ("stabilizationWindowSeconds", "stabilisationWindowSeconds"),
        ("enableServiceLinks", "enableServiceLink"),
        ("policyTypes", "policies"),
        ("localityLbSetting", "localityLb"),
    ] {
        let words = mesh.try_strictly(&with(right, wrong)).expect_err("refused");
        assert!(words.contains(wrong), "{words}");
    }
    let words = istioctl(&["validate", "-f"], &with("maglev: { tableSize: 65537 }", "maglev: {}"));
    assert!(words.expect_err("refused").contains("tableSize"));
    for (right, wrong) in [
        ("runAsNonRoot: true", "runAsNonRoot: false"),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true"),
        ("drop: [ALL]", "drop: []"),
        ("type: RuntimeDefault", "type: Unconfined"),
    ] {
        let words = mesh.try_strictly(&with(right, wrong)).expect_err("a warning");
        assert!(words.contains("would violate PodSecurity"), "{right}: {words}");
    }
}
