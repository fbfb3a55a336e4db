//! One table being loaded: cells bound without copies to a reused statement.

use model::limits::{ANALYZE_ROWS_MIN, LIVE_INDEX_ROWS, WRITER_CACHE_KIBIBYTES};
use model::{Cell, Column, Error, Flow, RowSink, Summary};

use super::ddl::{self, Index};
use crate::conn::{Connection, SqlFault, Statement};

/// What became of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableOutcome {
    /// Rows stored.
    pub rows: u64,
    /// Rows left out since their primary key was NULL or a duplicate. Not zero: load the table
    /// again with [`super::TableShape::demoted_key`].
    pub key_conflicts: u64,
    /// Values stored as NULL since their row was over `row_bytes_max`.
    pub oversized_values: u64,
}

/// The open end of a table.
pub(super) struct OpenTable {
    connection: Connection,
    insert: Statement,
    name: String,
    columns: usize,
    keyed: bool,
    row_bytes_max: u64,
    indexes: Vec<Index>,
    indexes_live: bool,
    outcome: TableOutcome,
    failure: Option<SqlFault>,
}

/// Bytes that SQLite's record header takes for each value at most.
const HEADER_BYTES_PER_VALUE: u64 = 9;

/// What a table is opened with.
pub(super) struct Opening {
    pub(super) keyed: bool,
    pub(super) row_bytes_max: u64,
    pub(super) indexes: Vec<Index>,
    pub(super) expected_rows: Option<u64>,
}

impl OpenTable {
    /// Opens the empty table `table`, whose indexes are there.
    pub(super) fn new(
        connection: &Connection,
        table: &model::Table,
        opening: Opening,
    ) -> Result<OpenTable, SqlFault> {
        let mut open = OpenTable {
            insert: connection.statement(&ddl::insert(table))?,
            connection: connection.clone(),
            name: table.name.clone(),
            columns: table.columns.len(),
            keyed: opening.keyed,
            row_bytes_max: opening.row_bytes_max,
            indexes: opening.indexes,
            indexes_live: true,
            outcome: TableOutcome::default(),
            failure: None,
        };
        if opening.expected_rows.is_some_and(|rows| rows > LIVE_INDEX_ROWS) {
            open.suspend_indexes()?;
        }
        Ok(open)
    }

    /// Drops the indexes, to be built after the rows: so many are coming that this is faster.
    fn suspend_indexes(&mut self) -> Result<(), SqlFault> {
        self.indexes_live = false;
        self.connection.execute(&format!("PRAGMA cache_size=-{WRITER_CACHE_KIBIBYTES}"))?;
        for index in &self.indexes {
            self.connection.execute(&format!("DROP INDEX {}", ddl::quoted(&index.name)))?;
        }
        Ok(())
    }

    /// Builds what indexes are missing. Statistics are gathered where a plan can go wrong: the
    /// table has a key or index and at least [`ANALYZE_ROWS_MIN`] rows.
    pub(super) fn end(self) -> Result<TableOutcome, SqlFault> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        drop(self.insert);
        if !self.indexes_live {
            for index in &self.indexes {
                self.connection.execute(&index.create)?;
            }
        }
        if self.outcome.rows >= ANALYZE_ROWS_MIN && (self.keyed || !self.indexes.is_empty()) {
            let limit = model::limits::ANALYZE_SAMPLE_ROWS;
            self.connection.execute(&format!(
                "PRAGMA analysis_limit={limit}; ANALYZE main.{}",
                ddl::quoted(&self.name)
            ))?;
        }
        Ok(self.outcome)
    }

    fn insert(&mut self, cells: &[Cell<'_>]) -> Result<(), SqlFault> {
        if self.indexes_live && self.outcome.rows == LIVE_INDEX_ROWS {
            self.suspend_indexes()?;
        }
        for (index, cell) in cells.iter().enumerate() {
            // SAFETY: the statement is stepped below, while `cells` is borrowed, and then not
            // before every parameter is bound anew.
            unsafe { self.insert.bind(index + 1, cell)? };
        }
        let stepped = self.insert.step();
        self.insert.reset();
        stepped?;
        if self.keyed && self.connection.changes() == 0 {
            self.outcome.key_conflicts += 1;
        } else {
            self.outcome.rows += 1;
        }
        Ok(())
    }

    /// Stores a row that is too long with its largest values NULL.
    fn insert_shortened(&mut self, cells: &[Cell<'_>], mut over: u64) -> Result<(), SqlFault> {
        let mut cells = cells.to_vec();
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_by_key(|&index| std::cmp::Reverse(cells[index].payload_bytes()));
        for index in order {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(cells[index].payload_bytes() as u64);
            cells[index] = Cell::Null;
            self.outcome.oversized_values += 1;
        }
        self.insert(&cells)
    }
}

impl RowSink for OpenTable {
    fn begin(&mut self, _columns: &[Column]) -> Flow {
        Flow::Continue
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        if self.failure.is_some() {
            return Flow::Stop;
        }
        if cells.len() != self.columns {
            let message = format!("{} cells for {} columns", cells.len(), self.columns);
            self.failure =
                Some(SqlFault { code: rusqlite::ffi::SQLITE_MISUSE, message, offset: None });
            return Flow::Stop;
        }
        let payload: usize = cells.iter().map(Cell::payload_bytes).sum();
        let bytes = payload as u64 + HEADER_BYTES_PER_VALUE * (cells.len() as u64 + 1);
        let outcome = match bytes.saturating_sub(self.row_bytes_max) {
            0 => self.insert(cells),
            over => self.insert_shortened(cells, over),
        };
        match outcome {
            Ok(()) => Flow::Continue,
            Err(failure) => {
                self.failure = Some(failure);
                Flow::Stop
            }
        }
    }

    fn finish(&mut self, _summary: &Summary) {}

    fn fail(&mut self, error: &Error) {
        let message = format!("the rows' producer failed: {error}");
        self.failure.get_or_insert(SqlFault {
            code: rusqlite::ffi::SQLITE_ABORT,
            message,
            offset: None,
        });
    }
}
