//! What the heap ledger costs: boots and GROUP BYs in processes whose SQLite charges what it
//! allocates, and in others whose SQLite has the C library's allocator, in turn. In CPU time, of
//! which the least counts: what else the machine does only ever adds.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::report::{Report, short};
use crate::{Options, Result, documents, images, load};

const ROWS: usize = 200_000;
/// Pairs of processes.
const PAIRS: usize = 7;
/// How often each does its work.
const ROUNDS: usize = 5;
/// What it may cost.
const COST_MAX: f64 = 0.03;

const WORKS: [&str; 2] = ["boot", "GROUP BY"];
const CHARGED: &str = "charged";
const UNCHARGED: &str = "uncharged";

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let rows = options.scale(ROWS);
    for work in WORKS {
        let (mut with, mut without) = (Duration::MAX, Duration::MAX);
        for _ in 0..PAIRS {
            with = with.min(time_of(work, CHARGED, rows)?);
            without = without.min(time_of(work, UNCHARGED, rows)?);
        }
        let cost = with.as_secs_f64() / without.as_secs_f64() - 1.0;
        report.row(
            &format!("{work} of {rows} rows, every allocation of SQLite's charged"),
            short(with),
            format!(
                "with the C library's allocator: {}, so {:+.1} %",
                short(without),
                cost * 100.0
            ),
            "+ 3 %",
            cost <= COST_MAX,
        );
    }
    Ok(())
}

fn time_of(work: &str, how: &str, rows: usize) -> Result<Duration> {
    let child = Command::new(std::env::current_exe()?)
        .args(["ledger", work, how, &rows.to_string()])
        .stderr(Stdio::inherit())
        .output()?;
    let told = String::from_utf8(child.stdout)?;
    Ok(Duration::from_nanos(told.trim().parse().map_err(|_| format!("{work}: {told:?}"))?))
}

/// Does the work and prints its least time in nanoseconds.
#[expect(clippy::print_stdout, reason = "read by the process that started this one")]
pub(crate) fn child(work: &str, how: &str, rows: usize) -> Result<()> {
    match how {
        CHARGED => engine::init()?,
        _ => engine::init_uncharged()?,
    }
    let catalog = documents::catalog(0, false)?;
    let time = match work {
        "boot" => load::boot_time(&catalog, rows, ROUNDS)?,
        _ => images::group_by_time(&load::image(&catalog, rows)?, ROUNDS)?,
    };
    println!("{}", time.as_nanos());
    Ok(())
}
