//! The command line, as a process.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::harness::{CATALOG, write_dump};

fn litevisor(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(args)
        .current_dir(folder)
        .env("LITEVISOR_SERVICE_HOST", "10.0.0.1")
        .env("LITEVISOR_PORT", "tcp://10.0.0.1:80")
        .output()
        .expect("run")
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let dump = folder.path().join("dump");
    std::fs::create_dir(&dump).expect("made");
    write_dump(&dump);
    std::fs::write(folder.path().join("catalog.toml"), CATALOG).expect("written");
    let config = "[source]\nkind = \"dump\"\npath = \"dump\"\n[catalog]\npath = \"catalog.toml\"\n";
    std::fs::write(folder.path().join("litevisor.toml"), config).expect("written");
    folder
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn one_query_in_each_format() {
    let folder = folder();
    let sql = "SELECT city, count(*) AS n FROM devices GROUP BY city ORDER BY city";
    let run = |format: &str| {
        litevisor(folder.path(), &["query", "--tenant", "acme", "--format", format, sql])
    };
    let csv = run("csv");
    assert!(csv.status.success(), "{}", err(&csv));
    assert_eq!(out(&csv), "city,n\r\nDelft,100\r\nGent,100\r\n");
    assert!(out(&run("table")).contains("Delft"));
    assert!(err(&run("table")).contains("2 rows"));
    assert!(out(&run("json")).contains("\"row_count\":2"));
    let bound = litevisor(
        folder.path(),
        &[
            "query",
            "--tenant",
            "acme",
            "--param",
            "p=5",
            "--format",
            "csv",
            "SELECT count(*) AS n FROM devices WHERE pages < :p",
        ],
    );
    assert_eq!(out(&bound), "n\r\n5\r\n", "{}", err(&bound));
}

/// What a person sees who runs this in a terminal of 100 columns.
fn in_terminal(folder: &Path, args: &str) -> String {
    let program = env!("CARGO_BIN_EXE_litevisor");
    let line = format!("stty cols 100 rows 40; '{program}' {args}");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("util-linux has script");
    let seen = out(&output).replace("\r\n", "\n");
    assert!(output.status.success(), "{seen}");
    seen
}

/// The frames of a bar that began with these words, between carriage returns and erasures.
fn frames<'a>(seen: &'a str, words: &str) -> Vec<&'a str> {
    seen.split(['\r', '\u{1b}']).filter(|frame| frame.contains(words)).collect()
}

#[test]
fn a_terminal_gets_a_table_and_progress_bars() {
    let folder = folder();
    let sql = "SELECT city, count(*) AS n FROM devices GROUP BY city ORDER BY city";
    let seen = in_terminal(folder.path(), &format!("query --tenant acme '{sql}'"));
    assert!(seen.contains("│ Delft ┆ 100 │") && seen.contains("│ city  ┆ n   │"), "{seen}");
    assert!(seen.contains("2 rows, as of "), "{seen}");
    // A bar for the dump's index, then one for the boot; each is erased before the table comes.
    let index = frames(&seen, "reading the source");
    assert!(index.iter().any(|frame| frame.contains('█') && frame.contains(" B/")), "{seen:?}");
    let boot = frames(&seen, "booting acme");
    assert!(
        boot.iter().any(|frame| frame.contains('█') && frame.contains("documents")),
        "{seen:?}"
    );
    assert!(seen.contains("\r\u{1b}[2K┌"), "{seen:?}");

    let config = "[source]\nkind = \"dump\"\npath = \"dump\"\n";
    std::fs::write(folder.path().join("infer.toml"), config).expect("written");
    let seen = in_terminal(folder.path(), "catalog infer --config infer.toml --out new.toml");
    let looks = frames(&seen, "looking at devices");
    assert!(looks.iter().any(|frame| frame.contains("19/224 documents")), "{seen:?}");
    assert!(seen.contains("wrote 3 tables to new.toml"), "{seen:?}");

    // What is no terminal gets neither.
    let piped = litevisor(folder.path(), &["query", "--tenant", "acme", sql]);
    assert_eq!((&*out(&piped), &*err(&piped)), ("city,n\r\nDelft,100\r\nGent,100\r\n", ""));
}

#[test]
fn an_error_points_at_its_place() {
    let folder = folder();
    let output = litevisor(folder.path(), &["query", "--tenant", "acme", "SELECT 1 FORM devices"]);
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(said.contains("sql_error") && said.contains('^'), "{said}");
    assert!(out(&output).is_empty());
    let output = litevisor(folder.path(), &["query", "--tenant", "nobody", "SELECT 1"]);
    assert!(err(&output).contains("tenant_not_found"), "{}", err(&output));
}

