//! Parameters to statements.

use model::{Cell, Error, ErrorCode};

use super::script::{Params, Value};
use crate::conn::Statement;

/// Which of a script's parameters some statement used.
pub(super) struct Used {
    count: usize,
    /// Of the first ones, a bit each: most scripts have no more.
    first: u64,
    rest: Vec<bool>,
}

impl Used {
    pub(super) fn none(params: &Params) -> Used {
        let count = match params {
            Params::None => 0,
            Params::Positional(values) => values.len(),
            Params::Named(values) => values.len(),
        };
        Used { count, first: 0, rest: vec![false; count.saturating_sub(64)] }
    }

    fn mark(&mut self, index: usize) {
        match index.checked_sub(64) {
            None => self.first |= 1 << index,
            Some(index) => self.rest[index] = true,
        }
    }

    fn is_marked(&self, index: usize) -> bool {
        match index.checked_sub(64) {
            None => self.first & 1 << index != 0,
            Some(index) => self.rest[index],
        }
    }

    /// Fails if some parameter was used nowhere.
    pub(super) fn check(&self, params: &Params) -> Result<(), Error> {
        let Some(unused) = (0..self.count).find(|index| !self.is_marked(*index)) else {
            return Ok(());
        };
        Err(invalid(match params {
            Params::Named(values) => format!(
                "the parameter {} is used nowhere in the SQL; write it as :{0} or leave it out",
                values[unused].0
            ),
            _ => {
                format!("{} parameters were given, but the SQL has only {unused}", self.count)
            }
        }))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorCode::RequestInvalid, message)
}

fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(value) => Cell::Integer(*value),
        Value::Real(value) if value.is_nan() => Cell::Null,
        Value::Real(value) => Cell::Real(*value),
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// Binds a statement's parameters without copying.
///
/// # Safety
/// `params` must stay until the bindings are cleared or the statement is dropped.
pub(super) unsafe fn bind(
    statement: &mut Statement,
    params: &Params,
    used: &mut Used,
) -> Result<(), Error> {
    let count = statement.parameters();
    // `?7` alone makes seven parameters, six of which nobody wants.
    let numbered = (1..=count).any(|n| statement.parameter_name(n).is_some_and(is_numbered));
    for number in 1..=count {
        let (index, value) = match find(statement, number, params) {
            Ok(found) => found,
            Err(_) if numbered && statement.parameter_name(number).is_none() => continue,
            Err(name) => {
                return Err(invalid(format!(
                    "the SQL has the parameter {name}, but no value was given for it"
                )));
            }
        };
        used.mark(index);
        // SAFETY: the caller keeps `params`.
        unsafe { statement.bind(number, &cell(value)) }
            .map_err(|fault| invalid(format!("parameter {number}: {}", fault.message)))?;
    }
    Ok(())
}

/// The value for parameter `number`, or the parameter's name as the SQL has it.
fn find<'p>(
    statement: &Statement,
    number: usize,
    params: &'p Params,
) -> Result<(usize, &'p Value), String> {
    let name = statement.parameter_name(number);
    let found = match params {
        Params::None => None,
        Params::Positional(values) => values.get(number - 1).map(|value| (number - 1, value)),
        Params::Named(values) => {
            let key = match name {
                Some(name) => name[1..].to_owned(),
                None => number.to_string(),
            };
            values.iter().position(|(name, _)| *name == key).map(|index| (index, &values[index].1))
        }
    };
    found.ok_or_else(|| match name {
        Some(name) => name.to_owned(),
        None => format!("?{number}"),
    })
}

fn is_numbered(name: &str) -> bool {
    name.starts_with('?')
}
