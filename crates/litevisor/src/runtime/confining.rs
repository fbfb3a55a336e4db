//! Whether query threads are confined: what was wanted, and what this kernel has.

use std::fmt;

use engine::Confinement;

use crate::config::Wanted;

/// How query threads are confined.
pub(super) enum Confining {
    /// Each by a filter.
    On(Confinement),
    /// Not, as was wanted.
    Off,
    /// Not, since it cannot be.
    Unavailable(String),
}

impl Confining {
    /// What this kernel makes of what is wanted.
    ///
    /// # Errors
    /// It must be and cannot be; names the setting.
    pub(super) fn of(wanted: Wanted) -> Result<Self, String> {
        if wanted == Wanted::Off {
            return Ok(Confining::Off);
        }
        match Confinement::new() {
            Ok(confinement) => Ok(Confining::On(confinement)),
            Err(why) if wanted == Wanted::On => Err(format!(
                "query.seccomp is \"on\", and this system cannot: {why}; with \"auto\" the program \
                 runs without it and says so"
            )),
            Err(why) => Ok(Confining::Unavailable(why)),
        }
    }
}

impl fmt::Display for Confining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Confining::On(_) => f.write_str("on"),
            Confining::Off => f.write_str("off"),
            Confining::Unavailable(why) => write!(f, "unavailable: {why}"),
        }
    }
}
