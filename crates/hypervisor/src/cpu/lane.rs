//! Lanes: what somebody waits for, what is for later, and boots.

use model::limits::{CPU_WEIGHT_BOOT, CPU_WEIGHT_INTERACTIVE, CPU_WEIGHT_REPORT};

/// What a piece of work is for; it decides what a CPU turn costs a tenant's share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Somebody looks at the screen.
    #[default]
    Interactive,
    /// Nobody minds if it takes longer.
    Report,
    /// A load, which comes before answers.
    Boot,
}

impl Lane {
    /// All of them.
    pub const ALL: &'static [Lane] = &[Lane::Interactive, Lane::Report, Lane::Boot];

    /// How many there are.
    pub const COUNT: usize = Lane::ALL.len();

    /// The word used in requests, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Interactive => "interactive",
            Lane::Report => "report",
            Lane::Boot => "boot",
        }
    }

    /// The lane of a query that a request names; no query is a boot.
    pub fn of_query(name: &str) -> Option<Lane> {
        [Lane::Interactive, Lane::Report].into_iter().find(|lane| lane.name() == name)
    }

    pub(super) fn number(self) -> usize {
        self as usize
    }

    /// What `nanoseconds` of a turn cost in this lane.
    pub(super) fn cost(self, nanoseconds: u64) -> u64 {
        let weight = match self {
            Lane::Interactive => CPU_WEIGHT_INTERACTIVE,
            Lane::Report => CPU_WEIGHT_REPORT,
            Lane::Boot => CPU_WEIGHT_BOOT,
        };
        nanoseconds.saturating_mul(CPU_WEIGHT_INTERACTIVE) / weight
    }
}
