//! What README.md shows works by paste.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bson::{Document, doc};
use tempfile::TempDir;
use testkit::mongod::Mongod;

/// The first block of shell commands under a heading.
fn commands(heading: &str) -> &'static str {
    let readme = include_str!("../../../../README.md");
    let section = readme.split_once(heading).expect("the heading").1;
    let block = section.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```"));
    block.expect("a block").0
}

#[test]
fn over_your_own_mongodb() {
    let server = Mongod::shared();
    let database = server.database();
    let devices: Vec<Document> = (0..20_i32)
        .map(|n| doc! { "_id": n, "customerId": if n % 4 == 0 { "acme" } else { "other" } })
        .collect();
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    tokio.block_on(server.insert(&database, "devices", &devices));
    let folder = TempDir::new().expect("a folder");
    let uri = "uri = \"mongodb://127.0.0.1:27017\"";
    let block = commands("\n## Over your own MongoDB\n");
    assert!(block.contains(uri) && block.contains("database = \"shop\""), "{block}");
    let block = block
        .replace(uri, &format!("uri = {:?}", server.uri()))
        .replace("\"shop\"", &format!("{database:?}"));
    let block = block.strip_prefix("cargo build --release\n").expect("the build comes first");
    let (script, last) = block.trim_end().rsplit_once('\n').expect("lines");
    assert!(last.starts_with("target/release/litevisor serve"), "it runs until it is stopped");
    let program = env!("CARGO_BIN_EXE_litevisor");
    let script = script.replace("target/release/litevisor", program);
    let shell = Command::new("sh").args(["-euc", &script]).current_dir(folder.path()).output();
    let shell = shell.expect("run");
    let said = String::from_utf8_lossy(&shell.stderr);
    let printed = String::from_utf8_lossy(&shell.stdout);
    assert!(shell.status.success(), "{script}\n{said}\n{printed}");
    assert!(printed.contains("no drift") && printed.ends_with("count(*)\r\n5\r\n"), "{printed}");

    let config = fs::read_to_string(folder.path().join("litevisor.toml")).expect("written");
    assert!(config.contains("[catalog]"), "{config}");
    let mut serve = Command::new(program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let serve = serve.current_dir(folder.path()).stderr(Stdio::piped()).spawn();
    let mut serve = serve.expect("started");
    let log = BufReader::new(serve.stderr.take().expect("piped"));
    let ready = log.lines().map_while(Result::ok).any(|line| line.contains("listening on http://"));
    serve.kill().expect("killed");
    serve.wait().expect("ended");
    assert!(ready, "it ended instead of listening");
}
