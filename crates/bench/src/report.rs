//! The table: what was measured, beside what, and whether it reached its bound.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::{Options, Result};

/// One row.
#[derive(Clone, Debug)]
struct Row {
    what: String,
    measured: String,
    beside: String,
    bound: String,
    reached: Option<bool>,
}

/// All rows so far.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    rows: Vec<Row>,
    all_measured: bool,
}

impl Default for Report {
    fn default() -> Self {
        Report { rows: Vec::new(), all_measured: true }
    }
}

/// Prints a line for whoever waits.
#[expect(clippy::print_stderr, reason = "the bench talks to a terminal")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

impl Report {
    /// A row with a bound.
    pub(crate) fn row(
        &mut self,
        what: &str,
        measured: String,
        beside: String,
        bound: &str,
        reached: bool,
    ) {
        say(&format!("  {what}: {measured} ({beside}), bound {bound}: {}", verdict(Some(reached))));
        self.push(what, measured, beside, bound, Some(reached));
    }

    /// A row for information.
    pub(crate) fn note(&mut self, what: &str, measured: String, beside: String) {
        say(&format!("  {what}: {measured} ({beside})"));
        self.push(what, measured, beside, "", None);
    }

    /// A group that could not be measured.
    pub(crate) fn failed(&mut self, group: &str, error: &str) {
        say(&format!("  {group} failed: {error}"));
        self.all_measured = false;
        self.push(group, format!("not measured: {error}"), String::new(), "", Some(false));
    }

    fn push(
        &mut self,
        what: &str,
        measured: String,
        beside: String,
        bound: &str,
        reached: Option<bool>,
    ) {
        self.rows.push(Row { what: what.into(), measured, beside, bound: bound.into(), reached });
    }

    /// Whether every group was measured. A row that falls short says so in the table; it is no
    /// failure of the bench, since machines differ.
    pub(crate) fn all_measured(&self) -> bool {
        self.all_measured
    }

    fn table(&self) -> String {
        let mut out =
            String::from("| what | measured | beside | must reach | |\n|---|---|---|---|---|\n");
        for row in &self.rows {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                row.what,
                row.measured,
                // SQL's `||` would end the table's cell.
                row.beside.replace('|', "\\|"),
                row.bound,
                verdict(row.reached)
            );
        }
        out
    }

    /// Prints the table.
    #[expect(clippy::print_stdout, reason = "the bench's output")]
    pub(crate) fn print(&self) {
        println!("\n{}", self.table());
    }

    /// Writes the page with the table.
    pub(crate) fn write(&self, file: &Path, options: &Options) -> Result<()> {
        let size =
            if options.quick { " `--quick`: a tenth of the rows, not for figures." } else { "" };
        let page = format!(
            "# Performance\n\nWritten by `make bench`.{size} Each figure stands beside its baseline of the same \
             run; quote the ratios, not the times, since machines differ and are noisy.\n\nMachine: {}\n\n{}\n\
             How each is measured is said in the source: `crates/bench/src/`, one file per group.\n",
            machine(),
            self.table()
        );
        std::fs::write(file, page)?;
        Ok(())
    }
}

fn verdict(reached: Option<bool>) -> &'static str {
    match reached {
        Some(true) => "reached",
        Some(false) => "**falls short**",
        None => "",
    }
}

/// Cores, processor and memory as the kernel tells them.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']))
        .to_owned();
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        })
        .unwrap_or_default();
    format!(
        "{cores} cores of {model}, {} GiB, SQLite {}",
        memory / (1024 * 1024),
        rusqlite::version()
    )
}

/// A duration for people.
pub(crate) fn short(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..1_000_000 => format!("{:.2} µs", duration.as_secs_f64() * 1e6),
        1_000_000..10_000_000_000 => format!("{:.2} ms", duration.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
