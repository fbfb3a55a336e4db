//! What a load saw of one table, packed: a report as the source gives it takes some 200 bytes a
//! column, more than a tiny tenant's whole image; nearly all of its counts are zero or small.

use engine::{TableOutcome, TableShape};
use model::Catalog;
use model::limits::SEEN_BYTES_MAX;
use serde::{Deserialize, Serialize};
use source::{ColumnReport, Stray, TableReport, Unmapped};

use crate::status::LoadedTable;

/// A loaded table's record.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The table's number in the catalog.
    pub(crate) table: u16,
    /// Rows stored.
    pub(crate) rows: u64,
    packed: Box<[u8]>,
    rare: Option<Box<Rare>>,
}

/// What most tables do not have.
#[derive(Clone, Debug, Default)]
struct Rare {
    shape: TableShape,
    strays: Vec<(usize, Stray)>,
    unmapped: Vec<Unmapped>,
}

impl Seen {
    /// Packs a table's outcome.
    pub(crate) fn pack(
        table: usize,
        outcome: TableOutcome,
        shape: &TableShape,
        report: &TableReport,
    ) -> Seen {
        let mut out = Vec::with_capacity(16 + report.columns.len() * 10);
        for count in [
            report.documents,
            report.rows,
            outcome.oversized_values,
            report.oversized,
            report.unmapped_beyond,
            report.duplicate_fields,
            report.unwound_scalars,
            report.other_key_types,
        ] {
            put(&mut out, count);
        }
        for column in &report.columns {
            put(&mut out, column.missing);
            put(&mut out, column.long_decimals);
            put(&mut out, column.replaced_texts);
            let kinds = column.kinds.iter().enumerate().filter(|(_, count)| **count > 0);
            put(&mut out, (kinds.clone().count() as u64) << 1 | u64::from(column.needs_untyped));
            for (kind, count) in kinds {
                put(&mut out, kind as u64);
                put(&mut out, *count);
            }
        }
        let strays: Vec<(usize, Stray)> = report
            .columns
            .iter()
            .enumerate()
            .flat_map(|(number, column)| column.strays.iter().map(move |s| (number, s.clone())))
            .collect();
        let ordinary =
            strays.is_empty() && report.unmapped.is_empty() && *shape == TableShape::default();
        let rare = (!ordinary).then(|| {
            let unmapped = report.unmapped.clone();
            Box::new(Rare { shape: shape.clone(), strays, unmapped })
        });
        // Numbers of tables are below TABLES_MAX.
        let table = u16::try_from(table).unwrap_or(u16::MAX);
        Seen { table, rows: outcome.rows, packed: out.into(), rare }
    }

    /// How it was loaded, if not as the catalog says.
    pub(crate) fn shape(&self) -> Option<&TableShape> {
        self.rare.as_ref().map(|rare| &rare.shape).filter(|shape| **shape != TableShape::default())
    }

    /// The report, as it was; `columns` is the table's number of columns.
    pub(crate) fn unpack(&self, columns: usize) -> LoadedTable {
        let mut bytes = &self.packed[..];
        let mut next = || take(&mut bytes);
        let mut report = TableReport { documents: next(), rows: next(), ..TableReport::default() };
        let oversized_values = next();
        report.oversized = next();
        report.unmapped_beyond = next();
        report.duplicate_fields = next();
        report.unwound_scalars = next();
        report.other_key_types = next();
        for _ in 0..columns {
            let mut column = ColumnReport {
                missing: next(),
                long_decimals: next(),
                replaced_texts: next(),
                ..ColumnReport::default()
            };
            let mark = next();
            column.needs_untyped = mark & 1 == 1;
            for _ in 0..(mark >> 1).min(column.kinds.len() as u64) {
                let (kind, count) = (next(), next());
                let kind = usize::try_from(kind).unwrap_or(usize::MAX);
                if let Some(slot) = column.kinds.get_mut(kind) {
                    *slot = count;
                }
            }
            report.columns.push(column);
        }
        let rare = self.rare.as_deref().cloned().unwrap_or_default();
        for (number, stray) in rare.strays {
            if let Some(column) = report.columns.get_mut(number) {
                column.strays.push(stray);
            }
        }
        report.unmapped = rare.unmapped;
        LoadedTable {
            rows: self.rows,
            untyped: rare.shape.untyped,
            demoted_key: rare.shape.demoted_key,
            oversized_values,
            report,
        }
    }
}

