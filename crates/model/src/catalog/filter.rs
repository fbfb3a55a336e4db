//! A table's filter: a small part of MongoDB's query language that means the same on every source.

use super::Path;

/// Which documents a table takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every one of them holds.
    And(Vec<Filter>),
    /// At least one holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The field compares so, by MongoDB's rules (an array matches if an element does).
    Compare(Path, Comparison, FilterValue),
    /// The field equals one of these.
    In(Path, Vec<FilterValue>),
    /// The field is there, or is not.
    Exists(Path, bool),
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `$eq`
    Eq,
    /// `$ne`: also true of a missing field.
    Ne,
    /// `$gt`
    Gt,
    /// `$gte`
    Gte,
    /// `$lt`
    Lt,
    /// `$lte`
    Lte,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Comparison; 6] = [
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Gt,
        Comparison::Gte,
        Comparison::Lt,
        Comparison::Lte,
    ];

    /// MongoDB's operator, such as `$gte`.
    pub fn operator(self) -> &'static str {
        match self {
            Comparison::Eq => "$eq",
            Comparison::Ne => "$ne",
            Comparison::Gt => "$gt",
            Comparison::Gte => "$gte",
            Comparison::Lt => "$lt",
            Comparison::Lte => "$lte",
        }
    }

    /// The comparison of an operator.
    pub fn from_operator(operator: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|comparison| comparison.operator() == operator)
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterValue {
    /// null: also equal to a missing field, as in MongoDB.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A double.
    Real(f64),
    /// A string.
    Text(String),
    /// `{"$oid": "…"}`: an ObjectId's bytes.
    ObjectId([u8; 12]),
    /// `{"$date": "2026-01-31T00:00:00Z"}`: a fixed point in time, ms since 1970.
    Date(i64),
    /// `{"$date": "now-400d"}`: milliseconds to add to the moment of the scan.
    DateFromNow(i64),
}
