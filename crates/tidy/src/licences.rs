//! Every dependency comes from the registry and under a licence that ours can be shipped with.
//! Asked of `cargo metadata --offline`, which a machine without network can answer once the
//! dependencies are there. (cargo-deny would do the same, but is no part of the toolchain and
//! takes longer to build than the program; its advisories cannot be had offline.)

use std::process::Command;

use crate::{Violations, assert_none};

/// Licences that may be in the tree. An expression passes if, with `OR`, one side passes and,
/// with `AND`, both do.
const ALLOWED: [&str; 13] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CDLA-Permissive-2.0",
    "Unlicense",
    "BSL-1.0",
    "CC0-1.0",
];

fn passes(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Without nested brackets that matter in practice: OR binds weaker than AND.
    plain.split(" OR ").any(|side| side.split(" AND ").all(|one| ALLOWED.contains(&one.trim())))
        || plain
            .split(" AND ")
            .all(|side| side.split(" OR ").any(|one| ALLOWED.contains(&one.trim())))
}

/// The value of `"key":"value"` or `"key":null` after `from` in compact JSON.
fn field<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    let rest = json.split_once(&format!("\"{key}\":"))?.1;
    rest.strip_prefix('"').map_or(Some("null"), |text| text.split('"').next())
}

fn packages(metadata: &str) -> Violations {
    let mut broken = Violations::new();
    let list = metadata.split("{\"name\":\"").skip(1).filter(|part| part.contains("\"license\":"));
    for package in list {
        let name = package.split('"').next().unwrap_or_default();
        let licence = field(package, "license").unwrap_or("null");
        let origin = field(package, "source").unwrap_or("null");
        if !passes(licence) {
            broken.push(format!("{name}: licence {licence} is not on the list"));
        }
        if origin != "null" && !origin.starts_with("registry+") {
            broken.push(format!("{name}: comes from {origin}, not from the registry"));
        }
    }
    broken
}

#[test]
fn dependencies_may_be_shipped() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--locked",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = String::from_utf8(output.stdout).expect("metadata is UTF-8");
    assert!(metadata.matches("\"license\":").count() > 50, "no packages were found");
    assert_none(&packages(&metadata));
}

#[test]
fn a_bad_licence_is_seen() {
    let metadata = r#"{"packages":[{"name":"a","version":"1","license":"GPL-3.0","source":"registry+x"},{"name":"b","license":"MIT OR GPL-3.0","source":"git+x"}]}"#;
    assert_eq!(packages(metadata).len(), 2, "{:?}", packages(metadata));
    assert!(passes("(MIT OR Apache-2.0) AND Unicode-3.0") && !passes("MIT AND GPL-3.0"));
}