/// A record as one replica tells it to another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SeenTold {
    table: u16,
    rows: u64,
    packed: Vec<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    untyped: Vec<usize>,
    #[serde(default)]
    demoted_key: bool,
    /// Column, type, count, example.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    strays: Vec<(usize, String, u64, String)>,
    /// Path, count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unmapped: Vec<(String, u64)>,
}

impl Seen {
    /// For another replica.
    pub(crate) fn tell(&self) -> SeenTold {
        let rare = self.rare.as_deref().cloned().unwrap_or_default();
        let stray = |(column, stray): (usize, Stray)| {
            (column, stray.bson_type.to_owned(), stray.count, stray.example)
        };
        SeenTold {
            table: self.table,
            rows: self.rows,
            packed: self.packed.to_vec(),
            untyped: rare.shape.untyped,
            demoted_key: rare.shape.demoted_key,
            strays: rare.strays.into_iter().map(stray).collect(),
            unmapped: rare.unmapped.into_iter().map(|one| (one.path, one.count)).collect(),
        }
    }

    /// From another replica; `None` if it cannot be about a table of `catalog`.
    pub(crate) fn told(told: &SeenTold, catalog: &Catalog) -> Option<Seen> {
        let columns = catalog.tables.get(usize::from(told.table))?.columns.len();
        let in_table = |column: &usize| *column < columns;
        let fits = told.packed.len() <= SEEN_BYTES_MAX
            && told.untyped.iter().all(in_table)
            && told.strays.iter().all(|(column, ..)| in_table(column));
        if !fits {
            return None;
        }
        let stray = |(column, kind, count, example): &(usize, String, u64, String)| {
            Some((*column, Stray::told(kind, *count, example.clone())?))
        };
        let strays = told.strays.iter().map(stray).collect::<Option<Vec<_>>>()?;
        let unmapped = told.unmapped.iter();
        let unmapped = unmapped.map(|(path, count)| Unmapped { path: path.clone(), count: *count });
        let shape = TableShape { untyped: told.untyped.clone(), demoted_key: told.demoted_key };
        let rare = Rare { shape, strays, unmapped: unmapped.collect() };
        let ordinary = rare.strays.is_empty()
            && rare.unmapped.is_empty()
            && rare.shape == TableShape::default();
        let packed = told.packed.clone().into();
        Some(Seen {
            table: told.table,
            rows: told.rows,
            packed,
            rare: (!ordinary).then(|| Box::new(rare)),
        })
    }
}

/// LEB128: seven bits a byte, lowest first.
fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        // The cast keeps the low byte on purpose.
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0u64, 0u32);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_and_back() {
        let mut report = TableReport { documents: 300, rows: 70_000, ..TableReport::default() };
        report.oversized = u64::MAX;
        let mut column = ColumnReport { missing: 3, ..ColumnReport::default() };
        column.kinds[2] = 127;
        column.kinds[5] = 128;
        column.needs_untyped = true;
        column.strays.push(Stray { bson_type: "int", count: 2, example: "a of 1".to_owned() });
        report.columns = vec![ColumnReport::default(), column];
        report.unmapped.push(Unmapped { path: "x.y".to_owned(), count: 9 });
        let shape = TableShape { untyped: vec![1], demoted_key: true };
        let outcome = TableOutcome { rows: 69_999, key_conflicts: 0, oversized_values: 1 };
        let seen = Seen::pack(7, outcome, &shape, &report);
        assert_eq!(seen.shape(), Some(&shape));
        let back = seen.unpack(2);
        assert_eq!(format!("{:?}", back.report), format!("{report:?}"));
        assert_eq!((back.rows, back.oversized_values), (69_999, 1));
        assert_eq!((back.untyped, back.demoted_key), (vec![1], true));
        let plain = Seen::pack(0, outcome, &TableShape::default(), &TableReport::default());
        assert!(plain.rare.is_none() && plain.shape().is_none());
    }
}
