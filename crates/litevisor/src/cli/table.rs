//! A result as a table for people, up to so many rows; what is cut is said.

use std::sync::{Arc, Mutex, PoisonError};

use comfy_table::{Cell as TableCell, CellAlignment, Table};
use model::limits::{TABLE_CELL_CHARS, TABLE_ROWS_MAX};
use model::{Cell, Column, Error, Flow, RowSink, Summary};

/// Collects rows.
#[derive(Default)]
struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<(String, bool)>>,
    cut: bool,
    summary: Option<Summary>,
}

/// A sink that keeps rows for [`TableSink::render`].
#[derive(Clone, Default)]
pub(super) struct TableSink(Arc<Mutex<Rows>>);

impl TableSink {
    fn with<T>(&self, act: impl FnOnce(&mut Rows) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The table, and a line on what it is.
    pub(super) fn render(&self) -> (String, String) {
        self.with(|kept| {
            let mut table = Table::new();
            table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
            table.set_header(kept.header.iter().map(TableCell::new));
            for row in &kept.rows {
                table.add_row(row.iter().map(|(text, number)| {
                    let side = if *number { CellAlignment::Right } else { CellAlignment::Left };
                    TableCell::new(text).set_alignment(side)
                }));
            }
            let text = if kept.header.is_empty() { String::new() } else { format!("{table}\n") };
            (text, kept.line())
        })
    }
}

impl Rows {
    fn line(&self) -> String {
        let count = self.rows.len();
        let mut line = match self.summary.as_ref().and_then(|summary| summary.changes) {
            Some(changes) => format!("{changes} rows changed, in a scratch that is gone now"),
            None if count == 1 => "1 row".to_owned(),
            None => format!("{count} rows"),
        };
        if self.cut {
            line.push_str("; there are more: --format csv writes them all");
        }
        if let Some(cut) = self.summary.as_ref().and_then(|summary| summary.cut) {
            line.push_str(&format!("; cut by {}", cut.name()));
        }
        line
    }
}

impl RowSink for TableSink {
    fn begin(&mut self, columns: &[Column]) -> Flow {
        self.with(|kept| kept.header = columns.iter().map(|c| c.name.clone()).collect());
        Flow::Continue
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        self.with(|kept| {
            if kept.rows.len() == TABLE_ROWS_MAX {
                kept.cut = true;
                return Flow::Stop;
            }
            kept.rows.push(cells.iter().map(shown).collect());
            Flow::Continue
        })
    }

    fn finish(&mut self, summary: &Summary) {
        self.with(|kept| kept.summary = Some(summary.clone()));
    }

    fn fail(&mut self, _: &Error) {}
}

/// A cell's text, and whether it is a number.
fn shown(cell: &Cell<'_>) -> (String, bool) {
    match cell {
        Cell::Null => ("NULL".to_owned(), false),
        Cell::Integer(integer) => (integer.to_string(), true),
        Cell::Real(real) => (format!("{real:?}"), true),
        Cell::Text(text) => (shortened(&printable(text)), false),
        Cell::Blob(bytes) => {
            let hex: String =
                bytes.iter().take(TABLE_CELL_CHARS).map(|b| format!("{b:02X}")).collect();
            (shortened(&format!("x'{hex}'")), false)
        }
    }
}

/// Control characters may not reach the terminal: a tenant's text is not to be trusted.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TABLE_CELL_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        assert_eq!(shown(&Cell::Real(2.0)), ("2.0".to_owned(), true));
        assert_eq!(shown(&Cell::Text("a\u{1b}[31m")).0, "a\u{fffd}[31m");
        assert_eq!(shown(&Cell::Blob(&[1, 255])).0, "x'01FF'");
        assert!(shown(&Cell::Text(&"ü".repeat(500))).0.ends_with("ü…"));
    }

    #[test]
    fn a_table() {
        let mut sink = TableSink::default();
        let column = |name: &str| Column { name: name.to_owned(), column_type: None, origin: None };
        let _ = sink.begin(&[column("n"), column("t")]);
        let _ = sink.row(&[Cell::Integer(1), Cell::Text("x")]);
        let (text, line) = sink.render();
        assert!(text.contains("n") && text.contains('x') && text.lines().count() >= 4, "{text}");
        assert_eq!(line, "1 row");
    }
}
