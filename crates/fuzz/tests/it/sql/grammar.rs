//! Statements from choices: each byte of the input picks one, so that changing a byte changes a
//! part of the statement and what comes out is mostly SQL.

use std::sync::LazyLock;

use engine::sandbox::{Kind, Verdict, rules};

/// How deep expressions and queries nest.
const DEPTH_MAX: u32 = 4;
/// Statements of one script.
const STATEMENTS_MAX: usize = 4;

/// A function that a tenant may call, once for each number of arguments (-1: any number).
struct Function {
    name: String,
    arguments: i32,
    /// `s` for those of one row, `a` and `w` for those of many.
    kind: String,
}

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| {
    engine::init().expect("the engine is the first to open SQLite");
    let sql = "SELECT DISTINCT name, narg, type FROM pragma_function_list ORDER BY 1, 2";
    let db = rusqlite::Connection::open_in_memory().expect("SQLite");
    let mut list = db.prepare(sql).expect("a list");
    let rows = list.query_map([], |row| {
        Ok(Function { name: row.get(0)?, arguments: row.get(1)?, kind: row.get(2)? })
    });
    let mut known: Vec<Function> =
        rows.expect("a list").map(|function| function.expect("a function")).collect();
    let allowed = named(Kind::Function, true);
    known.retain(|function| allowed.contains(&function.name.as_str()));
    // Those that we have besides SQLite's.
    let ours = allowed.iter().filter(|name| known.iter().all(|function| function.name != **name));
    let ours: Vec<Function> = ours
        .map(|name| Function { name: (*name).to_owned(), arguments: -1, kind: "s".to_owned() })
        .collect();
    known.extend(ours);
    known
});
/// All PRAGMAs there are a rule for, refused ones too.
static PRAGMAS: LazyLock<Vec<&str>> = LazyLock::new(|| named(Kind::Pragma, false));
/// All modules there are a rule for.
static MODULES: LazyLock<Vec<&str>> = LazyLock::new(|| named(Kind::Module, false));

fn named(kind: Kind, allowed: bool) -> Vec<&'static str> {
    let of_kind = rules().iter().filter(|rule| rule.kind == kind);
    let wanted = of_kind.filter(|rule| !allowed || !matches!(rule.verdict, Verdict::Refused));
    wanted.flat_map(|rule| rule.names.split_whitespace()).collect()
}

/// Tables with some of their columns.
const TABLES: &[(&str, &[&str])] = &[
    ("devices", &["id", "serial", "city", "pages", "price"]),
    ("alerts", &["id", "level"]),
    ("cities", &["name", "country"]),
    ("shared.cities", &["name", "country"]),
    ("t", &["a", "b", "rowid"]),
    ("v", &["a", "b"]),
    ("f", &["a", "b", "rank", "f"]),
    ("c", &["n"]),
    ("json_each('[1,[2],{\"a\":3}]')", &["key", "value", "path"]),
    ("json_tree('{\"a\":[1,null]}')", &["key", "value", "fullkey"]),
    ("generate_series(1,9)", &["value"]),
    ("pragma_table_info('devices')", &["name", "type", "pk"]),
    ("sqlite_schema", &["name", "sql", "rootpage"]),
    ("sqlite_stat1", &["tbl", "stat"]),
    ("dbstat", &["name", "payload"]),
];
const LITERALS: &[&str] = &[
    "0",
    "1",
    "-1",
    "NULL",
    "''",
    "'d0007'",
    "9223372036854775807",
    "-9223372036854775808",
    "1e308",
    "0.5",
    "x'00ff'",
    "'%a_'",
    "'[a-z]*'",
    "'2026-01-02'",
    "'{\"a\":1}'",
    "?1",
    ":a",
    "'$.a'",
    "TRUE",
    "CURRENT_TIMESTAMP",
    "'ü\u{1f5a8}'",
    "zeroblob(9)",
    "'\n'",
    "1_000",
    "0x7f",
];
const BINARY: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "=",
    "<",
    ">=",
    "<>",
    "AND",
    "OR",
    "IS",
    "IS NOT",
    "LIKE",
    "GLOB",
    "REGEXP",
    "MATCH",
    "->",
    "->>",
    "<<",
    ">>",
    "&",
    "|",
    "IS NOT DISTINCT FROM",
    "COLLATE NOCASE =",
];
const REFUSED: &[&str] = &[
    "ATTACH 'outside.db' AS x",
    "VACUUM INTO 'outside.db'",
    "ATTACH ':memory:' AS m",
    "VACUUM",
    "DETACH shared",
    "SELECT load_extension('x')",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT s",
    "RELEASE s",
    "ROLLBACK TO s",
    "DROP TABLE devices",
    "DROP TABLE shared.cities",
    "REINDEX",
    "ANALYZE",
    "ALTER TABLE devices RENAME TO t",
    "ALTER TABLE t ADD COLUMN z DEFAULT 5",
    "ALTER TABLE alerts DROP COLUMN level",
    "DELETE FROM sqlite_schema",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('outside.db', 'x')",
    "CREATE TEMP TABLE devices(a)",
    "EXPLAIN SELECT 1",
];

