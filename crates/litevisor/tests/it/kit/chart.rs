//! The Helm chart: rendered as the snapshots say, its configuration taken by the program, wrong
//! values refused with words that help.

use litevisor::config::{Budget, Config, Layers};

use super::{run, text, top, updating};

const CHART: &str = "deploy/helm/litevisor";

/// Values for tests, and each one's snapshot.
const VARIANTS: [&str; 4] = ["least", "header", "without_istio", "everything"];

fn chart() -> String {
    top().join(CHART).to_string_lossy().into_owned()
}

/// The chart with one variant's values and `set` over them.
fn template(variant: &str, set: &[&str]) -> Result<String, String> {
    template_in("shop", variant, set)
}

/// The same for another namespace.
///
/// # Errors
/// Helm's words.
pub fn template_in(namespace: &str, variant: &str, set: &[&str]) -> Result<String, String> {
    let (chart, values) = (chart(), format!("{}/ci/{variant}.yaml", chart()));
    let mut arguments =
        vec!["template", "litevisor", &chart, "--namespace", namespace, "-f", &values];
    // What a cluster would say of itself.
    arguments.extend(["--kube-version", "1.31.0"]);
    for one in set {
        arguments.extend(["--set", one]);
    }
    run("helm", &arguments)
}

/// The text that a ConfigMap of `manifests` holds under `key`.
fn held(manifests: &str, key: &str) -> String {
    let begin = format!("\n  {key}: |\n");
    let (_, rest) = manifests.split_once(&begin).unwrap_or_else(|| panic!("no {key}"));
    let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.map(|line| line.get(4..).unwrap_or_default().to_owned() + "\n").collect()
}

/// The configuration of a pod of `manifests`, as the program reads it.
fn configuration(manifests: &str) -> Config {
    let layers = Layers::new().file("litevisor.toml", &held(manifests, "litevisor.toml"));
    let uri = ("LITEVISOR__SOURCE__URI".to_owned(), "mongodb://db.internal/shop".to_owned());
    let layers = layers.expect("TOML").environment([uri].into_iter());
    Config::load(layers).unwrap_or_else(|error| panic!("refused: {error}")).config
}

#[test]
fn helm_finds_no_fault_with_any_variant() {
    for variant in VARIANTS {
        let values = format!("{}/ci/{variant}.yaml", chart());
        if let Err(words) = run("helm", &["lint", "--strict", &chart(), "-f", &values]) {
            panic!("{variant}: {words}");
        }
    }
}

#[test]
fn each_variant_renders_as_its_snapshot() {
    for variant in VARIANTS {
        let path = format!("crates/litevisor/tests/it/kit/snapshots/{variant}.yaml");
        let manifests = template(variant, &[]).unwrap_or_else(|words| panic!("{variant}: {words}"));
        if updating() {
            std::fs::create_dir_all(top().join(&path).parent().expect("a folder")).expect("made");
            std::fs::write(top().join(&path), &manifests).expect("written");
        }
        assert!(text(&path) == manifests, "{path} is stale: see `make snapshots`");
    }
}

#[test]
fn the_program_takes_every_variant_s_configuration() {
    for variant in VARIANTS {
        let config = configuration(&template(variant, &[]).expect("rendered"));
        config.check_exposure().unwrap_or_else(|error| panic!("{variant}: {error}"));
        // Probes and proxies come from outside the pod.
        assert!(!config.http.listen.ip().is_loopback(), "{variant}");
        assert!(!config.http.admin_listen.ip().is_loopback(), "{variant}");
    }
}

