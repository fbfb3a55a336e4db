//! Nothing is ever written to disk: a child process with no working temp folder, an unwritable
//! current folder and a file size limit of zero bytes sorts, indexes, fills temp tables and scratches.

#![expect(clippy::unwrap_used, reason = "a test outside of a test function")]
#![expect(clippy::print_stdout, reason = "what the child says to its parent")]

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use engine::{
    Blank, Interrupt, LoadLimits, Loader, PageSize, Params, Part, QueryLimits, Readers, Run,
    Script, TableShape,
};
use model::{
    Account, Catalog, Cell, Clock, Column, ColumnPath, ColumnType, Error, Flow, Monotonic, Path,
    RowSink, Summary, Table, TableColumn, TenantKeyType, Timestamp,
};

const CHILD: &str = "LITEVISOR_TEST_NO_DISK_CHILD";

#[test]
fn no_file_is_made() {
    if std::env::var_os(CHILD).is_some() {
        return work();
    }
    let folder = tempfile::tempdir().unwrap();
    // The child's own control: it fails if this limit does not bite, so the test can fail.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "no_file_is_made", "--nocapture"])
        .env(CHILD, "1")
        .env("TMPDIR", folder.path())
        .env("SQLITE_TMPDIR", folder.path())
        .current_dir(folder.path());
    // SAFETY: between fork and exec only `setrlimit` and `signal` are called, which are
    // async-signal-safe. A write to any regular file then fails with EFBIG.
    unsafe {
        child.pre_exec(|| {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            if libc::setrlimit(libc::RLIMIT_FSIZE, &raw const none) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            Ok(())
        });
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("all was done"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the control's file");
}

fn work() {
    use std::io::Write as _;
    let mut control = std::fs::File::create("control").unwrap();
    assert!(control.write_all(b"x").is_err(), "the file size limit does not bite");
    let files = open_files();

    let column = |name: &str, column_type| TableColumn {
        name: name.to_owned(),
        path: ColumnPath::Index,
        column_type,
        description: None,
    };
    let catalog = Arc::new(Catalog {
        tenants: None,
        tenant_key_type: TenantKeyType::String,
        exclude: Vec::new(),
        tables: vec![Table {
            name: "t".to_owned(),
            description: None,
            collection: "t".to_owned(),
            tenant_key: Path::from_segments(Vec::new()),
            filter: None,
            unwind: None,
            shared: false,
            columns: vec![column("id", ColumnType::Text), column("x", ColumnType::Any)],
            primary_key: vec![0],
            indexes: vec![vec![1]],
        }],
        version: "0".to_owned(),
    });
    let account = Account::root(u64::MAX);
    let blank = Blank::build(&catalog, Part::Tenant, PageSize::Normal).unwrap();
    let limits = LoadLimits { row_bytes_max: 1 << 20 };
    let mut loader = Loader::new(blank.image(), &account, limits).unwrap();
    loader.begin_table(0, &TableShape::default(), None).unwrap();
    for n in 0..100_000i64 {
        let (id, text) = (format!("{:08}", n * 7919 % 100_000), "some text ".repeat(10));
        assert_eq!(loader.sink(0).row(&[Cell::Text(&id), Cell::Text(&text)]), Flow::Continue);
    }
    loader.end_table(0).unwrap();
    let image = loader.publish().unwrap();
    for sql in [
        "SELECT * FROM t ORDER BY x, id DESC",
        "CREATE INDEX i ON t(x, id); SELECT count(*) FROM t",
        "CREATE TEMP TABLE y AS SELECT * FROM t; CREATE INDEX temp.z ON y(x); SELECT count(*) FROM y",
        "UPDATE t SET x = x || 'more'; VACUUM; SELECT count(*) FROM t",
        "BEGIN; SAVEPOINT s; UPDATE OR ROLLBACK t SET id = id || 'x'; ROLLBACK TO s; ROLLBACK; SELECT 1",
        "SELECT x, count(DISTINCT id) FROM t GROUP BY x UNION SELECT id, 1 FROM t",
    ] {
        let script = Script { sql: sql.to_owned(), params: Params::None };
        let run = Run {
            image: &image,
            shared: None,
            account: &account,
            heap: &account,
            limits: &QueryLimits {
                max_rows: None,
                row_bytes_max: 1 << 20,
                sql_bytes_max: 1 << 20,
                cpu_time_max: None,
            },
            interrupt: &Interrupt::new(),
            pace: None,
            clock: &Still,
            deadline: Monotonic(u64::MAX),
            as_of: None,
        };
        let mut sink = Counting { files, rows: 0 };
        engine::run(&script, &run, &Readers::new(0), &mut sink).unwrap();
        assert!(sink.rows > 0);
    }
    println!("all was done");
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
    fn monotonic(&self) -> Monotonic {
        Monotonic(0)
    }
}

/// Checks at the first row, while sorters are open, that no file is.
struct Counting {
    files: usize,
    rows: u64,
}

impl RowSink for Counting {
    fn begin(&mut self, _columns: &[Column]) -> Flow {
        assert_eq!(open_files(), self.files);
        Flow::Continue
    }
    fn row(&mut self, _cells: &[Cell<'_>]) -> Flow {
        self.rows += 1;
        Flow::Continue
    }
    fn finish(&mut self, _summary: &Summary) {}
    fn fail(&mut self, error: &Error) {
        panic!("{error}");
    }
}
