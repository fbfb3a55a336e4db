//! A whole large table as CSV over HTTP, beside the `sqlite3` shell on the same table, and the
//! memory that a slow reader of it costs.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::{bare, query};
use crate::clock::{median, timed};
use crate::documents::{self, Dump};
use crate::report::{Report, short, size};
use crate::server::Process;
use crate::{Options, Result};

const ROUNDS: usize = 5;
const CSV: &str = "{\"sql\":\"SELECT * FROM reads\",\"format\":\"csv\"}";

/// Saves the tenant's database as a file for the shell.
fn save_image(process: &Process, file: &Path) -> Result<()> {
    let mut client = process.client()?;
    client.send(&bare("GET", "/v1/instance/image?tenant=bench"))?;
    let head = client.head()?;
    let mut out = std::fs::File::create(file)?;
    let mut failed = None;
    client.body(&head, &mut |piece| {
        if let Err(error) = out.write_all(piece) {
            failed = Some(error);
        }
    })?;
    match (head.status, failed) {
        (200, None) => Ok(()),
        (status, error) => Err(format!("saving the image: status {status}, {error:?}").into()),
    }
}

fn shell_version() -> Result<String> {
    let output = Command::new("sqlite3").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or("unknown").to_owned())
}

fn shell(file: &Path) -> Result<Duration> {
    let (time, status) = timed(|| {
        Command::new("sqlite3")
            .arg("-csv")
            .arg("-header")
            .arg(file)
            .arg("SELECT * FROM reads")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
    });
    if status?.success() { Ok(time) } else { Err("the sqlite3 shell failed".into()) }
}

fn over_http(process: &Process, rows: usize) -> Result<(Duration, u64)> {
    let mut client = process.client()?;
    let request = query("bench", CSV);
    let mut lines = 0;
    let (time, bytes) = timed(|| -> Result<u64> {
        client.send(&request)?;
        let head = client.head()?;
        client.body(&head, &mut |piece| lines += bytecount(piece))
    });
    if lines != rows + 1 {
        return Err(format!("{lines} lines came of {rows} rows").into());
    }
    Ok((time, bytes?))
}

fn bytecount(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| **byte == b'\n').count()
}

/// Reads slowly while watching the server's memory: about 2 MB/s for a few seconds.
fn slow_reader(process: &Process) -> Result<u64> {
    let mut client = process.client()?;
    client.ask(&query("bench", "{\"sql\":\"SELECT 1\"}"))?;
    std::thread::sleep(Duration::from_millis(500));
    let idle = process.rss()?;
    client.send(&query("bench", CSV))?;
    let head = client.head()?;
    let (mut most, mut since, mut taken) = (0, 0_usize, 0_usize);
    let result = client.body(&head, &mut |piece| {
        since += piece.len();
        taken += piece.len();
        // For the first 10 MB; the rest at full speed, so that the bench ends.
        if since > 200_000 && taken < 10_000_000 {
            since = 0;
            std::thread::sleep(Duration::from_millis(100));
        }
        if since == 0 || taken % 5_000_000 < 300_000 {
            most = most.max(process.rss().unwrap_or(u64::MAX));
        }
    });
    result?;
    Ok(most.saturating_sub(idle))
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let rows = options.scale(1_000_000);
    let dir = tempfile::tempdir()?;
    let dump = dir.path().join("dump");
    let mut reads = Dump::create(&dump, "reads")?;
    for n in 0..rows {
        reads.add(&documents::read("bench", n))?;
    }
    reads.finish()?;
    let settings = format!(
        "[source]\nkind = \"dump\"\npath = {dump:?}\n\n[query]\nresult_bytes_max = \"2GiB\"\ntimeout = \"5m\"\n\n\
         [instance]\nbytes_max = \"4GiB\"\nboot_wait = \"2m\"\n"
    );
    let process = Process::litevisor(&dir.path().join("serve"), documents::READS, &settings)?;
    process.client()?.ask(&query("bench", "{\"sql\":\"SELECT count(*) FROM reads\"}"))?;
    let file = dir.path().join("image.sqlite");
    save_image(&process, &file)?;
    let (mut own, mut shells, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let (time, length) = over_http(&process, rows)?;
        own.push(time);
        bytes = length;
        shells.push(shell(&file)?);
    }
    let (own, other) = (median(own), median(shells));
    let times = other.as_secs_f64() / own.as_secs_f64();
    report.row(
        &format!("{rows} rows × 12 to CSV over HTTP ({})", size(bytes)),
        short(own),
        format!("sqlite3 shell {}: {}, so {times:.1}×", shell_version()?, short(other)),
        "≥ 2.5×",
        times >= 2.5,
    );
    let more = slow_reader(&process)?;
    report.row(
        "peak RSS while streaming those rows to a slow reader",
        format!("{} above idle", size(more)),
        String::new(),
        "< 64 MiB",
        more < 64 << 20,
    );
    Ok(())
}
