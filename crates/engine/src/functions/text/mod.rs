//! Functions on texts that replace SQLite's own, with the same results: SQLite's take a time that
//! grows with the product of their arguments' lengths, in one VM step.

mod call;
mod instr;
mod replace;
#[cfg(test)]
mod tests;
mod trim;
mod unhex;

use crate::conn::{Connection, SqlFault};

/// Defines them on a connection, in place of SQLite's.
pub(super) fn define(connection: &Connection) -> Result<(), SqlFault> {
    call::define(connection, c"instr", 2, instr::instr)?;
    call::define(connection, c"replace", 3, replace::replace)?;
    for arity in [1, 2] {
        call::define(connection, c"unhex", arity, unhex::unhex)?;
        call::define(connection, c"trim", arity, trim::trim)?;
        call::define(connection, c"ltrim", arity, trim::ltrim)?;
        call::define(connection, c"rtrim", arity, trim::rtrim)?;
    }
    Ok(())
}
