//! What the machine, or the cgroup this process lives in, has.

use std::path::Path;

/// Bytes of memory this process may use: the smallest of the cgroup's limits and the machine's
/// memory. Where nothing can be read, 1 GiB: wrong on the safe side.
pub fn memory_bytes() -> u64 {
    let cgroup = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = cgroup.into_iter().filter_map(|path| {
        std::fs::read_to_string(Path::new(path)).ok()?.trim().parse::<u64>().ok()
    });
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    limits.chain(machine).min().unwrap_or(1 << 30)
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo() {
        assert_eq!(total("MemTotal:       16 kB\nMemFree: 1 kB\n"), Some(16 * 1024));
        assert_eq!(total("nonsense"), None);
        assert!(memory_bytes() > 0);
    }
}
