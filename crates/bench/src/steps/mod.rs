//! Long single steps: for each kind of work that a statement can ask for, the worst found at the
//! limits, and the longest time that passes between two looks at the clock while it runs. By so much
//! it may outlast its deadline. Times are the thread's CPU time, so that neighbours do not count.

#[cfg(test)]
mod tests;
mod written;

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use engine::{
    Blank, Failure, Image, Interrupt, PageSize, Params, Part, QueryLimits, Readers, Run, Script,
};
use model::{Account, Cell, Clock, Flow, Monotonic, RowSink, Timestamp, limits};

use crate::report::{Report, short};
use crate::{Options, Result, documents, load};

/// Longer than this past its deadline no statement may run.
const BOUND: Duration = Duration::from_millis(250);
/// The CPU time after which a statement is to end.
const DEADLINE: Duration = Duration::from_secs(3);
/// When a statement that does not end is given up, in seconds.
const GIVEN_UP_SECONDS: u32 = 40;
/// Rows of the table `reads`.
const ROWS: usize = 200_000;

/// A row for each statement, each run in a process of its own, since one might never end.
pub(crate) fn run(_: &Options, report: &mut Report) -> Result<()> {
    let only = std::env::var("STEP").unwrap_or_default();
    for step in written::all()? {
        if !step.name.starts_with(&only) {
            continue;
        }
        let child = Command::new("timeout")
            .arg(GIVEN_UP_SECONDS.to_string())
            .arg(std::env::current_exe()?)
            .args(["step", &step.name])
            .stderr(Stdio::inherit())
            .output()?;
        let told = String::from_utf8_lossy(&child.stdout);
        let told = told.trim();
        let gap = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
        let gap = gap.map_or(Duration::from_secs(GIVEN_UP_SECONDS.into()), Duration::from_nanos);
        let how = told.split_once(' ').map_or("did not end", |(_, how)| how);
        report.row(&step.name, short(gap), how.to_owned(), "250 ms", gap <= BOUND);
    }
    Ok(())
}

/// Runs one statement and prints the longest time between two looks, and how it ended.
#[expect(clippy::print_stdout, reason = "read by the process that started this one")]
pub(crate) fn child(name: &str) -> Result<()> {
    engine::init()?;
    let step = written::all()?.into_iter().find(|step| step.name == name).ok_or("no such step")?;
    let catalog = documents::catalog(0, true)?;
    let image = if step.rows {
        load::image(&catalog, ROWS)?
    } else {
        Blank::build(&catalog, Part::Tenant, PageSize::Normal)?.image().clone()
    };
    let (gap, how) = longest(&image, &step.sql, DEADLINE);
    println!("{} {how}", gap.as_nanos());
    Ok(())
}

/// The longest gap between two looks, and how it ended.
fn longest(image: &Image, sql: &str, deadline: Duration) -> (Duration, String) {
    let start = engine::thread_time();
    let watching = Watching { last: Mutex::new(start), longest: Mutex::default() };
    let account = Account::root(limits::QUERY_TEMP_DEFAULT_BYTES);
    let heap = Account::root(limits::QUERY_HEAP_DEFAULT_BYTES);
    let bounds = QueryLimits {
        max_rows: None,
        row_bytes_max: limits::ROW_BYTES_DEFAULT,
        sql_bytes_max: limits::SQL_DEFAULT_BYTES,
        cpu_time_max: None,
    };
    let script = Script { sql: sql.to_owned(), params: Params::None };
    let run = Run {
        image,
        shared: None,
        account: &account,
        heap: &heap,
        limits: &bounds,
        interrupt: &Interrupt::new(),
        pace: None,
        clock: &watching,
        deadline: Monotonic::default().after(start + deadline),
        as_of: None,
    };
    let outcome = engine::run(&script, &run, &Readers::new(0), &mut Dropped);
    watching.monotonic();
    let how = match outcome {
        Ok(summary) => format!("{} rows", summary.rows),
        Err(Failure::Error { error, .. }) => format!("{:?}", error.code),
        Err(Failure::NeedTables(_)) => "a table is missing".to_owned(),
    };
    let longest = watching.longest.lock().map(|longest| *longest).unwrap_or_default();
    (longest, format!("{how}, after {}", short(engine::thread_time() - start)))
}

/// The thread's CPU time as a clock, which keeps the longest gap between two looks at it.
struct Watching {
    last: Mutex<Duration>,
    longest: Mutex<Duration>,
}

impl Clock for Watching {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> Monotonic {
        let now = engine::thread_time();
        if let (Ok(mut last), Ok(mut longest)) = (self.last.lock(), self.longest.lock()) {
            *longest = (*longest).max(now.saturating_sub(*last));
            *last = now;
        }
        Monotonic::default().after(now)
    }
}

struct Dropped;

impl RowSink for Dropped {
    fn begin(&mut self, _: &[model::Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, _: &[Cell<'_>]) -> Flow {
        Flow::Continue
    }
    fn finish(&mut self, _: &model::Summary) {}
    fn fail(&mut self, _: &model::Error) {}
}