/// Takes choices from bytes; once they are used up, always the first.
pub(super) struct Choices<'a> {
    left: &'a [u8],
    columns: &'static [&'static str],
    /// What the script has made before.
    made: Option<(&'static str, &'static [&'static str])>,
}

impl<'a> Choices<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Choices { left: bytes, columns: TABLES[0].1, made: None }
    }

    fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.left.split_first() else { return 0 };
        self.left = rest;
        usize::from(*first) % end.max(1)
    }

    /// One of more than a byte has.
    fn wide(&mut self, end: usize) -> usize {
        (self.below(256) * 256 + self.below(256)) % end.max(1)
    }

    fn one(&mut self, list: &[&'static str]) -> &'static str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    /// A table; its columns are those that expressions name from now on.
    fn table(&mut self) -> &'static str {
        // Mostly one of the first, which are there.
        let most = if self.below(4) == 0 { TABLES.len() } else { 4 };
        let one = TABLES[self.below(most)];
        let (name, columns) =
            self.made.filter(|_| self.left.len().is_multiple_of(2)).unwrap_or(one);
        self.columns = columns;
        name
    }

    fn column(&mut self) -> &'static str {
        let odd: &[&str] = &["*", "oid", "x.id"];
        let list = if self.below(16) == 1 { odd } else { self.columns };
        self.one(list)
    }

    fn maybe(&mut self, text: impl FnOnce(&mut Self) -> String) -> String {
        if self.below(3) == 1 { text(self) } else { String::new() }
    }

    fn list(&mut self, most: usize, one: impl Fn(&mut Self) -> String) -> String {
        let count = 1 + self.below(most);
        (0..count).map(|_| one(self)).collect::<Vec<_>>().join(", ")
    }
}

/// A script.
pub(super) fn script(c: &mut Choices<'_>) -> String {
    let first = c.one(&[
        "",
        "",
        "CREATE TABLE t(a, b);\nINSERT INTO t SELECT id, pages FROM devices;\n",
        "CREATE VIRTUAL TABLE f USING fts5(a, b);\nINSERT INTO f SELECT id, city FROM devices;\n",
        "CREATE TEMP VIEW v AS SELECT id AS a, pages AS b FROM devices;\n",
    ]);
    c.made = TABLES.iter().find(|(name, _)| first.contains(&format!(" {name} "))).copied();
    c.made = c.made.or_else(|| first.contains(" t(").then_some(TABLES[4]));
    let count = 1 + c.below(STATEMENTS_MAX);
    let statements: Vec<String> = (0..count).map(|_| statement(c)).collect();
    format!("{first}{}", statements.join(";\n"))
}

fn statement(c: &mut Choices<'_>) -> String {
    match c.below(12) {
        0..4 => select(c, 0),
        4 => format!(
            "INSERT{} INTO {} {}",
            c.one(&["", " OR IGNORE", " OR REPLACE"]),
            c.table(),
            select(c, 1)
        ),
        5 => format!(
            "UPDATE {} SET {} = {}{}",
            c.table(),
            c.column(),
            expression(c, 1),
            clause(c, " WHERE ")
        ),
        6 => format!("DELETE FROM {}{}", c.table(), clause(c, " WHERE ")),
        7 => create(c),
        8 => format!(
            "PRAGMA {}{}",
            c.one(&PRAGMAS),
            c.one(&["", "(1)", " = 1", "(devices)", " = 'x'"])
        ),
        9 => format!("EXPLAIN QUERY PLAN {}", select(c, 1)),
        10 => c.one(REFUSED).to_owned(),
        _ => {
            c.columns = &["1", "NULL", "'x'"];
            format!("VALUES ({})", c.list(3, |c| expression(c, 1)))
        }
    }
}

fn create(c: &mut Choices<'_>) -> String {
    match c.below(7) {
        0 => format!(
            "CREATE{} TABLE t(a, b{})",
            c.one(&["", " TEMP"]),
            c.one(&[
                "",
                " UNIQUE",
                " INTEGER PRIMARY KEY",
                " AS (a + 1)",
                " CHECK (b > 0)",
                " COLLATE NOCASE"
            ])
        ),
        1 => format!("CREATE TABLE t AS {}", select(c, 1)),
        2 => format!("CREATE{} VIEW v AS {}", c.one(&["", " TEMP"]), select(c, 1)),
        3 => format!("CREATE INDEX i ON {}({})", c.table(), c.list(2, |c| expression(c, 2))),
        4 => format!(
            "CREATE VIRTUAL TABLE f USING {}({})",
            c.one(&MODULES),
            c.one(&["a, b", "a, b, c", "a, content=''", "a, b, c, d, e"])
        ),
        5 => format!(
            "CREATE{} TRIGGER g AFTER {} ON {} BEGIN {}; END",
            c.one(&["", " TEMP"]),
            c.one(&["INSERT", "DELETE", "UPDATE"]),
            c.table(),
            select(c, 1)
        ),
        _ => {
            format!("CREATE TABLE t(a PRIMARY KEY, b) {}", c.one(&["WITHOUT ROWID", "STRICT", ""]))
        }
    }
}

