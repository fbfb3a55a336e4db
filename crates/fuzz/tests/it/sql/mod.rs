//! Target `sql`: a tenant's statements through the sandbox. An input is SQL, or, after a byte 0,
//! choices of a grammar. Whatever it is: no crash, an error of the few that are the statement's
//! fault, an end soon after the deadline, nothing left charged, not a byte of the image changed, no
//! file anywhere; and who asks next, or asks the same again by a reader that was kept, is answered
//! as if nothing had happened.

mod grammar;
mod stage;

use std::sync::{LazyLock, Mutex, PoisonError};

use engine::Readers;
use fuzz::Target;
use model::ErrorCode;
use stage::{End, Stage};

const TARGET: Target = Target {
    name: "sql",
    words: &[
        b" SELECT ",
        b" FROM ",
        b" WHERE ",
        b" GROUP BY ",
        b" ORDER BY ",
        b" LIMIT ",
        b" OVER (",
        b" PARTITION BY ",
        b" WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) ",
        b" UNION ALL ",
        b" EXCEPT ",
        b" JOIN ",
        b" NATURAL FULL JOIN ",
        b" USING(id) ",
        b" DISTINCT ",
        b" IN (SELECT ",
        b" EXISTS (SELECT ",
        b" CASE WHEN ",
        b" CAST(",
        b" COLLATE ",
        b" ESCAPE ",
        b" INSERT INTO ",
        b" UPDATE ",
        b" DELETE FROM ",
        b" RETURNING * ",
        b" ON CONFLICT DO UPDATE SET ",
        b" CREATE TABLE t(a, b);",
        b" CREATE TEMP VIEW v AS ",
        b" CREATE INDEX i ON ",
        b" CREATE TRIGGER g AFTER INSERT ON t BEGIN ",
        b" END ",
        b" USING fts5(a, b) ",
        b" USING rtree(a, b, c) ",
        b" MATCH ",
        b"PRAGMA ",
        b"ATTACH 'outside.db' AS x",
        b" VACUUM ",
        b"SAVEPOINT s;",
        b"ROLLBACK TO s;",
        b"EXPLAIN ",
        b" devices ",
        b" alerts ",
        b" shared.cities ",
        b" sqlite_schema ",
        b" rowid ",
        b"json_each(",
        b"group_concat(",
        b"printf('%.*c', 9, 'x')",
        b"replace(",
        b"instr(",
        b"trim(",
        b"regexp(",
        b"substr(",
        b"zeroblob(99999)",
        b"hex(",
        b"randomblob(99)",
        b"max(",
        b"sum(",
        b"generate_series(1, 99)",
        b"NULL",
        b"''",
        b"x'00'",
        b"9223372036854775807",
        b"1e999",
        b"?1",
        b":a",
        b"(",
        b")",
        b",",
        b";",
        b"\"",
        b"'",
        b"--",
        b"/*",
        b"||",
        b"->>",
        b"*",
    ],
    cases: 800,
    bytes_max: 1_024,
    seeds: hostile,
};

/// What a reader asks that has nothing to do with it, and what it is told.
const HONEST: &str = "SELECT city, count(*), sum(price), min(country) FROM devices JOIN cities ON name = city GROUP BY city ORDER BY 1";

struct World {
    stage: Stage,
    /// Kept from input to input.
    readers: Readers,
    bytes: Vec<u8>,
    honest: String,
}

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(|| {
    let (stage, readers) = (Stage::new(), Readers::new(2));
    let honest = format!("{:?}", stage.ask(HONEST, &readers));
    assert!(honest.contains("Delft"), "{honest}");
    Mutex::new(World { bytes: stage.bytes(), honest, stage, readers })
});

#[test]
fn target() {
    TARGET.run(|bytes| {
        let sql = match bytes.split_first() {
            Some((0, choices)) => grammar::script(&mut grammar::Choices::of(choices)),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        };
        let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
        hold(&world, &sql);
    });
    let world = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    world.stage.is_whole();
}

fn hold(world: &World, sql: &str) {
    let stage = &world.stage;
    let before = files();
    let _ = engine::tables_needed(&stage.blank[0], Some(&stage.blank[1]), &stage::script(sql));
    let first = stage.ask(sql, &Readers::new(1));
    let kept = stage.ask(sql, &world.readers);
    let again = stage.ask(sql, &world.readers);
    for end in [&first, &kept, &again] {
        is_an_end(sql, end);
    }
    for other in [&kept, &again] {
        assert!(!tells_the_same(sql) || alike(&first, other), "{sql}\n{first:?}\n{other:?}");
    }
    assert!(stage.bytes() == world.bytes, "the image has changed: {sql}");
    assert_eq!(format!("{:?}", stage.ask(HONEST, &world.readers)), world.honest, "{sql}");
    assert_eq!(files(), before, "{sql}");
}

/// The names in the folder where SQLite would put a file without a path.
fn files() -> Vec<std::ffi::OsString> {
    let entries = std::fs::read_dir(".").expect("the folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

/// Rows, or the statement's fault.
fn is_an_end(sql: &str, end: &End) {
    const FAULTS: [ErrorCode; 6] = [
        ErrorCode::RequestInvalid,
        ErrorCode::SqlError,
        ErrorCode::SqlNotAllowed,
        ErrorCode::QueryTimeout,
        ErrorCode::QueryMemoryExceeded,
        ErrorCode::ResultTooLarge,
    ];
    match end {
        End::Rows(_) => {}
        End::Needs => panic!("all tables are loaded: {sql}"),
        End::Failed(error) => {
            assert!(FAULTS.contains(&error.code), "{error} ({:?}): {sql}", error.internal);
            let within = error.offset.is_none_or(|offset| offset <= sql.len() as u64);
            assert!(within, "{:?} is no place of: {sql}", error.offset);
        }
    }
}

/// Whether the statement says the same whenever it is asked: nothing random, no time, and nothing
/// of what this connection did before (which is documented to be unknown).
fn tells_the_same(sql: &str) -> bool {
    const OTHERWISE: [&str; 8] =
        ["random", "now", "date", "time", "julian", "changes", "last_insert", "pragma"];
    let sql = sql.to_ascii_lowercase();
    !OTHERWISE.iter().any(|word| sql.contains(word))
}

/// Both told the same; who ran out of time or memory told nothing.
fn alike(one: &End, other: &End) -> bool {
    let short = |end: &End| match end {
        End::Failed(error) => {
            matches!(error.code, ErrorCode::QueryTimeout | ErrorCode::QueryMemoryExceeded)
        }
        _ => false,
    };
    match (one, other) {
        (End::Rows(one), End::Rows(other)) => one == other,
        (End::Failed(a), End::Failed(b)) if a.code == b.code => a.offset == b.offset,
        _ => short(one) || short(other),
    }
}

/// The statements of the corpus that goes through HTTP, as far as they are written out.
fn hostile() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../litevisor/tests/hostile");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the corpus").flatten().collect();
    files.sort_by_key(std::fs::DirEntry::path);
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file.path()).ok());
    let mut found = Vec::new();
    for text in texts {
        for entry in format!("\n{text}").split("\n--: ").skip(1) {
            let lines = entry.lines().skip(1).filter(|line| !line.starts_with("--"));
            let sql = lines.collect::<Vec<_>>().join("\n");
            if !sql.contains("{{") && sql.len() <= TARGET.bytes_max {
                found.push(sql.into_bytes());
            }
        }
    }
    assert!(found.len() > 200, "{} statements", found.len());
    found
}
