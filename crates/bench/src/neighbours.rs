//! A small tenant's point query alone, and while other tenants run heavy reports and boot; what the
//! heavy ones get with CPU turns and without; how long a statement goes without a look at the time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::client::{bare, query};
use crate::clock::{quantile, timed};
use crate::documents::{self, Dump};
use crate::report::{Report, short};
use crate::server::Process;
use crate::{Options, Result, gaps};

/// Rows of a heavy tenant: its reports take tens of milliseconds.
const HEAVY_ROWS: usize = 30_000;
const SMALL_ROWS: usize = 1_000;
/// How many tenants are heavy at once.
const CROWDS: [usize; 3] = [1, 4, 16];
/// A click's p99 with the largest crowd may be so much above its p99 alone.
const MORE_MAX: Duration = Duration::from_millis(5);

/// Every so many reports a heavy tenant's instance is shut down, so that the next one boots it.
const REPORTS_PER_BOOT: usize = 16;
/// Tenants at once where throughput is measured: fewer than are admitted at once.
const THROUGHPUT_CROWD: usize = 4;
const THROUGHPUT_ROUNDS: usize = 5;
/// What turns may cost the heavy ones.
const THROUGHPUT_SHARE_MIN: f64 = 0.88;

const REPORTS: [&str; 3] = [
    "SELECT city, count(*), sum(pages), avg(cost) FROM reads GROUP BY city ORDER BY 2 DESC",
    "SELECT id, cost FROM reads ORDER BY cost DESC, id LIMIT 10 OFFSET 20000",
    "SELECT max(r) FROM (SELECT row_number() OVER (PARTITION BY city ORDER BY cost) AS r FROM reads)",
];

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let dump = dir.path().join("dump");
    let mut reads = Dump::create(&dump, "reads")?;
    for n in 0..SMALL_ROWS {
        reads.add(&documents::read("small", n))?;
    }
    let largest = CROWDS[CROWDS.len() - 1];
    for tenant in 0..largest {
        for n in 0..HEAVY_ROWS {
            reads.add(&documents::read(&format!("heavy{tenant}"), n))?;
        }
    }
    reads.finish()?;
    let settings = format!("[source]\nkind = \"dump\"\npath = {dump:?}\n");
    let serve = |name: &str, more: &str| -> Result<Process> {
        let settings = format!("{settings}{more}");
        let process = Process::litevisor(&dir.path().join(name), documents::READS, &settings)?;
        for tenant in 0..largest {
            process.client()?.ask(&report_of(tenant, 0))?;
        }
        Ok(process)
    };
    let process = serve("serve", "")?;
    let rounds = options.scale(10_000);
    let (mut alone, _) = clicks(&process, rounds, 0)?;
    let before = (quantile(&mut alone, 0.5), quantile(&mut alone, 0.99));
    report.row(
        "a small tenant's point query, alone",
        format!("p50 {}, p99 {}", short(before.0), short(before.1)),
        "over HTTP, on one connection".into(),
        "",
        true,
    );
    for crowd in CROWDS {
        let (mut times, reports) = clicks(&process, rounds, crowd)?;
        let now = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
        let more = now.1.saturating_sub(before.1);
        report.row(
            &format!("the same while {crowd} other tenants run reports and boot without pause"),
            format!("p50 {}, p99 {}", short(now.0), short(now.1)),
            format!("p99 alone + {}; {reports:.0} reports/s meanwhile", short(more)),
            if crowd == largest { "p99 alone + 5 ms" } else { "" },
            crowd < largest || more <= MORE_MAX,
        );
    }
    throughput(options, report, &process, &serve("free", "[admission]\ncpu_turns = false\n")?)?;
    gaps::run(options, report)
}

