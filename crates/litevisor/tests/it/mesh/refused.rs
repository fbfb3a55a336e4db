//! Manifests that are wrong are refused before they do harm: each check that we name catches the
//! variant that it is there for.

use std::path::Path;

use testkit::mesh::{Mesh, istioctl};

use super::world::{MANIFESTS, manifests};

/// A check's outcome by the manifests.
fn validate(manifests: &str) -> Result<String, String> {
    istioctl(&["validate", "-f"], manifests)
}

fn analyze(manifests: &str) -> Result<String, String> {
    istioctl(&["analyze", "--use-kube=false"], manifests)
}

#[test]
#[ignore = "needs the mesh: make test-mesh-full"]
fn wrong_manifests_are_refused_by_the_check_that_is_there_for_them() {
    let mesh = Mesh::start(Path::new(env!("CARGO_BIN_EXE_litevisor")));
    let good = manifests(MANIFESTS, "mongodb://127.0.0.1/", &[]);
    let with = |right: &str, wrong: &str| {
        assert!(good.contains(right), "{right}");
        good.replace(right, wrong)
    };
    validate(&good).expect("istioctl validate takes ours");
    analyze(&good).expect("istioctl analyze takes ours");
    mesh.try_strictly(&good).expect("the apiserver takes ours");

    // Maglev without a table: Istio wants its size said.
    let no_table = with("maglev: {tableSize: 65537}", "maglev: {}");
    let words = validate(&no_table).expect_err("refused");
    assert!(words.contains("tableSize"), "{words}");
    let words = analyze(&no_table).expect_err("refused");
    assert!(words.contains("tableSize"), "{words}");
    let not_prime = with("tableSize: 65537", "tableSize: 65536");
    let words = validate(&not_prime).expect_err("refused");
    assert!(words.contains("prime"), "{words}");

    // A mistyped field, which would be dropped without a word, and hash nothing.
    for (right, wrong) in [
        ("httpQueryParameterName: tenant", "httpQueryParamName: tenant"),
        ("splitExternalLocalOriginErrors", "splitExternalLocalOriginError"),
        ("retryOn: connect-failure", "retriesOn: connect-failure"),
    ] {
        let mistyped = with(right, wrong);
        let field = wrong.split(':').next().expect("a field");
        let words = mesh.try_strictly(&mistyped).expect_err("refused");
        assert!(words.contains(field), "{words}");
        let words = validate(&mistyped).expect_err("refused");
        assert!(words.contains(field), "{words}");
    }
    let mistyped = with("terminationGracePeriodSeconds", "terminationGraceSeconds");
    let words = mesh.try_strictly(&mistyped).expect_err("refused");
    assert!(words.contains("terminationGraceSeconds"), "{words}");
}
