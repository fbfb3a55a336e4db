//! Images: publishing, opening and querying, what-if writes, and two threads on one image.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    Failure, Image, Interrupt, LoadLimits, Loader, Params, QueryLimits, Readers, Run, Script,
    TableShape, Value, run as run_script, run_brief,
};
use model::{Account, Cell, Clock, Flow, RowSink, limits};

use crate::clock::{RealClock, median, timed};
use crate::report::{Report, short, size};
use crate::{Options, Result, documents, load};

/// Counts rows and keeps the last integer.
#[derive(Default)]
struct Count {
    rows: u64,
    last: i64,
}

impl RowSink for Count {
    fn begin(&mut self, _: &[model::Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.rows += 1;
        if let Some(Cell::Integer(n)) = cells.first() {
            self.last = *n;
        }
        Flow::Continue
    }
    fn finish(&mut self, _: &model::Summary) {}
    fn fail(&mut self, _: &model::Error) {}
}

/// Runs `script` to its end.
fn ask(image: &Image, readers: &Readers, account: &Arc<Account>, script: &Script) -> Result<Count> {
    with_run(image, account, |run| ask_long(script, run, readers))
}

/// What the engine is given, made once.
fn with_run<T>(image: &Image, account: &Arc<Account>, work: impl FnOnce(&Run<'_>) -> T) -> T {
    let limits = QueryLimits {
        max_rows: None,
        row_bytes_max: limits::ROW_BYTES_DEFAULT,
        sql_bytes_max: 1 << 20,
        cpu_time_max: None,
    };
    let interrupt = Interrupt::new();
    work(&Run {
        image,
        shared: None,
        account,
        heap: account,
        limits: &limits,
        interrupt: &interrupt,
        pace: None,
        clock: &RealClock,
        deadline: RealClock.monotonic().after(Duration::from_secs(600)),
        as_of: None,
    })
}

fn ask_long(script: &Script, run: &Run<'_>, readers: &Readers) -> Result<Count> {
    let mut count = Count::default();
    match run_script(script, run, readers, &mut count) {
        Ok(_) => Ok(count),
        Err(Failure::Error { error, .. }) => Err(error.to_string().into()),
        Err(Failure::NeedTables(_)) => Err("a table is not loaded".into()),
    }
}

fn ask_brief(script: &Script, run: &Run<'_>, readers: &Readers) -> Result<Count> {
    let mut count = Count::default();
    run_brief(script, run, readers, &mut count).ok_or("it did not go the short way")?;
    Ok(count)
}

fn point(n: usize) -> Script {
    Script {
        sql: "SELECT pages FROM reads WHERE id = ?".into(),
        params: Params::Positional(vec![Value::Text(documents::read_id(n))]),
    }
}

fn open_query_close(
    options: &Options,
    report: &mut Report,
    extra: usize,
    bound: Duration,
) -> Result<()> {
    let catalog = documents::catalog(extra, false)?;
    let image = load::image(&catalog, 20)?;
    let account = Account::root(1 << 30);
    let none = Readers::new(0);
    let script = point(7);
    let mut times = Vec::new();
    for _ in 0..options.scale(5_000) {
        let (time, answer) = timed(|| ask(&image, &none, &account, &script));
        black_box(answer?);
        times.push(time);
    }
    let time = median(times);
    report.row(
        &format!("open + prepare + point query + close, {} tables", extra + 1),
        short(time),
        String::new(),
        &format!("≤ {}", short(bound)),
        time <= bound,
    );
    Ok(())
}

fn kept(options: &Options, report: &mut Report, image: &Image) -> Result<()> {
    let account = Account::root(1 << 30);
    let readers = Readers::new(4);
    let script = point(12_345);
    let rounds = options.scale(200_000);
    let time_each = |ask: &dyn Fn(&Script, &Run<'_>, &Readers) -> Result<Count>| {
        let (time, answer) = timed(|| {
            with_run(image, &account, |run| {
                (0..rounds).try_for_each(|_| {
                    black_box(ask(&script, run, &readers)?.rows);
                    Ok::<_, Box<dyn std::error::Error>>(())
                })
            })
        });
        answer?;
        Ok::<_, Box<dyn std::error::Error>>(time / u32::try_from(rounds)?)
    };
    ask(image, &readers, &account, &script)?;
    let long = time_each(&ask_long)?;
    let each = time_each(&ask_brief)?;
    let bound = Duration::from_nanos(500);
    let plain = plain_point(rounds)?;
    report.row(
        "point query on an open reader, hot (whole `engine::run_brief`)",
        short(each),
        format!(
            "rusqlite, prepared, plain `:memory:`: {}; `engine::run`, which also watches the clock: {}",
            short(plain),
            short(long)
        ),
        "≤ 0.5 µs",
        each <= bound,
    );
    Ok(())
}

/// The same point query by rusqlite on one prepared statement.
fn plain_point(rounds: usize) -> Result<Duration> {
    let connection = rusqlite::Connection::open_in_memory()?;
    connection.execute_batch(
        "CREATE TABLE reads (id TEXT PRIMARY KEY, pages INT) WITHOUT ROWID;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
         INSERT INTO reads SELECT printf('65f1a2b3c4d5e6f7%08x', i), i FROM n",
    )?;
    let mut statement = connection.prepare("SELECT pages FROM reads WHERE id = ?")?;
    let id = documents::read_id(12_345);
    let (time, answer) = timed(|| -> Result<()> {
        for _ in 0..rounds {
            black_box(statement.query_row([&id], |row| row.get::<_, i64>(0))?);
        }
        Ok(())
    });
    answer?;
    Ok(time / u32::try_from(rounds)?)
}

/// Publishing after a small table was loaded beside `rows` reads: every chunk's pointer is copied.
fn publish(options: &Options, report: &mut Report, rows: usize) -> Result<()> {
    let image = load::image(&documents::catalog(1, false)?, rows)?;
    let account = Account::root(1 << 32);
    let mut times = Vec::new();
    for round in 0..options.scale(500) {
        let mut loader =
            Loader::new(&image, &account, LoadLimits { row_bytes_max: limits::ROW_BYTES_DEFAULT })?;
        loader.begin_table(1, &TableShape::default(), None)?;
        let n = i64::try_from(round)?;
        if loader.sink(1).row(&[Cell::Text("a"), Cell::Text("b"), Cell::Integer(n)]) == Flow::Stop {
            return Err("the loader stopped".into());
        }
        loader.end_table(1)?;
        let (time, published) = timed(|| loader.publish());
        black_box(published?);
        times.push(time);
    }
    let time = median(times);
    let bound = Duration::from_micros(20);
    report.row(
        "publish",
        short(time),
        format!("an image of {}", size(image.bytes())),
        "≤ 20 µs",
        time <= bound,
    );
    Ok(())
}

fn what_if(report: &mut Report, image: &Image, rows: usize) -> Result<()> {
    let step = (rows / 1_000).max(1);
    let script = Script {
        sql: format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
             UPDATE reads SET pages = -1 WHERE id IN (SELECT printf('65f1a2b3c4d5e6f7%08x', i * {step}) FROM n);
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
             SELECT count(*) FROM n JOIN reads ON id = printf('65f1a2b3c4d5e6f7%08x', i * {step}) WHERE pages = -1"
        ),
        params: Params::None,
    };
    // The largest charge that still works is what it needs; the cap is the measure.
    let cap = 8_000_000;
    let account = Account::root(cap);
    let readers = Readers::new(4);
    let mut times = Vec::new();
    let mut seen = 0;
    for _ in 0..15 {
        let (time, answer) = timed(|| ask(image, &readers, &account, &script));
        seen = answer?.last;
        times.push(time);
    }
    let time = median(times);
    report.row(
        &format!("what-if: 1,000 scattered rows of {rows} updated and read back"),
        short(time),
        format!("{seen} rows read back, under a cap of 8 MB"),
        "≤ 12 ms, ≤ 8 MB",
        time <= Duration::from_millis(12) && seen == 1_000,
    );
    Ok(())
}

const GROUP_BY: &str = "SELECT city, count(*), sum(pages), avg(cost) FROM reads GROUP BY city";

/// The least CPU time of `rounds` GROUP BYs.
pub(crate) fn group_by_time(image: &Image, rounds: usize) -> Result<Duration> {
    let script = Script { sql: GROUP_BY.into(), params: Params::None };
    let (account, readers) = (Account::root(1 << 30), Readers::new(4));
    let mut least = Duration::MAX;
    for _ in 0..rounds {
        let start = engine::thread_time();
        black_box(ask(image, &readers, &account, &script)?.rows);
        least = least.min(engine::thread_time().saturating_sub(start));
    }
    Ok(least)
}

fn two_threads(options: &Options, report: &mut Report, image: &Image) -> Result<()> {
    let rounds = options.scale(20);
    let script = Script { sql: GROUP_BY.into(), params: Params::None };
    let work = || -> std::result::Result<(), String> {
        let account = Account::root(1 << 30);
        let readers = Readers::new(4);
        for _ in 0..rounds {
            ask(image, &readers, &account, &script).map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let (one, done) = timed(work);
        done?;
        let (two, done) = timed(|| {
            std::thread::scope(|scope| {
                let other = scope.spawn(work);
                work().and(other.join().unwrap_or_else(|_| Err("a thread panicked".into())))
            })
        });
        done?;
        ratios.push(2.0 * one.as_secs_f64() / two.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    report.row(
        "two threads on one image, GROUP BY",
        format!("{:.2}×", ratios[1]),
        "one thread".into(),
        "≥ 1.8×",
        ratios[1] >= 1.8,
    );
    Ok(())
}

/// Runs the group.
pub(crate) fn run(options: &Options, report: &mut Report) -> Result<()> {
    let rows = options.scale(300_000);
    let image = load::image(&documents::catalog(0, false)?, rows)?;
    publish(options, report, rows)?;
    open_query_close(options, report, 4, Duration::from_micros(40))?;
    open_query_close(options, report, 49, Duration::from_micros(200))?;
    kept(options, report, &image)?;
    what_if(report, &image, rows)?;
    two_threads(options, report, &image)
}
