//! Functions that never take long: calling only these keeps a statement fit for the short way.

/// Functions that are quick whatever their arguments are: at most one pass over a value that was
/// read or given. Operators that are functions (`LIKE`, `GLOB`, `REGEXP`, `->`) are not.
const QUICK: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "count",
    "date",
    "datetime",
    "ifnull",
    "iif",
    "julianday",
    "length",
    "max",
    "min",
    "nullif",
    "round",
    "strftime",
    "sum",
    "time",
    "total",
    "typeof",
    "unixepoch",
];

/// Whether function `name` is one of the quick ones.
pub(super) fn is_quick(name: &str) -> bool {
    QUICK.iter().any(|quick| quick.eq_ignore_ascii_case(name))
}
