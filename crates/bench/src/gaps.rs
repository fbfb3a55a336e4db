//! How long a statement goes without a look at the time, by kind: the longest gap between two calls
//! of the engine's pace, searched for among variations of each kind. In the thread's own CPU time, so
//! that what else the machine does is not taken for the statement's.

use std::cell::Cell;
use std::time::Duration;

use engine::{
    Interrupt, Pace, Params, QueryLimits, Readers, Run, Script, run as run_script, thread_time,
};
use model::{Account, Clock, Flow, RowSink, limits};

use crate::clock::RealClock;
use crate::report::{Report, short};
use crate::{Options, Result, documents, load};

const ROWS: usize = 200_000;
/// Gaps that DESIGN hopes for; beyond it a turn is passed on as overdue.
const GAP_MAX: Duration = Duration::from_millis(limits::CPU_TURN_OVERDUE_MS);

/// Remembers the longest time between two looks.
struct Gaps {
    last: Cell<Duration>,
    longest: Cell<Duration>,
    looks: Cell<u64>,
}

impl Gaps {
    fn new() -> Gaps {
        Gaps {
            last: Cell::new(thread_time()),
            longest: Cell::new(Duration::ZERO),
            looks: Cell::new(0),
        }
    }
}

impl Pace for Gaps {
    fn look(&self) {
        let now = thread_time();
        let gap = now.saturating_sub(self.last.replace(now));
        self.longest.set(self.longest.get().max(gap));
        self.looks.set(self.looks.get() + 1);
    }
}

/// Takes all rows and keeps none.
struct Nothing;

impl RowSink for Nothing {
    fn begin(&mut self, _: &[model::Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, _: &[model::Cell<'_>]) -> Flow {
        Flow::Continue
    }
    fn finish(&mut self, _: &model::Summary) {}
    fn fail(&mut self, _: &model::Error) {}
}

/// A kind of statement, with `{c}` for columns to try and `{w}` for how wide the rows are made.
const KINDS: &[(&str, &str)] = &[
    ("count", "SELECT count(*) FROM reads"),
    ("GROUP BY", "SELECT {c}, count(*), sum(pages) FROM reads GROUP BY {c}"),
    ("GROUP BY of texts", "SELECT {c}, group_concat(id) FROM reads GROUP BY {c}"),
    (
        "ORDER BY",
        "SELECT * FROM (SELECT id, {w} x FROM reads ORDER BY {c}, x LIMIT -1 OFFSET 199000)",
    ),
    ("DISTINCT", "SELECT count(*) FROM (SELECT DISTINCT {c}, id, {w} FROM reads)"),
    ("UNION", "SELECT count(*) FROM (SELECT {c}, {w} FROM reads UNION SELECT id, cost FROM reads)"),
    (
        "window",
        "SELECT max(r) FROM (SELECT sum(pages) OVER (PARTITION BY {c} ORDER BY cost) r, {w} FROM reads)",
    ),
    (
        "join without an index",
        "SELECT count(*) FROM reads a JOIN reads b ON a.{c} = b.{c} AND a.note > b.note LIMIT 1",
    ),
    (
        "json_group_array",
        "SELECT length(json_group_array({w})) FROM (SELECT * FROM reads LIMIT 100000)",
    ),
    (
        "CREATE TABLE AS",
        "CREATE TEMP TABLE t AS SELECT id, {c}, {w} x FROM reads; SELECT count(*) FROM t",
    ),
    ("CREATE INDEX", "CREATE INDEX i ON reads({c}, id); SELECT count(*) FROM reads"),
    ("UPDATE", "UPDATE reads SET {c} = {c} || 'x'; SELECT 1"),
    ("VACUUM", "CREATE INDEX i ON reads({c}); VACUUM; SELECT 1"),
];

const COLUMNS: &[&str] = &["status", "city", "cost", "note", "read_at"];
const WIDTHS: &[&str] = &["1", "note || city", "hex(note || note || note || note)"];

/// Runs the search.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let catalog = documents::catalog(0, false)?;
    let image = load::image(&catalog, options.scale(ROWS))?;
    let mut longest = (Duration::ZERO, "");
    for (kind, pattern) in KINDS {
        let mut worst = (Duration::ZERO, 0, String::new());
        for column in COLUMNS {
            for width in WIDTHS {
                let sql = pattern.replace("{c}", column).replace("{w}", width);
                let (gap, looks) = gap_of(&image, &sql)?;
                if gap >= worst.0 {
                    worst = (gap, looks, sql);
                }
                if !pattern.contains("{w}") {
                    break;
                }
            }
            if !pattern.contains("{c}") {
                break;
            }
        }
        let (gap, looks, sql) = worst;
        report.note(
            &format!("longest gap between looks at the time, {kind}"),
            short(gap),
            format!("of {looks} looks: `{}`", sql.split(';').next().unwrap_or_default()),
        );
        if gap > longest.0 {
            longest = (gap, kind);
        }
    }
    report.row(
        "longest gap of all kinds",
        short(longest.0),
        format!("{}; one thread, {} rows", longest.1, options.scale(ROWS)),
        &format!("≤ {}", short(GAP_MAX)),
        longest.0 <= GAP_MAX,
    );
    Ok(())
}

/// The longest gap of a script, and how often it looked. What fails for want of memory counts, too.
fn gap_of(image: &engine::Image, sql: &str) -> Result<(Duration, u64)> {
    let account = Account::root(2 << 30);
    let limits = QueryLimits {
        max_rows: None,
        row_bytes_max: limits::ROW_BYTES_DEFAULT,
        sql_bytes_max: 1 << 20,
        cpu_time_max: None,
    };
    let (interrupt, gaps) = (Interrupt::new(), Gaps::new());
    let script = Script { sql: sql.to_owned(), params: Params::None };
    let run = Run {
        image,
        shared: None,
        account: &account,
        heap: &account,
        limits: &limits,
        interrupt: &interrupt,
        pace: Some(&gaps),
        clock: &RealClock,
        // A join without an index would take for ever.
        deadline: RealClock.monotonic().after(Duration::from_secs(3)),
        as_of: None,
    };
    let outcome = run_script(&script, &run, &Readers::new(0), &mut Nothing);
    gaps.look();
    match outcome {
        Err(engine::Failure::Error { error, .. }) if error.code == model::ErrorCode::SqlError => {
            Err(format!("{sql}: {error}").into())
        }
        Err(engine::Failure::NeedTables(_)) => Err("a table is not loaded".into()),
        _ => Ok((gaps.longest.get(), gaps.looks.get())),
    }
}
