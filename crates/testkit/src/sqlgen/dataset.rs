//! Datasets: collections of documents, the catalog that maps them, and the rows that must come out.

use bson::{Bson, Document, doc};
use model::ColumnType;
use proptest::prelude::*;
use rusqlite::types::Value as SqlValue;

use super::value::{GenValue, values};

/// A column of a generated table.
#[derive(Clone, Debug)]
pub struct GenColumn {
    /// Its name in SQL.
    pub name: String,
    /// The path in the document.
    pub path: String,
    /// Its catalog type.
    pub kind: ColumnType,
}

/// A generated table with its rows. Column 0 is the key, column 1 refers to other tables.
#[derive(Clone, Debug)]
pub struct GenTable {
    /// Its name in SQL.
    pub name: String,
    /// Its collection.
    pub collection: String,
    /// The columns.
    pub columns: Vec<GenColumn>,
    /// The rows, in column order.
    pub rows: Vec<Vec<GenValue>>,
    /// Whether column 1 has an index.
    pub indexed: bool,
}

/// Tables of one tenant.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// At least one table.
    pub tables: Vec<GenTable>,
}

/// Names that need quoting, look like keywords, or differ from what people expect.
const TABLE_NAMES: [&str; 4] = ["devices", "order items", "select", "täg\"lich"];
const COLUMN_NAMES: [&str; 6] = ["amount", "Group", "net price", "ünit", "x\"y", "_z"];
const PATHS: [&str; 6] = ["amount", "nest.group", "nest.deep.price", "unit", "field y", "z"];

fn kind() -> impl Strategy<Value = ColumnType> {
    prop::sample::select(vec![
        ColumnType::Text,
        ColumnType::Integer,
        ColumnType::Real,
        ColumnType::Datetime,
        ColumnType::Blob,
        ColumnType::Json,
        ColumnType::Scaled(2),
        ColumnType::Any,
    ])
}

fn table(number: usize) -> impl Strategy<Value = GenTable> {
    (prop::collection::vec(kind(), 2..=COLUMN_NAMES.len()), any::<bool>(), any::<bool>())
        .prop_flat_map(move |(kinds, text_key, indexed)| {
            let key_kind = if text_key { ColumnType::Text } else { ColumnType::Integer };
            let mut columns = vec![
                GenColumn { name: "id".into(), path: "_id".into(), kind: key_kind },
                GenColumn { name: "ref".into(), path: "ref".into(), kind: ColumnType::Integer },
            ];
            for (i, kind) in kinds.iter().enumerate() {
                columns.push(GenColumn {
                    name: COLUMN_NAMES[i].into(),
                    path: PATHS[i].into(),
                    kind: *kind,
                });
            }
            let cells: Vec<_> = kinds.iter().map(|kind| values(*kind)).collect();
            let row = (0_i64..8, cells);
            prop::collection::vec(row, 0..30).prop_map(move |rows| GenTable {
                name: TABLE_NAMES[number].into(),
                collection: format!("c{number}"),
                columns: columns.clone(),
                rows: rows
                    .into_iter()
                    .enumerate()
                    .map(|(i, (reference, cells))| {
                        let mut row = vec![key(i, key_kind), reference_value(reference)];
                        row.extend(cells);
                        row
                    })
                    .collect(),
                indexed,
            })
        })
}

fn key(row: usize, kind: ColumnType) -> GenValue {
    let number = i64::try_from(row).unwrap_or(i64::MAX);
    match kind {
        ColumnType::Text => {
            let text = format!("k{row:03}");
            GenValue { bson: Some(text.clone().into()), cell: SqlValue::Text(text) }
        }
        _ => GenValue { bson: Some(Bson::Int64(number)), cell: SqlValue::Integer(number) },
    }
}

fn reference_value(number: i64) -> GenValue {
    GenValue { bson: Some(Bson::Int64(number)), cell: SqlValue::Integer(number) }
}

/// Datasets of one to four tables.
pub fn dataset() -> impl Strategy<Value = Dataset> {
    (table(0), prop::collection::vec(any::<bool>(), 3), table(1), table(2), table(3)).prop_map(
        |(first, more, a, b, c)| {
            let mut tables = vec![first];
            tables
                .extend([a, b, c].into_iter().zip(more).filter(|(_, more)| *more).map(|(t, _)| t));
            Dataset { tables }
        },
    )
}

impl Dataset {
    /// The catalog, with `tenant` as tenant key.
    pub fn catalog_toml(&self) -> String {
        let mut out = String::from("tenant_key = \"tenant\"\n");
        for table in &self.tables {
            out += &format!(
                "\n[[tables]]\nname = {}\ncollection = {}\nprimary_key = [\"id\"]\n",
                quoted(&table.name),
                quoted(&table.collection)
            );
            if table.indexed {
                out += "indexes = [[\"ref\"]]\n";
            }
            out += "columns = [\n";
            for column in &table.columns {
                let kind = match column.kind {
                    ColumnType::Scaled(digits) => format!("scaled:{digits}"),
                    kind => kind.name().to_owned(),
                };
                out += &format!(
                    "  {{ name = {}, path = {}, as = \"{kind}\" }},\n",
                    quoted(&column.name),
                    quoted(&column.path)
                );
            }
            out += "]\n";
        }
        out
    }

    /// Every collection with its documents, for `tenant`.
    pub fn documents(&self, tenant: &str) -> Vec<(String, Vec<Document>)> {
        self.tables
            .iter()
            .map(|table| {
                let documents = table.rows.iter().map(|row| document(table, row, tenant)).collect();
                (table.collection.clone(), documents)
            })
            .collect()
    }

    /// Makes the same tables with the same rows in a plain database: the oracle.
    pub fn fill(&self, oracle: &rusqlite::Connection) -> rusqlite::Result<()> {
        for table in &self.tables {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| format!("{} {}", identifier(&column.name), column.kind.declared()))
                .collect();
            let name = identifier(&table.name);
            oracle.execute_batch(&format!(
                "CREATE TABLE {name} ({}, PRIMARY KEY (id)) WITHOUT ROWID",
                columns.join(", ")
            ))?;
            let marks = vec!["?"; table.columns.len()].join(", ");
            let mut insert = oracle.prepare(&format!("INSERT INTO {name} VALUES ({marks})"))?;
            for row in &table.rows {
                insert.execute(rusqlite::params_from_iter(row.iter().map(|value| &value.cell)))?;
            }
            if table.indexed {
                oracle.execute_batch(
                    &format!("CREATE INDEX {name}_ref ON {name} (ref)").replace("\"_ref", "_ref\""),
                )?;
            }
        }
        Ok(())
    }
}

fn document(table: &GenTable, row: &[GenValue], tenant: &str) -> Document {
    let mut top = doc! { "tenant": tenant };
    for (column, value) in table.columns.iter().zip(row) {
        let Some(bson) = value.bson.clone() else { continue };
        let mut here = &mut top;
        let mut segments = column.path.split('.').peekable();
        while let Some(segment) = segments.next() {
            if segments.peek().is_none() {
                here.insert(segment, bson);
                break;
            }
            if !here.contains_key(segment) {
                here.insert(segment, Document::new());
            }
            let Ok(below) = here.get_document_mut(segment) else { break };
            here = below;
        }
    }
    top
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `name` as an SQL identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
