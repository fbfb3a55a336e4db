//! Ten thousand tiny tenants from a dump: how fast they boot and what they cost warm.

use std::time::Duration;

use crate::client::{Client, query};
use crate::clock::timed;
use crate::documents::{self, Dump};
use crate::report::{Report, size};
use crate::server::Process;
use crate::{Options, Result};

/// Tables of a tiny tenant besides `reads`, of so many rows each.
pub(crate) const TABLES: usize = 4;
pub(crate) const ROWS: usize = 5;
const THREADS: usize = 16;

pub(crate) fn name(n: usize) -> String {
    format!("tiny-{n:05}")
}

/// Asks each tenant once, from 16 connections at a time.
pub(crate) fn boot_all(process: &Process, tenants: usize) -> Result<Duration> {
    let (time, done) = timed(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || every(process, thread, tenants)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err("a client thread panicked".into()))
            })
        })
    });
    done?;
    Ok(time)
}

fn every(process: &Process, thread: usize, tenants: usize) -> std::result::Result<(), String> {
    let text = |error: Box<dyn std::error::Error>| error.to_string();
    let mut client: Client = process.client().map_err(text)?;
    for n in (thread..tenants).step_by(THREADS) {
        let sql =
            "{\"sql\":\"SELECT (SELECT count(*) FROM reads) + (SELECT count(*) FROM small_0)\"}";
        let answer = client.ask(&query(&name(n), sql)).map_err(text)?;
        let expected = format!("[[{}]]", 2 * ROWS);
        if !String::from_utf8_lossy(&answer).contains(&expected) {
            return Err(format!("{} answered {}", name(n), String::from_utf8_lossy(&answer)));
        }
    }
    Ok(())
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let tenants = options.scale(10_000);
    let dir = tempfile::tempdir()?;
    let dump = dir.path().join("dump");
    let mut reads = Dump::create(&dump, "reads")?;
    for n in 0..tenants * ROWS {
        reads.add(&documents::read(&name(n / ROWS), n))?;
    }
    reads.finish()?;
    for table in 0..TABLES {
        let mut small = Dump::create(&dump, &format!("small_{table}"))?;
        for n in 0..tenants * ROWS {
            small.add(&documents::small(&name(n / ROWS), n))?;
        }
        small.finish()?;
    }
    let settings = format!(
        "[source]\nkind = \"dump\"\npath = {dump:?}\n\n[instance]\ntables = \"all\"\nidle_timeout = \"1h\"\n"
    );
    let process = Process::litevisor(
        &dir.path().join("serve"),
        &documents::catalog_toml(TABLES, false),
        &settings,
    )?;
    // One query, so that threads and pools are there before memory is read.
    process.client()?.ask(&query(&name(0), "{\"sql\":\"SELECT count(*) FROM reads\"}"))?;
    let idle = process.rss()?;
    let time = boot_all(&process, tenants)?;
    let more = process.rss()?.saturating_sub(idle);
    let rate = tenants as f64 / time.as_secs_f64();
    report.row(
        &format!("boots of tiny tenants from a dump, {THREADS} asked at once"),
        format!("{rate:.0} boots/s"),
        format!("{tenants} tenants, {} tables of {ROWS} rows, over HTTP", TABLES + 1),
        "≥ 3,000 boots/s",
        rate >= 3_000.0,
    );
    let bound = 20 * 1024 * tenants as u64;
    report.row(
        &format!("{tenants} warm tiny tenants"),
        format!("{} RSS above idle, {} each", size(more), size(more / tenants as u64)),
        String::new(),
        "≤ 20 KiB each",
        more <= bound,
    );
    Ok(())
}
