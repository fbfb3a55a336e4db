//! What a tenant's SQL may do: a list of what is allowed, and SQLite's own limits where its defaults
//! are too wide.

mod table;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::ffi::c_int;
use std::sync::LazyLock;

use model::limits::{ATTACHED_MAX, LIKE_PATTERN_BYTES, STATEMENT_STEPS_MAX, TRIGGER_DEPTH_MAX};
use rusqlite::ffi;

/// SQLite's limits that are narrower than its defaults, besides those of a query's own settings.
pub(crate) const LIMITS: &[(c_int, u64)] = &[
    (ffi::SQLITE_LIMIT_VDBE_OP, STATEMENT_STEPS_MAX),
    (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LIKE_PATTERN_BYTES),
    (ffi::SQLITE_LIMIT_TRIGGER_DEPTH, TRIGGER_DEPTH_MAX),
    (ffi::SQLITE_LIMIT_ATTACHED, ATTACHED_MAX),
    (ffi::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What SQLite's authorizer asks about, by SQLite's name without `SQLITE_`.
    Action,
    /// A function, or an operator that is one (`LIKE`, `->`).
    Function,
    /// A PRAGMA, as a statement or as the table-valued function `pragma_…`.
    Pragma,
    /// A module of virtual tables.
    Module,
}

/// What a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Allowed,
    /// The PRAGMA may be read, not set.
    Read,
    /// The PRAGMA may be read, and set on or off.
    Switch,
    /// The PRAGMA may be given a whole number.
    Number,
    /// The PRAGMA may be given a name.
    Name,
    /// It may not be used.
    Refused,
}

/// One line of the table.
#[derive(Debug)]
pub struct Rule {
    /// What it is about.
    pub kind: Kind,
    /// What it says.
    pub verdict: Verdict,
    /// Of which names, parted by spaces.
    pub names: &'static str,
    /// Why.
    pub why: &'static str,
}

impl Verdict {
    /// In words, for the table that is printed.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Read => "may be read",
            Verdict::Switch => "may be read, and set on or off",
            Verdict::Number => "may be read, and given a whole number",
            Verdict::Name => "may be read, and given a name",
            Verdict::Refused => "refused",
        }
    }
}

/// The whole table, in the order in which it is to be read.
pub fn rules() -> &'static [Rule] {
    table::RULES
}

/// The authorizer's questions by name; their numbers are those of SQLite's interface.
const ACTIONS: &[(c_int, &str)] = &[
    (ffi::SQLITE_COPY, "copy"),
    (ffi::SQLITE_CREATE_INDEX, "create_index"),
    (ffi::SQLITE_CREATE_TABLE, "create_table"),
    (ffi::SQLITE_CREATE_TEMP_INDEX, "create_temp_index"),
    (ffi::SQLITE_CREATE_TEMP_TABLE, "create_temp_table"),
    (ffi::SQLITE_CREATE_TEMP_TRIGGER, "create_temp_trigger"),
    (ffi::SQLITE_CREATE_TEMP_VIEW, "create_temp_view"),
    (ffi::SQLITE_CREATE_TRIGGER, "create_trigger"),
    (ffi::SQLITE_CREATE_VIEW, "create_view"),
    (ffi::SQLITE_DELETE, "delete"),
    (ffi::SQLITE_DROP_INDEX, "drop_index"),
    (ffi::SQLITE_DROP_TABLE, "drop_table"),
    (ffi::SQLITE_DROP_TEMP_INDEX, "drop_temp_index"),
    (ffi::SQLITE_DROP_TEMP_TABLE, "drop_temp_table"),
    (ffi::SQLITE_DROP_TEMP_TRIGGER, "drop_temp_trigger"),
    (ffi::SQLITE_DROP_TEMP_VIEW, "drop_temp_view"),
    (ffi::SQLITE_DROP_TRIGGER, "drop_trigger"),
    (ffi::SQLITE_DROP_VIEW, "drop_view"),
    (ffi::SQLITE_INSERT, "insert"),
    (ffi::SQLITE_PRAGMA, "pragma"),
    (ffi::SQLITE_READ, "read"),
    (ffi::SQLITE_SELECT, "select"),
    (ffi::SQLITE_TRANSACTION, "transaction"),
    (ffi::SQLITE_UPDATE, "update"),
    (ffi::SQLITE_ATTACH, "attach"),
    (ffi::SQLITE_DETACH, "detach"),
    (ffi::SQLITE_ALTER_TABLE, "alter_table"),
    (ffi::SQLITE_REINDEX, "reindex"),
    (ffi::SQLITE_ANALYZE, "analyze"),
    (ffi::SQLITE_CREATE_VTABLE, "create_vtable"),
    (ffi::SQLITE_DROP_VTABLE, "drop_vtable"),
    (ffi::SQLITE_FUNCTION, "function"),
    (ffi::SQLITE_SAVEPOINT, "savepoint"),
    (ffi::SQLITE_RECURSIVE, "recursive"),
];