fn select(c: &mut Choices<'_>, depth: u32) -> String {
    let with = c.maybe(|c| {
        format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT {} FROM c{}) ",
            c.one(&["n + 1", "n * 2", "n || n", "random()"]),
            c.one(&[" WHERE n < 50", " LIMIT 200", ""])
        )
    });
    let from = match c.below(6) {
        0 if depth < DEPTH_MAX => format!(" FROM ({})", select(c, depth + 1)),
        1 => {
            c.columns = &["1", "NULL", "'x'"];
            String::new()
        }
        2 => {
            let join = c.one(&["JOIN", "LEFT JOIN", "NATURAL JOIN", ",", "FULL JOIN"]);
            format!(" FROM {} {join} {}", c.table(), c.table())
        }
        3 => format!(" FROM {} AS x", c.table()),
        _ if with.is_empty() => format!(" FROM {}", c.table()),
        _ => {
            c.columns = &["n"];
            " FROM c".to_owned()
        }
    };
    // Within an expression one column, or it would hardly ever fit.
    let what = c.list(if depth > 1 { 1 } else { 3 }, |c| result(c, depth + 1));
    let distinct = c.one(&["", "", "DISTINCT "]);
    let filter = clause(c, " WHERE ");
    let group =
        c.maybe(|c| format!(" GROUP BY {}{}", expression(c, depth + 1), clause(c, " HAVING ")));
    let compound = if depth < DEPTH_MAX && c.below(6) == 1 {
        format!(
            " {} {}",
            c.one(&["UNION", "UNION ALL", "EXCEPT", "INTERSECT"]),
            select(c, depth + 2)
        )
    } else {
        String::new()
    };
    let order = c.maybe(|c| {
        format!(" ORDER BY {}{}", expression(c, depth + 1), c.one(&["", " DESC", " NULLS LAST"]))
    });
    let limit = c.maybe(|c| format!(" LIMIT {}", c.one(LITERALS)));
    format!("{with}SELECT {distinct}{what}{from}{filter}{group}{compound}{order}{limit}")
}

fn clause(c: &mut Choices<'_>, word: &str) -> String {
    c.maybe(|c| format!("{word}{}", expression(c, 1)))
}

/// An expression, an aggregate, or a window.
fn result(c: &mut Choices<'_>, depth: u32) -> String {
    match c.below(8) {
        0..6 => expression(c, depth),
        6 => call(c, depth, "aw"),
        _ => {
            let frame = c.one(&[
                "",
                " ROWS 2 PRECEDING",
                " RANGE BETWEEN 1 PRECEDING AND CURRENT ROW",
                " GROUPS UNBOUNDED PRECEDING EXCLUDE TIES",
            ]);
            let (called, by, order) = (call(c, depth, "aw"), c.column(), c.column());
            format!("{called} OVER (PARTITION BY {by} ORDER BY {order}{frame})")
        }
    }
}

/// A call of a function of these kinds.
fn call(c: &mut Choices<'_>, depth: u32, kinds: &str) -> String {
    let mut fitting = FUNCTIONS.iter().filter(|function| kinds.contains(&function.kind));
    let number = c.wide(fitting.clone().count());
    let Some(function) = fitting.nth(number) else { return "NULL".to_owned() };
    let count = usize::try_from(function.arguments).unwrap_or_else(|_| 1 + c.below(3));
    let arguments: Vec<String> = (0..count).map(|_| expression(c, depth + 1)).collect();
    format!("{}({})", function.name, arguments.join(", "))
}

fn expression(c: &mut Choices<'_>, depth: u32) -> String {
    if depth >= DEPTH_MAX {
        return c.one(LITERALS).to_owned();
    }
    match c.below(12) {
        0..2 => c.column().to_owned(),
        2..4 => c.one(LITERALS).to_owned(),
        4..6 => {
            format!("({} {} {})", expression(c, depth + 1), c.one(BINARY), expression(c, depth + 1))
        }
        6..9 => call(c, depth, "s"),
        9 => {
            format!("CASE WHEN {} THEN {} END", expression(c, depth + 1), expression(c, depth + 1))
        }
        10 => format!(
            "CAST({} AS {})",
            expression(c, depth + 1),
            c.one(&["TEXT", "INT", "REAL", "BLOB", "NUMERIC"])
        ),
        _ => format!("{}({})", c.one(&["", "EXISTS ", "1 IN ", "NOT "]), select(c, depth + 1)),
    }
}
