//! Rows that arrive in key order need no search: their table is built page by page, full pages
//! only, and then put into the database in one piece. SQLite's own insert finds each row's place
//! anew, which costs several times as much as storing it.
//!
//! Only for the plain case: a table with a rowid, or one `WITHOUT ROWID` whose keys are texts or
//! integers and rise. Whatever else comes (an equal or lower key, a NULL in it, a value that the
//! column's affinity would change) ends the build; what there is goes into the database, and
//! SQLite takes the rest. Formats: <https://www.sqlite.org/fileformat2.html>.

mod order;
mod record;
mod splice;
#[cfg(test)]
mod tests;
mod tree;

use std::sync::Arc;

use model::{Account, Cell, ColumnType, Table};

use super::ddl::TableShape;
use crate::image::{Pages, Refusal};
use order::Order;
use record::Record;
use tree::{Kind, Tree};

/// Whether rows come in the order of the table's key, so far.
pub(super) struct Sorted {
    /// `None`: rows are numbered as they come, which is an order.
    order: Option<Order>,
    holds: bool,
}

impl Sorted {
    /// `key`: the key's columns, none for a table with a rowid.
    pub(super) fn by(key: &[usize]) -> Sorted {
        Sorted { order: (!key.is_empty()).then(|| Order::by(key)), holds: true }
    }

    /// For a table that cannot be built.
    pub(super) fn never() -> Sorted {
        Sorted { order: None, holds: false }
    }

    /// Looks at the next row; whether the order still holds.
    pub(super) fn next(&mut self, cells: &[Cell<'_>]) -> bool {
        self.holds = self.holds && self.order.as_mut().is_none_or(|order| order.rises(cells));
        self.holds
    }

    /// Whether it holds so far.
    pub(super) fn holds(&self) -> bool {
        self.holds
    }
}

/// What a column's declared type does to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    None,
    Typed(ColumnType),
    Text,
    Real,
}

impl Affinity {
    /// Whether a cell is stored as it is, or, in a REAL column, as its exact double.
    fn keeps(self, cell: &Cell<'_>) -> bool {
        match (self, cell) {
            (Affinity::None, _) | (_, Cell::Null | Cell::Blob(_)) => true,
            (Affinity::Text, Cell::Text(_)) | (Affinity::Real, Cell::Real(_)) => true,
            (Affinity::Text, _) => false,
            (Affinity::Real, cell) => ColumnType::Real.keeps(cell),
            (Affinity::Typed(_), Cell::Integer(_)) => true,
            (Affinity::Typed(declared), cell) => declared.keeps(cell),
        }
    }
}

/// A table being built.
pub(super) struct Bulk {
    tree: Tree,
    record: Record,
    affinities: Vec<Affinity>,
    rows: i64,
}

impl Bulk {
    /// A build of `table` as shaped, on pages of `page_bytes`, charged to `account`; `key` as in
    /// [`Sorted::by`].
    pub(super) fn new(
        table: &Table,
        shape: &TableShape,
        key: &[usize],
        page_bytes: usize,
        account: &Arc<Account>,
    ) -> Bulk {
        let affinity = |(number, column): (usize, &model::TableColumn)| {
            let typed = !shape.untyped.contains(&number);
            match column.column_type.declared() {
                "TEXT" if typed => Affinity::Text,
                "REAL" if typed => Affinity::Real,
                "INT" if typed => Affinity::Typed(column.column_type),
                _ => Affinity::None,
            }
        };
        let affinities: Vec<Affinity> = table.columns.iter().enumerate().map(affinity).collect();
        let kind = if key.is_empty() { Kind::Rows } else { Kind::Keys };
        Bulk {
            tree: Tree::new(kind, page_bytes, account),
            record: Record::of(key, affinities.len()),
            affinities,
            rows: 0,
        }
    }

    /// Whether the row can be stored here.
    pub(super) fn takes(&self, cells: &[Cell<'_>]) -> bool {
        self.affinities.iter().zip(cells).all(|(affinity, cell)| affinity.keeps(cell))
    }

    /// Stores the next row, whose key is above all before.
    pub(super) fn add(&mut self, cells: &[Cell<'_>]) -> Result<(), Refusal> {
        self.rows += 1;
        let real = |number: usize| self.affinities[number] == Affinity::Real;
        self.tree.add(self.record.encode(cells, real), self.rows)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        self.tree.bytes()
    }

    /// Puts all rows into `database` as the tree whose root is page `root`. Nobody may have the
    /// database's pages in mind: a connection notices by the change counter.
    pub(super) fn into(self, database: &mut Pages, root: u32) -> Result<(), Refusal> {
        splice::splice(self.tree.close()?, database, root)
    }
}
