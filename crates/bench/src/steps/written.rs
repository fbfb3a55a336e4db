//! The statements, as they are written in the files beside this one: after `-- ` the kind of work, in
//! the lines below it the worst statement found. `[rows]` means that it reads a table with rows.
//! Braces stand for what is long:
//!
//! - `{times 100 ab}`: an expression for a text of about 100 bytes, `ab` again and again;
//! - `{each 3 t#,}`: the text for each number, `t0,t1,t2,`; `##` is the number after;
//! - `{object 9}`: an expression for a JSON object of so many keys;
//! - `{doubled 2 A;;B}`: a query on common table expressions, the first being A, each other one B with
//!   the one before for `@`.

use crate::Result;

/// A kind of work, and the worst statement found for it.
pub(super) struct Step {
    pub(super) name: String,
    /// It reads `reads` with its rows.
    pub(super) rows: bool,
    pub(super) sql: String,
}

const FILES: [&str; 4] = [
    include_str!("texts.sql"),
    include_str!("rows.sql"),
    include_str!("full_text.sql"),
    include_str!("prepared.sql"),
];

/// All of them.
pub(super) fn all() -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for line in FILES.iter().flat_map(|file| file.lines()) {
        if let Some(name) = line.strip_prefix("-- ") {
            let rows = name.ends_with(" [rows]");
            let name = name.trim_end_matches(" [rows]").to_owned();
            steps.push(Step { name, rows, sql: String::new() });
        } else if let Some(step) = steps.last_mut() {
            step.sql.push_str(&expanded(line)?);
        }
    }
    Ok(steps)
}

/// The line with what its braces stand for; what is in none of the forms stays.
fn expanded(line: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('}').unwrap_or(0);
        match rest.get(1..end).and_then(form) {
            Some(text) => {
                out.push_str(&text);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn form(inside: &str) -> Option<String> {
    let (kind, rest) = inside.split_once(' ')?;
    let (count, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let count: usize = count.parse().ok()?;
    match kind {
        "times" => Some(letters(count, text)),
        "each" => Some(
            (0..count)
                .map(|n| text.replace("##", &(n + 1).to_string()).replace('#', &n.to_string()))
                .collect(),
        ),
        "object" => {
            Some(format!("(SELECT json_group_object(value, 1) FROM generate_series(1, {count}))"))
        }
        "doubled" => {
            let (first, next) = text.split_once(";;")?;
            let levels: String = (1..=count)
                .map(|n| format!(", v{n} AS ({})", next.replace('@', &format!("v{}", n - 1))))
                .collect();
            Some(format!("WITH v0 AS ({first}){levels} SELECT * FROM v{count}"))
        }
        _ => None,
    }
}

/// A text of `len` bytes, made quickly.
fn letters(len: usize, part: &str) -> String {
    let times = |letter: &str| format!("printf('%.*c', {}, '{letter}')", len / part.len().max(1));
    if part.chars().count() == 1 && part != "'" {
        return times(part);
    }
    format!("replace({}, 'x', '{}')", times("x"), part.replace('\'', "''"))
}