/// What a crowd gets done with CPU turns and without, in alternating rounds.
fn throughput(
    options: &Options,
    report: &mut Report,
    turns: &Process,
    free: &Process,
) -> Result<()> {
    let each = options.scale(60);
    let round = |process: &Process| -> Result<f64> {
        let (took, outcome) = timed(|| {
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..THROUGHPUT_CROWD)
                    .map(|tenant| scope.spawn(move || some_reports(process, tenant, each)))
                    .collect();
                all.into_iter().try_for_each(|thread| {
                    thread.join().unwrap_or_else(|_| Err("a client thread panicked".into()))
                })
            })
        });
        outcome?;
        Ok((THROUGHPUT_CROWD * each) as f64 / took.as_secs_f64())
    };
    let (mut with, mut without, mut shares) = (0.0, 0.0, Vec::new());
    for _ in 0..THROUGHPUT_ROUNDS {
        with = round(turns)?;
        without = round(free)?;
        shares.push(with / without);
    }
    shares.sort_by(f64::total_cmp);
    let share = shares[shares.len() / 2];
    report.row(
        &format!("{THROUGHPUT_CROWD} tenants' reports with CPU turns, of what they get without"),
        format!("{:.0} %", share * 100.0),
        format!(
            "median of {THROUGHPUT_ROUNDS} rounds; the last: {with:.0} and {without:.0} reports/s"
        ),
        "≥ 88 %",
        share >= THROUGHPUT_SHARE_MIN,
    );
    Ok(())
}

fn some_reports(process: &Process, tenant: usize, many: usize) -> std::result::Result<(), String> {
    let text = |error: Box<dyn std::error::Error>| error.to_string();
    let mut client = process.client().map_err(text)?;
    for n in tenant..tenant + many {
        client.ask(&report_of(tenant, n)).map_err(text)?;
    }
    Ok(())
}

fn report_of(tenant: usize, n: usize) -> Vec<u8> {
    let body = format!("{{\"sql\":\"{}\"}}", REPORTS[n % REPORTS.len()]);
    query(&format!("heavy{tenant}"), &body)
}

/// Times of the small tenant's point queries while a crowd runs reports, and the crowd's rate.
fn clicks(process: &Process, rounds: usize, crowd: usize) -> Result<(Vec<Duration>, f64)> {
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut times = Vec::with_capacity(rounds);
    let (took, outcome) = timed(|| {
        std::thread::scope(|scope| -> Result<()> {
            let (over, done) = (&over, &done);
            let heavy: Vec<_> = (0..crowd)
                .map(|tenant| scope.spawn(move || reports(process, tenant, over, done)))
                .collect();
            let clicked = click(process, rounds, &mut times);
            over.store(true, Ordering::Relaxed);
            for thread in heavy {
                thread.join().unwrap_or_else(|_| Err("a client thread panicked".into()))?;
            }
            clicked
        })
    });
    outcome?;
    Ok((times, done.load(Ordering::Relaxed) as f64 / took.as_secs_f64()))
}

fn reports(
    process: &Process,
    tenant: usize,
    over: &AtomicBool,
    done: &AtomicU64,
) -> std::result::Result<(), String> {
    let text = |error: Box<dyn std::error::Error>| error.to_string();
    let mut client = process.client().map_err(text)?;
    let mut body = Vec::new();
    for n in tenant.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        if n % REPORTS_PER_BOOT == REPORTS_PER_BOOT - 1 {
            // 202: it goes once nobody uses it; 429: it was asked for too often, so it stays.
            let path = format!("/v1/instance?tenant=heavy{tenant}");
            client.send(&bare("DELETE", &path)).map_err(text)?;
            client.receive(&mut body).map_err(text)?;
        }
        client.send(&report_of(tenant, n)).map_err(text)?;
        match client.receive(&mut body).map_err(text)? {
            200 => done.fetch_add(1, Ordering::Relaxed),
            // Too many under way is an honest answer to a crowd.
            503 | 429 => 0,
            status => return Err(format!("{status}: {}", String::from_utf8_lossy(&body))),
        };
    }
    Ok(())
}

fn click(process: &Process, rounds: usize, times: &mut Vec<Duration>) -> Result<()> {
    let mut client = process.client()?;
    let mut body = Vec::new();
    for n in 0..rounds {
        let sql = format!(
            "{{\"sql\":\"SELECT id, pages, city FROM reads WHERE id = ?\",\"params\":[\"{}\"]}}",
            documents::read_id(n * 7 % SMALL_ROWS)
        );
        let request = query("small", &sql);
        let (time, status) = timed(|| -> Result<u16> {
            client.send(&request)?;
            client.receive(&mut body)
        });
        if status? != 200 {
            return Err(String::from_utf8_lossy(&body).into());
        }
        times.push(time);
    }
    Ok(())
}
