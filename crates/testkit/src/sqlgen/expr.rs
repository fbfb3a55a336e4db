//! Expressions. Column references are numbers taken modulo what is in scope, so that an
//! expression stays valid while everything around it shrinks.

use proptest::prelude::*;
use rusqlite::types::Value as SqlValue;

use super::dataset::identifier;
use super::value::word;

/// An expression tree.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Column(u16),
    Integer(i64),
    Real(i32),
    Text(String),
    Null,
    /// Bound as a parameter.
    Bound(SqlValue),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Call(&'static str, Vec<Expr>),
    Case(Box<Expr>, Box<Expr>, Box<Expr>),
    In(Box<Expr>, Vec<Expr>),
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>, &'static str),
    /// `(SELECT count(*) FROM t WHERE ref = expr)`.
    CountWhere(u16, Box<Expr>),
    Exists(u16, Box<Expr>),
}

const UNARY: [&str; 5] = ["-", "NOT ", "+", "~", ""];
const BINARY: [&str; 22] = [
    "+", "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "IS", "IS NOT",
    "LIKE", "GLOB", "&", "|", "<<", "->>",
];
const ONE: [&str; 24] = [
    "abs",
    "length",
    "lower",
    "upper",
    "typeof",
    "hex",
    "quote",
    "trim",
    "ltrim",
    "rtrim",
    "unicode",
    "date",
    "time",
    "datetime",
    "julianday",
    "json_valid",
    "json_quote",
    "json_type",
    "json_array_length",
    "round",
    "sign",
    "ceil",
    "floor",
    "octet_length",
];
const TWO: [&str; 12] = [
    "ifnull",
    "nullif",
    "min",
    "max",
    "instr",
    "substr",
    "round",
    "coalesce",
    "json_extract",
    "strftime",
    "json_array",
    "date",
];
const TYPES: [&str; 5] = ["INTEGER", "REAL", "TEXT", "NUMERIC", "BLOB"];

pub(super) fn bound() -> impl Strategy<Value = SqlValue> {
    prop_oneof![
        Just(SqlValue::Null),
        (-20_i64..20).prop_map(SqlValue::Integer),
        any::<i64>().prop_map(SqlValue::Integer),
        (-40_i32..40).prop_map(|n| SqlValue::Real(f64::from(n) + 0.25)),
        word().prop_map(SqlValue::Text),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(SqlValue::Blob),
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    prop_oneof![
        6 => any::<u16>().prop_map(Expr::Column),
        2 => (-30_i64..30).prop_map(Expr::Integer),
        1 => (-40_i32..40).prop_map(Expr::Real),
        2 => word().prop_map(Expr::Text),
        1 => Just(Expr::Null),
        2 => bound().prop_map(Expr::Bound),
        1 => Just(Expr::Text("%Y-%m".into())),
        1 => Just(Expr::Text("$.k".into())),
        1 => Just(Expr::Text("+1 month".into())),
    ]
}

/// Expressions up to four levels deep.
pub(super) fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(4, 16, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            1 => (prop::sample::select(&UNARY[..]), boxed.clone()).prop_map(|(op, e)| Expr::Unary(op, e)),
            6 => (prop::sample::select(&BINARY[..]), boxed.clone(), boxed.clone())
                .prop_map(|(op, a, b)| Expr::Binary(op, a, b)),
            3 => (prop::sample::select(&ONE[..]), inner.clone()).prop_map(|(f, e)| Expr::Call(f, vec![e])),
            3 => (prop::sample::select(&TWO[..]),
                  inner.clone(), inner.clone())
                .prop_map(|(f, a, b)| Expr::Call(f, vec![a, b])),
            1 => (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(c, a, b)| Expr::Case(c, a, b)),
            1 => (boxed.clone(), prop::collection::vec(inner.clone(), 0..4)).prop_map(|(e, list)| Expr::In(e, list)),
            1 => (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(e, a, b)| Expr::Between(e, a, b)),
            1 => (boxed.clone(), prop::sample::select(&TYPES[..])).prop_map(|(e, t)| Expr::Cast(e, t)),
            1 => (any::<u16>(), boxed.clone()).prop_map(|(t, e)| Expr::CountWhere(t, e)),
            1 => (any::<u16>(), boxed).prop_map(|(t, e)| Expr::Exists(t, e)),
        ]
    })
}

/// What an expression may refer to, and where its bound values go.
pub(super) struct Scope<'a> {
    /// Qualified column names; empty: no columns.
    pub(super) columns: &'a [String],
    /// All tables' names, for subqueries.
    pub(super) tables: &'a [String],
    /// Values bound so far: `:p0`, `:p1`, …
    pub(super) bound: &'a mut Vec<SqlValue>,
}

impl Expr {
    /// The expression's SQL.
    pub(super) fn render(&self, scope: &mut Scope<'_>) -> String {
        match self {
            Expr::Column(_) if scope.columns.is_empty() => "1".into(),
            Expr::Column(n) => scope.columns[usize::from(*n) % scope.columns.len()].clone(),
            Expr::Integer(n) => format!("({n})"),
            Expr::Real(n) => format!("({n}.25)"),
            Expr::Text(text) => literal(text),
            Expr::Null => "NULL".into(),
            Expr::Bound(value) => {
                scope.bound.push(value.clone());
                format!(":p{}", scope.bound.len() - 1)
            }
            Expr::Unary(op, e) => format!("({op}{})", e.render(scope)),
            Expr::Binary(op, a, b) => format!("({} {op} {})", a.render(scope), b.render(scope)),
            Expr::Call(name, args) => format!("{name}({})", list(args, scope)),
            Expr::Case(c, a, b) => {
                format!(
                    "CASE WHEN {} THEN {} ELSE {} END",
                    c.render(scope),
                    a.render(scope),
                    b.render(scope)
                )
            }
            Expr::In(e, items) => format!("({} IN ({}))", e.render(scope), list(items, scope)),
            Expr::Between(e, a, b) => {
                format!("({} BETWEEN {} AND {})", e.render(scope), a.render(scope), b.render(scope))
            }
            Expr::Cast(e, kind) => format!("CAST({} AS {kind})", e.render(scope)),
            Expr::CountWhere(table, e) => {
                let (name, e) = (pick(scope.tables, *table), e.render(scope));
                format!("(SELECT count(*) FROM {name} AS sub WHERE sub.ref = {e})")
            }
            Expr::Exists(table, e) => {
                let (name, e) = (pick(scope.tables, *table), e.render(scope));
                format!("EXISTS (SELECT 1 FROM {name} AS sub WHERE sub.ref < {e})")
            }
        }
    }
}

fn list(items: &[Expr], scope: &mut Scope<'_>) -> String {
    items.iter().map(|e| e.render(scope)).collect::<Vec<_>>().join(", ")
}

pub(super) fn pick(names: &[String], n: u16) -> String {
    identifier(&names[usize::from(n) % names.len()])
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
