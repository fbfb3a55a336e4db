//! Whether keys rise, in SQLite's order of texts (by bytes) and of integers.

use std::cmp::Ordering;

use model::Cell;

/// The last key.
pub(super) struct Order {
    columns: Vec<usize>,
    last: Vec<Last>,
}

enum Last {
    /// There was none.
    Nothing,
    Integer(i64),
    Text(Vec<u8>),
}

impl Order {
    pub(super) fn by(columns: &[usize]) -> Order {
        let last = columns.iter().map(|_| Last::Nothing).collect();
        Order { columns: columns.to_vec(), last }
    }

    /// Whether the row's key is above the last one; if so it is the last one now.
    pub(super) fn rises(&mut self, cells: &[Cell<'_>]) -> bool {
        let mut above = false;
        for (column, last) in self.columns.iter().zip(&mut self.last) {
            let cell = cells.get(*column).copied().unwrap_or(Cell::Null);
            let ordering = match (&cell, &*last) {
                (Cell::Integer(_) | Cell::Text(_), Last::Nothing) => Ordering::Greater,
                (Cell::Integer(now), Last::Integer(before)) => now.cmp(before),
                (Cell::Text(now), Last::Text(before)) => now.as_bytes().cmp(before.as_slice()),
                // NULLs are conflicts, and other classes have rules that are SQLite's to apply.
                _ => return false,
            };
            if !above && ordering == Ordering::Less {
                return false;
            }
            above |= ordering == Ordering::Greater;
            if ordering != Ordering::Equal {
                last.set(&cell);
            }
        }
        above
    }
}

impl Last {
    fn set(&mut self, cell: &Cell<'_>) {
        match (cell, &mut *self) {
            (Cell::Text(text), Last::Text(before)) => {
                before.clear();
                before.extend_from_slice(text.as_bytes());
            }
            (Cell::Text(text), _) => *self = Last::Text(text.as_bytes().to_vec()),
            (Cell::Integer(value), _) => *self = Last::Integer(*value),
            _ => *self = Last::Nothing,
        }
    }
}
