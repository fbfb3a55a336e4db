//! `make bench`: every figure that the project states, each beside its baseline in the same run.
//! Prints a table and writes it to `docs/performance.md`.
//!
//! `bench [--quick] [--only NAME]... [--write FILE]`; `bench echo PORT` is the bare axum server
//! that the HTTP rows are compared with, `bench step NAME` one statement of the group `steps`,
//! `bench ledger` one work of the group `ledger`;
//! `bench soak` is [`soak`], which measures nothing.

mod boots;
mod client;
mod clock;
mod documents;
mod echo;
mod gaps;
mod images;
mod ledger;
mod load;
mod mongod;
mod neighbours;
mod report;
mod server;
mod soak;
mod steps;
mod tiny;
mod warm;
mod whole;

use std::path::PathBuf;
use std::process::ExitCode;

use report::Report;

/// What went wrong, as text: the bench has one reader, who is at the terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How much to do.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// A tenth of the rows and rounds: to see that everything runs, not for figures.
    quick: bool,
    /// Names of groups; empty: all.
    only: Vec<String>,
    /// Where to write the table.
    write: Option<PathBuf>,
}

impl Options {
    /// `full`, or a tenth of it with `--quick`.
    pub(crate) fn scale(&self, full: usize) -> usize {
        if self.quick { (full / 10).max(1) } else { full }
    }
}

type Group = (&'static str, fn(&Options, &mut Report) -> Result<()>);

const GROUPS: [Group; 10] = [
    ("load", load::run),
    ("images", images::run),
    ("ledger", ledger::run),
    ("dump", boots::run),
    ("mongod", mongod::run),
    ("warm", warm::run),
    ("neighbours", neighbours::run),
    ("csv", whole::run),
    ("tiny", tiny::run),
    ("steps", steps::run),
];

fn main() -> ExitCode {
    match start() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            report::say(&format!("bench: {error}"));
            ExitCode::from(2)
        }
    }
}

/// What follows `soak`.
fn soak_plan(mut arguments: impl Iterator<Item = String>) -> Result<soak::Plan> {
    let mut plan = soak::Plan { minutes: 10, seed: 1 };
    while let Some(argument) = arguments.next() {
        let number =
            arguments.next().ok_or_else(|| format!("{argument} needs a number"))?.parse()?;
        match argument.as_str() {
            "--minutes" => plan.minutes = number,
            "--seed" => plan.seed = number,
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    Ok(plan)
}

/// Whether everything was measured.
fn start() -> Result<bool> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options { quick: false, only: Vec::new(), write: None };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "echo" => {
                let port = arguments.next().ok_or("echo needs a port")?.parse()?;
                echo::serve(port)?;
                return Ok(true);
            }
            "soak" => return soak::run(soak_plan(arguments)?),
            "ledger" => {
                let mut next = || arguments.next().ok_or("ledger needs a work, how, and rows");
                let (work, how) = (next()?, next()?);
                ledger::child(&work, &how, next()?.parse()?)?;
                return Ok(true);
            }
            "step" => {
                steps::child(&arguments.next().ok_or("step needs a name")?)?;
                return Ok(true);
            }
            "--quick" => options.quick = true,
            "--only" => options.only.push(arguments.next().ok_or("--only needs a name")?),
            "--write" => {
                options.write = Some(arguments.next().ok_or("--write needs a file")?.into())
            }
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    engine::init()?;
    let mut report = Report::default();
    for (name, group) in GROUPS {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            report::say(&format!("… {name}"));
            if let Err(error) = group(&options, &mut report) {
                report.failed(name, &error.to_string());
            }
        }
    }
    report.print();
    if let Some(file) = &options.write {
        report.write(file, &options)?;
    }
    Ok(report.all_measured())
}