#[test]
fn config_show_names_each_origin() {
    let folder = folder();
    let shown = litevisor(folder.path(), &["config", "show"]);
    assert!(shown.status.success());
    let text = out(&shown);
    let line =
        |key: &str| text.lines().find(|line| line.starts_with(key)).expect("shown").to_owned();
    assert!(line("kind").ends_with("# litevisor.toml:2"), "{text}");
    assert!(line("idle_timeout").ends_with("# default"), "{text}");
}

#[test]
fn wrong_configurations_end_with_two() {
    let folder = folder();
    let path = folder.path().join("bad.toml");
    std::fs::write(
        &path,
        "[http]\nlisten = \"0.0.0.0:8080\"\n[source]\nkind = \"dump\"\npath = \"dump\"\n",
    )
    .expect("written");
    let output = litevisor(folder.path(), &["serve", "--config", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("catalog infer"), "{}", err(&output));
    std::fs::write(&path, "[http]\nlissten = \"x\"\n").expect("written");
    let output = litevisor(folder.path(), &["serve", "--config", "bad.toml"]);
    assert!(err(&output).contains("did you mean `listen`?"), "{}", err(&output));
    std::fs::write(&path, "[source]\nread_preference = \"second\"\n").expect("written");
    let output = litevisor(folder.path(), &["serve", "--config", "bad.toml"]);
    assert!(err(&output).contains("\"secondaryPreferred\""), "{}", err(&output));
    let shown = litevisor(folder.path(), &["config", "show"]);
    assert!(out(&shown).contains("read_preference = \"secondaryPreferred\""), "{}", out(&shown));
    let output = litevisor(folder.path(), &["serve", "--config", "absent.toml"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let folder = folder();
    for format in ["csv", "json", "ndjson", "table"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there");
        let output = Command::new(env!("CARGO_BIN_EXE_litevisor"))
            .args(["query", "--tenant", "acme", "--format", format, "SELECT 1"])
            .current_dir(folder.path())
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("run");
        let said = err(&output);
        assert_eq!(output.status.code(), Some(1), "{format}: {said}");
        assert!(said.contains("No space left"), "{format}: {said}");
    }
}

#[test]
fn parameters_are_those_of_a_url() {
    let folder = folder();
    let query = |params: &[&str], sql: &str| {
        let params = params.iter().flat_map(|param| ["--param", param]);
        let args: Vec<&str> = ["query", "--tenant", "acme", "--format", "csv"]
            .into_iter()
            .chain(params)
            .chain([sql])
            .collect();
        litevisor(folder.path(), &args)
    };
    let types = query(&["a:text=5", "b=5"], "SELECT typeof(:a) AS a, typeof(:b) AS b");
    assert_eq!(out(&types), "a,b\r\ntext,integer\r\n", "{}", err(&types));
    let positions = query(&["2=x", "1=y"], "SELECT ?1 AS a, ?2 AS b");
    assert_eq!(out(&positions), "a,b\r\ny,x\r\n", "{}", err(&positions));
    for (params, told) in [
        (&["a=1", "a=2"][..], "a is there more than once"),
        (&["2=1"], "p.1 is missing"),
        (&["a"], "write NAME=VALUE"),
    ] {
        let wrong = query(params, "SELECT :a");
        assert_eq!(wrong.status.code(), Some(2), "{params:?}");
        assert!(err(&wrong).contains(told), "{params:?}: {}", err(&wrong));
    }
}

#[test]
fn a_query_without_a_source_ends_with_two() {
    let empty = TempDir::new().expect("a folder");
    let output = litevisor(empty.path(), &["query", "--tenant", "acme", "SELECT 1"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("there is no source"), "{}", err(&output));
}

#[test]
fn the_first_signal_ends_a_query() {
    let folder = folder();
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let mut child = Command::new(env!("CARGO_BIN_EXE_litevisor"))
        .args(["query", "--tenant", "acme", "--format", "csv", endless])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run");
    let mut rows = child.stdout.take().expect("piped");
    rows.read_exact(&mut [0; 3]).expect("its first row");
    let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    std::io::copy(&mut rows, &mut std::io::sink()).expect("read to its end");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(130), "{}", err(&output));
    assert!(err(&output).contains("stopped"), "{}", err(&output));
}
