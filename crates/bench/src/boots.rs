//! First queries from a dump folder, over HTTP: the time a person waits for a cold tenant.

use std::path::Path;
use std::time::Duration;

use crate::client::query;
use crate::clock::{median, timed};
use crate::documents::{self, Dump};
use crate::report::{Report, short};
use crate::server::Process;
use crate::{Options, Result};

const ROUNDS: usize = 7;

/// Time of the first query `sql` of `tenant`, from vacant, the middle of some rounds.
pub(crate) fn first_query(process: &Process, tenant: &str, sql: &str) -> Result<Duration> {
    let mut client = process.client()?;
    let request = query(tenant, &format!("{{\"sql\":\"{sql}\"}}"));
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        process.close(&mut client, tenant)?;
        let (time, answer) = timed(|| client.ask(&request));
        answer?;
        times.push(time);
    }
    process.close(&mut client, tenant)?;
    Ok(median(times))
}

/// A dump with a tenant `bench` of `count` reads and tenant `both` of `beside` reads, both with
/// one small table.
fn write_dump(dir: &Path, count: usize, beside: usize) -> Result<()> {
    let mut reads = Dump::create(dir, "reads")?;
    for n in 0..count {
        reads.add(&documents::read("bench", n))?;
    }
    for n in 0..beside {
        reads.add(&documents::read("both", n))?;
    }
    reads.finish()?;
    let mut small = Dump::create(dir, "small_0")?;
    for tenant in ["bench", "both", "alone"] {
        for n in 0..2_000 {
            small.add(&documents::small(tenant, n))?;
        }
    }
    small.finish()
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let dump = dir.path().join("dump");
    let count = options.scale(100_000);
    write_dump(&dump, count, 2 * count)?;
    let settings =
        format!("[source]\nkind = \"dump\"\npath = {dump:?}\n\n[instance]\ntables = \"lazy\"\n");
    for indexed in [false, true] {
        let process = Process::litevisor(
            &dir.path().join(format!("serve-{indexed}")),
            &documents::catalog_toml(1, indexed),
            &settings,
        )?;
        let time = first_query(&process, "bench", "SELECT count(*), sum(pages) FROM reads")?;
        let what = format!("first query of a {count}-document tenant, dump");
        if indexed {
            report.note(&what, short(time), "with two secondary indexes".into());
            continue;
        }
        let bound = Duration::from_millis(250);
        report.row(&what, short(time), "primary key only".into(), "< 250 ms", time < bound);
        small_beside_large(report, &process, 2 * count)?;
    }
    Ok(())
}

fn small_beside_large(report: &mut Report, process: &Process, large: usize) -> Result<()> {
    let sql = "SELECT count(*), sum(n) FROM small_0";
    let (mut ratios, mut shown) = (Vec::new(), (Duration::ZERO, Duration::ZERO));
    for _ in 0..5 {
        let alone = first_query(process, "alone", sql)?;
        let both = first_query(process, "both", sql)?;
        ratios.push(both.as_secs_f64() / alone.as_secs_f64());
        shown = (both, alone);
    }
    ratios.sort_by(f64::total_cmp);
    report.row(
        &format!("first query that needs one small table beside a {large}-document table"),
        short(shown.0),
        format!("the small table alone: {}, so {:.2}×", short(shown.1), ratios[2]),
        "≤ 1.1×",
        ratios[2] <= 1.1,
    );
    Ok(())
}
