//! What the system sees: the memory of a closed instance and of a finished what-if is no longer the
//! process's.

use serde_json::json;

use crate::client;
use crate::harness::poll;
use crate::process::Process;

/// What a what-if on the way holds, at least: far beyond what the process is besides.
const LARGE_BYTES: u64 = 150 << 20;

/// What may stay behind of it: the allocator's arenas are never wholly empty.
const LEFT_BYTES_MAX: u64 = 48 << 20;

/// Pages in memory, by `/proc`; the kernel's own figure, whatever the program counts.
fn resident(process: &Process) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid()));
    let text = text.expect("the process lives");
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:")).expect("a figure");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}