/// The rule for `name`, whatever its case.
fn find(kind: Kind, name: &str) -> Option<&'static Rule> {
    static SORTED: LazyLock<Vec<(Kind, &str, &Rule)>> = LazyLock::new(|| {
        let names = |rule: &'static Rule| {
            rule.names.split_whitespace().map(move |name| (rule.kind, name, rule))
        };
        let mut sorted: Vec<_> = rules().iter().flat_map(names).collect();
        sorted.sort_unstable_by_key(|(kind, name, _)| (*kind, *name));
        sorted
    });
    let order = |(other, listed, _): &(Kind, &str, &Rule)| -> Ordering {
        let lower = name.bytes().map(|byte| byte.to_ascii_lowercase());
        other.cmp(&kind).then_with(|| listed.bytes().cmp(lower))
    };
    SORTED.binary_search_by(order).ok().map(|at| SORTED[at].2)
}

fn refused(what: &str, rule: Option<&Rule>) -> String {
    let why = rule.map_or("it is not on the list of what is", |rule| rule.why);
    format!("{what} is not allowed: {why}")
}

/// Why the authorizer's question `action` is answered with no, whatever it is about.
pub(crate) fn refused_action(action: c_int) -> Option<String> {
    let name = ACTIONS.iter().find(|(code, _)| *code == action).map(|(_, name)| *name);
    let Some(name) = name else { return Some(refused(&format!("action {action}"), None)) };
    let rule = find(Kind::Action, name);
    match rule.map(|rule| rule.verdict) {
        Some(Verdict::Allowed) => None,
        _ => Some(refused(name, rule)),
    }
}

/// Why function `name` must not be called.
pub(crate) fn refused_function(name: &str) -> Option<String> {
    let rule = find(Kind::Function, name);
    match rule.map(|rule| rule.verdict) {
        Some(Verdict::Allowed) => None,
        _ => Some(refused(&format!("function {name}"), rule)),
    }
}

/// The same for a function that SQLite's message says it lacks: it is refused all the same, and not
/// mistyped.
pub(crate) fn refused_lacking(message: &str) -> Option<String> {
    let name = message.strip_prefix("no such function: ")?;
    let rule = find(Kind::Function, name)?;
    (rule.verdict == Verdict::Refused).then(|| refused_function(name))?
}

/// Why no virtual table of `module` must be made.
pub(crate) fn refused_module(module: &str) -> Option<String> {
    let rule = find(Kind::Module, module);
    match rule.map(|rule| rule.verdict) {
        Some(Verdict::Allowed) => None,
        _ => Some(refused(&format!("virtual table module {module}"), rule)),
    }
}

/// Why `table` must not be read: some modules are tables without CREATE VIRTUAL TABLE.
pub(crate) fn refused_table(table: &str) -> Option<String> {
    find(Kind::Module, table).and_then(|_| refused_module(table))
}

/// Why the PRAGMA `name` must not be used in this way.
pub(crate) fn refused_pragma(name: &str, value: Option<&str>) -> Option<String> {
    let rule = find(Kind::Pragma, name);
    let (Some(rule), Some(verdict)) = (rule, rule.map(|rule| rule.verdict)) else {
        return Some(refused(&format!("PRAGMA {name}"), rule));
    };
    let takes = match (verdict, value) {
        (Verdict::Refused, _) => return Some(refused(&format!("PRAGMA {name}"), Some(rule))),
        (Verdict::Allowed | Verdict::Name, _) | (_, None) => return None,
        (Verdict::Read, Some(_)) => {
            return Some(format!("PRAGMA {name} cannot be set: {}", rule.why));
        }
        (Verdict::Switch, Some(value)) if is_switch(value) => return None,
        (Verdict::Number, Some(value)) if is_number(value) => return None,
        (Verdict::Switch, Some(_)) => "on or off",
        (Verdict::Number, Some(_)) => "a whole number",
    };
    Some(format!("PRAGMA {name} takes {takes} only"))
}

fn is_switch(value: &str) -> bool {
    const VALUES: &[&str] = &["0", "1", "on", "off", "true", "false", "yes", "no"];
    VALUES.iter().any(|known| known.eq_ignore_ascii_case(value))
}

/// As SQLite reads one: decimal, or hexadecimal without a sign.
fn is_number(value: &str) -> bool {
    let hexadecimal = value.strip_prefix("0x").or_else(|| value.strip_prefix("0X"));
    hexadecimal.map_or_else(
        || value.parse::<i64>().is_ok(),
        |digits| u32::from_str_radix(digits, 16).is_ok(),
    )
}

/// Why a database file must not be attached; an expression for its name is `None`.
pub(crate) fn refused_attach(file: Option<&str>) -> Option<String> {
    match file {
        // VACUUM attaches '' itself: a temp database, which the VFS keeps in accounted memory.
        Some("" | ":memory:") => None,
        named => Some(format!(
            "no files can be attached or written to ({}); ATTACH ':memory:' gives a private, empty \
             database",
            named.unwrap_or("an expression"),
        )),
    }
}
