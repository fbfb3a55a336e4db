//! Reads `tests/hostile/*.sql`, whose README says how they are written.

use std::path::PathBuf;

use serde_json::Value;

/// A query's time where none is given: for what runs until it is stopped.
const DEADLINE_MS: u64 = 60;
/// The same for what is to end by itself: far more than any of it takes.
const PATIENT_MS: u64 = 20_000;
/// How long a statement may go on past its deadline.
const LATE_MS: u64 = 250;

/// One of them.
#[derive(Debug)]
pub struct Entry {
    /// The file and what the entry says it is.
    pub name: String,
    /// `ok` or the codes it may end with.
    pub outcomes: Vec<String>,
    pub deadline_ms: u64,
    pub late_ms: u64,
    /// It is not contained yet.
    pub open: bool,
    pub sql: Vec<u8>,
    /// The rows it must give.
    pub rows: Option<Value>,
    /// What the error's detail must hold.
    pub detail: Option<String>,
}

/// All of them, in the order of their files' names.
pub fn read() -> Vec<Entry> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hostile");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "sql"))
        .collect();
    files.sort();
    let mut entries = Vec::new();
    for file in files {
        let kind = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("UTF-8");
        let mut parts = format!("\n{text}");
        parts.push_str("\n--: ");
        let all: Vec<&str> = parts.split("\n--: ").collect();
        let within = all.get(1..all.len() - 1).unwrap_or_default();
        assert!(!within.is_empty() && all[0].is_empty(), "{kind} begins with an entry");
        entries.extend(within.iter().map(|part| entry(&kind, part)));
    }
    entries
}

fn entry(kind: &str, part: &str) -> Entry {
    let (head, body) = part.split_once('\n').expect("a head");
    let mut fields = head.split(" | ");
    let name = format!("{kind}: {}", fields.next().expect("a name"));
    let outcomes: Vec<String> = fields
        .next()
        .unwrap_or_else(|| panic!("{name}: no outcome"))
        .split(',')
        .map(String::from)
        .collect();
    let endless = outcomes.iter().any(|it| it == "query_timeout");
    let mut entry = Entry {
        name,
        outcomes,
        deadline_ms: if endless { DEADLINE_MS } else { PATIENT_MS },
        late_ms: LATE_MS,
        open: false,
        sql: Vec::new(),
        rows: None,
        detail: None,
    };
    for field in fields {
        if field == "open" {
            entry.open = true;
            continue;
        }
        let (key, number) = field.trim().split_once('=').expect("a bound");
        let number = number.parse().expect("milliseconds");
        match key {
            "deadline" => entry.deadline_ms = number,
            "late" => entry.late_ms = number,
            other => panic!("{}: what is {other}?", entry.name),
        }
    }
    let mut body = body.trim_end_matches('\n');
    if let Some((sql, rows)) = body.rsplit_once("\n--= ") {
        entry.rows = Some(serde_json::from_str(rows).unwrap_or_else(|_| panic!("{}", entry.name)));
        body = sql;
    }
    if let Some((sql, detail)) = body.rsplit_once("\n--~ ") {
        entry.detail = Some(detail.to_owned());
        body = sql;
    }
    entry.sql = expanded(body);
    entry
}

/// With all `{{…}}` replaced, innermost first.
fn expanded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    while let Some(open) = find(&bytes, b"{{", true) {
        let inside = open + 2;
        let close = inside + find(&bytes[inside..], b"}}", false).expect("an end");
        // `}}}}` ends what ends with a brace.
        let close = if bytes.get(close + 2) == Some(&b'}') { close + 1 } else { close };
        let made = one(&bytes[inside..close]);
        bytes.splice(open..close + 2, made);
    }
    bytes
}

fn find(bytes: &[u8], what: &[u8], last: bool) -> Option<usize> {
    let mut windows = bytes.windows(what.len());
    if last { windows.rposition(|it| it == what) } else { windows.position(|it| it == what) }
}

fn one(inside: &[u8]) -> Vec<u8> {
    let hex = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("digits");
        u32::from_str_radix(digits, 16).expect("a hexadecimal number")
    };
    match inside {
        [b'x', digits @ ..] if digits.len() == 2 => {
            vec![u8::try_from(hex(digits)).expect("a byte")]
        }
        [b'u', digits @ ..] if digits.len() == 4 => {
            char::from_u32(hex(digits)).expect("a character").to_string().into_bytes()
        }
        _ => {
            let star = inside.iter().position(|byte| *byte == b'*').expect("N*text");
            let times = std::str::from_utf8(&inside[..star]).expect("a number");
            let times: usize = times.parse().expect("a number");
            let mut made = Vec::new();
            for number in 0..times {
                let number = number.to_string();
                for byte in &inside[star + 1..] {
                    match byte {
                        b'#' => made.extend_from_slice(number.as_bytes()),
                        byte => made.push(*byte),
                    }
                }
            }
            made
        }
    }
}

/// A request's body with these bytes as its SQL, whether they are UTF-8 or not.
pub fn body(sql: &[u8], deadline_ms: u64) -> Vec<u8> {
    let mut body = format!("{{\"timeout_ms\":{deadline_ms},\"sql\":\"").into_bytes();
    for byte in sql {
        match byte {
            b'"' | b'\\' => body.extend_from_slice(&[b'\\', *byte]),
            0..0x20 => body.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            byte => body.push(*byte),
        }
    }
    body.extend_from_slice(b"\"}");
    body
}
