//! What a refusal says about what there was too little of.

use std::fmt;
use std::time::Duration;

/// A budget that was full: which, how full, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The setting or limit that names it.
    pub budget: &'static str,
    /// How much of it is taken.
    pub used: u64,
    /// How much there is.
    pub limit: u64,
    /// By what, in words and numbers.
    pub by: Vec<(&'static str, u64)>,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {}", self.budget, self.used, self.limit)?;
        for (place, (what, count)) in self.by.iter().enumerate() {
            let before = if place == 0 { "; " } else { ", " };
            write!(f, "{before}{} {count}", what.replace('_', " "))?;
        }
        Ok(())
    }
}

/// What a boot would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Documents to read.
    pub documents: u64,
    /// Rows that it would store at least.
    pub rows: u64,
    /// Bytes of BSON to read.
    pub bytes: u64,
    /// How long it would take at the speed of late.
    pub takes: Duration,
}
