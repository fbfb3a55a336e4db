//! Warm point queries over HTTP beside a bare axum echo: latency of one connection, and requests
//! per second of 64.

use std::time::Duration;

use crate::client::{Client, query};
use crate::clock::{quantile, timed};
use crate::documents::{self, Dump};
use crate::report::{Report, short};
use crate::server::Process;
use crate::{Options, Result};

/// Requests in one block; blocks of the two servers alternate, so that both meet the same noise.
const BLOCK: usize = 1_000;
const CONNECTIONS: usize = 64;
const THREADS: usize = 2;

fn request(n: usize) -> Vec<u8> {
    let body = format!(
        "{{\"sql\":\"SELECT id, pages, city FROM reads WHERE id = ?\",\"params\":[\"{}\"]}}",
        documents::read_id(n)
    );
    query("bench", &body)
}

fn block(client: &mut Client, times: &mut Vec<Duration>) -> Result<()> {
    let mut body = Vec::new();
    for n in 0..BLOCK {
        let request = request(n * 7);
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

/// Requests per second of 64 connections: each of two threads keeps 32 requests under way.
fn throughput(process: &Process, rounds: usize) -> Result<f64> {
    let (time, done) = timed(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..THREADS).map(|_| scope.spawn(|| half(process, rounds))).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err("a client thread panicked".into()))
            })
        })
    });
    done?;
    Ok((rounds * CONNECTIONS) as f64 / time.as_secs_f64())
}

fn half(process: &Process, rounds: usize) -> std::result::Result<(), String> {
    let text = |error: Box<dyn std::error::Error>| error.to_string();
    let mut clients: Vec<Client> = (0..CONNECTIONS / THREADS)
        .map(|_| process.client())
        .collect::<Result<_>>()
        .map_err(text)?;
    let mut body = Vec::new();
    let request = request(777);
    for _ in 0..rounds {
        for client in &mut clients {
            client.send(&request).map_err(text)?;
        }
        for client in &mut clients {
            if client.receive(&mut body).map_err(text)? != 200 {
                return Err(String::from_utf8_lossy(&body).into_owned());
            }
        }
    }
    Ok(())
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let dump = dir.path().join("dump");
    let mut reads = Dump::create(&dump, "reads")?;
    for n in 0..20_000 {
        reads.add(&documents::read("bench", n))?;
    }
    reads.finish()?;
    let settings = format!("[source]\nkind = \"dump\"\npath = {dump:?}\n");
    let ours = Process::litevisor(&dir.path().join("serve"), documents::READS, &settings)?;
    let echo = Process::echo()?;
    latency(options, report, &ours, &echo)?;
    let watching = format!("{settings}\n{CANARY}");
    let watched = Process::litevisor(&dir.path().join("canary"), documents::READS, &watching)?;
    canary(options, report, &ours, &watched)?;
    drop(watched);
    let rounds = options.scale(400);
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        own.push(throughput(&ours, rounds)?);
        bare.push(throughput(&echo, rounds)?);
    }
    own.sort_by(f64::total_cmp);
    bare.sort_by(f64::total_cmp);
    let share = own[2] / bare[2];
    report.row(
        "warm point query over HTTP, 64 connections",
        format!("{:.0} requests/s", own[2]),
        format!("axum echo: {:.0} requests/s, so {:.0} %", bare[2], share * 100.0),
        "≥ 50 %",
        share >= 0.5,
    );
    Ok(())
}

/// A decoy with as many values as somebody might plant.
const CANARY: &str = "[canary]\ntenant = \"decoy\"\nvalues = [\"cnry-5d1f0a7c9e2b4d68\", \
                      \"cnry-90b3e6f1a2c4d587\", \"cnry-1c7e5a9d3f0b8264\", \"cnry-e8f2b6d0a4c19375\"]\n";

/// What it costs to look for a decoy's values in every result.
fn canary(
    options: &Options,
    report: &mut Report,
    plain: &Process,
    watched: &Process,
) -> Result<()> {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    block(&mut watched.client()?, &mut Vec::new())?;
    for _ in 0..options.scale(40) {
        block(&mut plain.client()?, &mut without)?;
        block(&mut watched.client()?, &mut with)?;
    }
    let mut both = |share| (quantile(&mut with, share), quantile(&mut without, share));
    let (half, most) = (both(0.5), both(0.99));
    report.row(
        "warm point query over HTTP with a canary",
        format!("p50 {}, p99 {}", short(half.0), short(most.0)),
        format!("without: p50 {}, p99 {}", short(half.1), short(most.1)),
        "",
        true,
    );
    Ok(())
}

fn latency(options: &Options, report: &mut Report, ours: &Process, echo: &Process) -> Result<()> {
    let (mut own, mut bare) = (Vec::new(), Vec::new());
    block(&mut ours.client()?, &mut Vec::new())?;
    block(&mut echo.client()?, &mut Vec::new())?;
    // A new connection for each block: on which core its two ends happen to wake one another moves
    // a small answer's time by some 50 us, either server's alike.
    for _ in 0..options.scale(40) {
        block(&mut ours.client()?, &mut own)?;
        block(&mut echo.client()?, &mut bare)?;
    }
    for (name, share, bound) in [("p50", 0.5, 40), ("p99", 0.99, 300)] {
        let (own, bare) = (quantile(&mut own, share), quantile(&mut bare, share));
        let more = own.saturating_sub(bare);
        report.row(
            &format!("warm point query over HTTP, {name}"),
            short(own),
            format!("axum echo: {}, so + {}", short(bare), short(more)),
            &format!("echo + {bound} µs"),
            more <= Duration::from_micros(bound),
        );
    }
    Ok(())
}
