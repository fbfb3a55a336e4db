//! What a request asks for, and where its statements begin.

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A 64-bit signed integer.
    Integer(i64),
    /// An IEEE double.
    Real(f64),
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The parameters of a script; they apply to each of its statements. One that is missing or used
/// nowhere is `request_invalid`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Params {
    /// None.
    #[default]
    None,
    /// By number, as `?` and `?NNN` have them; a named parameter has the number SQLite gives it.
    Positional(Vec<Value>),
    /// For `:NAME`, `@NAME` and `$NAME`, here without the prefix; a name that is a number N is for
    /// `?N` and for the N-th plain `?`.
    Named(Vec<(String, Value)>),
}

/// What a request asks for: one or more statements; the result is the last one's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The statements, separated by semicolons.
    pub sql: String,
    /// Their parameters.
    pub params: Params,
}

/// The first byte at or after `start` that is neither space, nor comment, nor a lone semicolon;
/// the length of `sql` if there is none.
pub(super) fn skip_blank(sql: &str, start: usize) -> usize {
    let bytes = sql.as_bytes();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b';' => at += 1,
            // The byte order mark is space to SQLite.
            0xef if bytes[at..].starts_with(b"\xef\xbb\xbf") => at += 3,
            _ => match comment_end(bytes, at) {
                Some(end) => at = end,
                None => return at,
            },
        }
    }
    bytes.len()
}

/// The end of the comment that begins at `at`, if one does.
fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"--") {
        return Some(at + rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1));
    }
    if rest.starts_with(b"/*") {
        let close = rest[2..].windows(2).position(|pair| pair == b"*/");
        return Some(at + close.map_or(rest.len(), |n| n + 4));
    }
    None
}

/// The byte after the next semicolon outside of quotes and comments: where to go on after a
/// statement that cannot be prepared. (A trigger's body has semicolons too; then what follows
/// cannot be prepared either.)
pub(super) fn skip_statement(sql: &str, start: usize) -> usize {
    let bytes = sql.as_bytes();
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        if byte == b';' {
            return at + 1;
        }
        if let Some(end) = comment_end(bytes, at) {
            at = end;
            continue;
        }
        let close = match byte {
            b'\'' | b'"' | b'`' => byte,
            b'[' => b']',
            _ => {
                at += 1;
                continue;
            }
        };
        let rest = &bytes[at + 1..];
        at += 1 + rest.iter().position(|b| *b == close).map_or(rest.len(), |n| n + 1);
    }
    bytes.len()
}

/// How often `word` stands in `sql`, whatever its case; in a text it counts, too.
pub(super) fn words(sql: &str, word: &str) -> usize {
    let in_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
    };
    let (sql, word) = (sql.as_bytes(), word.as_bytes());
    let stands = |at: &usize| {
        let end = at + word.len();
        sql[*at..end].eq_ignore_ascii_case(word)
            && !in_word(at.checked_sub(1).and_then(|before| sql.get(before)))
            && !in_word(sql.get(end))
    };
    (0..(sql.len() + 1).saturating_sub(word.len())).filter(stands).count()
}

/// The statement's first word, in upper case.
pub(super) fn first_word(sql: &str, start: usize) -> String {
    let rest = sql.get(skip_blank(sql, start)..).unwrap_or("");
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest[..end].to_ascii_uppercase()
}