#[test]
fn what_the_program_and_the_cluster_both_know_comes_from_one_value() {
    let manifests = template("least", &["memory=3Gi", "memoryBudgetPercent=60"]).expect("rendered");
    let config = configuration(&manifests);
    assert!(matches!(config.memory.budget, Budget::Percent(60)), "{:?}", config.memory.budget);
    assert_eq!(manifests.matches("memory: 3Gi").count(), 2, "asked for, and the limit");

    let drain = ["drain.delaySeconds=7", "drain.timeoutSeconds=31"];
    let manifests = template("least", &drain).expect("rendered");
    let config = configuration(&manifests);
    let drains = config.http.drain_delay.0.as_secs() + config.http.drain_timeout.0.as_secs();
    assert_eq!(drains, 38);
    assert!(manifests.contains("terminationGracePeriodSeconds: 48\n"), "ten seconds more");

    let manifests = template("least", &["tenant.parameter=customer"]).expect("rendered");
    assert_eq!(configuration(&manifests).http.tenant_parameter, "customer");
    assert!(manifests.contains("httpQueryParameterName: customer\n"));

    let manifests = template("least", &["tenant.header=Customer"]).expect("rendered");
    let header = configuration(&manifests).http.tenant_header;
    assert_eq!(header.map(|name| name.to_lowercase()).as_deref(), Some("customer"));
    assert!(manifests.contains("httpHeaderName: Customer\n"));
    assert!(!manifests.contains("httpQueryParameterName"));
}

#[test]
fn a_changed_configuration_or_catalog_is_a_new_pod() {
    let of = |set: &[&str]| {
        let manifests = template("everything", set).expect("rendered");
        let line = manifests.lines().find(|line| line.contains("litevisor.dev/config:"));
        line.expect("an annotation").to_owned()
    };
    let before = of(&[]);
    assert_eq!(before, of(&[]));
    assert_ne!(before, of(&["config.query.timeout=11s"]));
    assert_ne!(before, of(&["catalog.inline=tenant_key = \"client\""]));
}

#[test]
fn a_secret_for_peers_turns_hand_over_on() {
    let without = template("least", &[]).expect("rendered");
    assert!(configuration(&without).peers.is_none());
    assert!(!without.contains("8082"));
    let with = template("least", &["peers.existingSecret=shop-peers"]).expect("rendered");
    let peers = configuration(&with).peers.expect("hand-over");
    assert_eq!(peers.service, "litevisor-peers:8082");
    let folder = peers.secret_file.parent().expect("a folder").display().to_string();
    assert!(with.contains(&format!("mountPath: {folder}, ")), "{folder} is not mounted");
    // A replica that drains is not ready, and has what others want.
    assert!(
        with.contains("name: litevisor-peers\n") && with.contains("publishNotReadyAddresses: true")
    );
}

/// Values that are wrong, and what the refusal has to say.
const WRONG: [(&str, &[&str], &str); 14] = [
    ("least", &["memry=4Gi"], "'memry' not allowed"),
    ("least", &["istio.gatway.enabled=true"], "'gatway' not allowed"),
    ("least", &["catalog.existingConfigMap="], "a catalog is required"),
    ("everything", &["catalog.existingConfigMap=two"], "one catalog only"),
    ("least", &["source.existingSecret="], "source.existingSecret is required"),
    ("least", &["config.source.uri=mongodb://u:p@h/"], "source.existingSecret"),
    ("least", &["config.auth.allow_unauthenticated=false"], "who may ask"),
    ("least", &["config.memory.budget=1GiB"], "config.memory.budget is set by the chart"),
    ("least", &["memory=2GB"], "/memory"),
    ("least", &["memoryBudgetPercent=100"], "/memoryBudgetPercent"),
    ("least", &["istio.maglevTableSize=65536"], "/istio/maglevTableSize"),
    ("least", &["istio.hosts={a.example.com}"], "istio.hosts needs a gateway"),
    ("least", &["istio.gateway.enabled=true"], "a gateway needs istio.hosts"),
    ("least", &["tenant.header=Not A Header"], "/tenant/header"),
];

#[test]
fn wrong_values_are_refused_with_words_that_help() {
    for (variant, set, wanted) in WRONG {
        match template(variant, set) {
            Ok(_) => panic!("{set:?} was taken"),
            Err(words) => assert!(words.contains(wanted), "{set:?}: {words}"),
        }
    }
}

#[test]
fn a_setting_that_the_program_does_not_know_is_refused_by_the_program() {
    let manifests = template("least", &["config.query.timout=10s"]).expect("rendered");
    let layers = Layers::new().file("litevisor.toml", &held(&manifests, "litevisor.toml"));
    let error = Config::load(layers.expect("TOML")).expect_err("unknown").to_string();
    assert!(error.contains("timout") && error.contains("timeout"), "{error}");
}
