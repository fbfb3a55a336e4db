//! A set of a catalog's tables, as a small bit set.

use crate::limits::TABLES_MAX;

const WORDS: usize = TABLES_MAX / 64;

/// Numbers of tables in a catalog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TableSet([u64; WORDS]);

impl TableSet {
    /// The set without members.
    pub const EMPTY: TableSet = TableSet([0; WORDS]);

    /// Adds `table`, a number below [`TABLES_MAX`].
    pub fn insert(&mut self, table: usize) {
        self.0[table / 64] |= 1 << (table % 64);
    }

    /// Whether `table` is in it.
    pub fn contains(&self, table: usize) -> bool {
        self.0.get(table / 64).is_some_and(|word| word & (1 << (table % 64)) != 0)
    }

    /// Whether every member of `other` is in it.
    pub fn covers(&self, other: &TableSet) -> bool {
        other.minus(self).is_empty()
    }

    /// Members of either.
    #[must_use]
    pub fn union(&self, other: &TableSet) -> TableSet {
        TableSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// Members of this one that `other` lacks.
    #[must_use]
    pub fn minus(&self, other: &TableSet) -> TableSet {
        TableSet(std::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Its members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..TABLES_MAX).filter(|table| self.contains(*table))
    }
}

impl FromIterator<usize> for TableSet {
    fn from_iter<I: IntoIterator<Item = usize>>(tables: I) -> Self {
        let mut set = TableSet::EMPTY;
        tables.into_iter().for_each(|table| set.insert(table));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_algebra() {
        let a: TableSet = [0, 63, 64, 511].into_iter().collect();
        let b: TableSet = [63, 64].into_iter().collect();
        assert!(a.covers(&b) && !b.covers(&a));
        assert_eq!(a.minus(&b).iter().collect::<Vec<_>>(), [0, 511]);
        assert_eq!(a.union(&b).len(), 4);
        assert!(TableSet::EMPTY.is_empty() && !a.contains(100_000));
    }
}
