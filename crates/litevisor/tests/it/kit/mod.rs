//! What `deploy/` holds: that it is whole, that the program takes what it makes, and that the checks
//! catch what is wrong.

mod alerts;
pub mod chart;
mod examples;
mod image;
mod page;
mod upstream;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The repository's top.
fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the repository.
fn text(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Whether snapshots are to be written and not compared.
fn updating() -> bool {
    std::env::var_os("UPDATE_SNAPSHOTS").is_some()
}

/// Brings parts, which the first run downloads or builds; the folder of their programs.
fn bring(parts: &[&str]) -> PathBuf {
    let output = Command::new(top().join(".ci/mesh-parts")).args(parts).output();
    let output = output.expect(".ci/mesh-parts runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), ".ci/mesh-parts: {words}");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// The folder of Helm and promtool.
fn parts() -> PathBuf {
    static PARTS: OnceLock<PathBuf> = OnceLock::new();
    PARTS.get_or_init(|| bring(&["helm", "prometheus"])).clone()
}

/// A program's standard output, or all that it said where it finds fault.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(parts().join(program)).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).expect("text"));
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
