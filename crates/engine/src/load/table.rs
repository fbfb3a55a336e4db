//! One table being loaded: its first rows, and those that come out of order, by cells bound without
//! copies to a reused statement; many in order by building the table's pages.

use std::sync::{Arc, Mutex, PoisonError};

use model::limits::{
    ANALYZE_ROWS_MIN, LIVE_INDEX_ROWS, WRITER_CACHE_KIBIBYTES, WRITER_CACHE_SHARE,
};
use model::{Account, Catalog, Cell, Column, Error, Flow, RowSink, Summary, Table};

use super::bulk::{Bulk, Sorted};
use super::ddl::{self, Index, TableShape};
use crate::conn::{Connection, SqlFault, Statement, Step};
use crate::heap::Purse;
use crate::image::{Pages, Refusal};
use crate::ledger;

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
    columns: usize,
    opening: Opening,
    sorted: Sorted,
    /// The build, once many rows are coming in order.
    bulk: Option<Bulk>,
    indexes_live: bool,
    /// Who pays for SQLite's heap while a row is stored.
    purse: Option<Arc<Purse>>,
    outcome: TableOutcome,
    failure: Option<SqlFault>,
}

/// Bytes that SQLite's record header takes for each value at most.
const HEADER_BYTES_PER_VALUE: u64 = 9;

/// What a table is opened with.
pub(super) struct Opening {
    pub(super) catalog: Arc<Catalog>,
    /// The table's number in it.
    pub(super) number: usize,
    pub(super) shape: TableShape,
    pub(super) row_bytes_max: u64,
    pub(super) indexes: Vec<Index>,
    pub(super) expected_rows: Option<u64>,
    /// The database behind the connection.
    pub(super) pages: Arc<Mutex<Pages>>,
    pub(super) page_bytes: usize,
    pub(super) account: Arc<Account>,
}

impl Opening {
    fn table(&self) -> &Table {
        &self.catalog.tables[self.number]
    }

    fn keyed(&self) -> bool {
        ddl::enforces_key(self.table(), &self.shape)
    }

    /// The key's columns if the table is stored by its key.
    fn stored_by(&self) -> &[usize] {
        if ddl::without_rowid(self.table(), &self.shape) { &self.table().primary_key } else { &[] }
    }

    /// Gathers the planner's statistics. SQLite counts an index's rows by reading all of its pages,
    /// for a table stored by its key those of the table; of a key of one column it could only learn
    /// what is known: the rows, and one for each value.
    fn gather_statistics(&self, connection: &Connection, rows: u64) -> Result<(), SqlFault> {
        let limit = model::limits::ANALYZE_SAMPLE_ROWS;
        connection.execute(&format!("PRAGMA analysis_limit={limit}"))?;
        let name = &self.table().name;
        let analyze = |what: &str| connection.execute(&format!("ANALYZE main.{what}"));
        if self.stored_by().len() != 1 {
            return analyze(&ddl::quoted(name));
        }
        // Makes the table of statistics.
        analyze("sqlite_schema")?;
        for index in &self.indexes {
            analyze(&ddl::quoted(&index.name))?;
        }
        let text = name.replace('\'', "''");
        connection.execute(&format!(
            "DELETE FROM sqlite_stat1 WHERE tbl = '{text}' AND idx = '{text}';\
             INSERT INTO sqlite_stat1 VALUES ('{text}', '{text}', '{rows} 1')"
        ))
    }

    /// A key that is an index beside the rows is SQLite's to keep.
    fn buildable(&self) -> bool {
        !self.keyed() || !self.stored_by().is_empty()
    }
}

impl OpenTable {
    /// Opens an empty table, whose indexes are there.
    pub(super) fn new(
        connection: &Connection,
        opening: Opening,
        purse: &Arc<Purse>,
    ) -> Result<OpenTable, SqlFault> {
        let table = opening.table();
        let sorted =
            if opening.buildable() { Sorted::by(opening.stored_by()) } else { Sorted::never() };
        let mut open = OpenTable {
            insert: connection.statement(&ddl::insert(table))?,
            connection: connection.clone(),
            columns: table.columns.len(),
            sorted,
            bulk: None,
            indexes_live: true,
            outcome: TableOutcome::default(),
            failure: None,
            purse: Some(Arc::clone(purse)),
            opening,
        };
        if open.opening.expected_rows.is_some_and(|rows| rows > LIVE_INDEX_ROWS) {
            open.expect_many()?;
        }
        Ok(open)
    }

    /// Bytes that the build holds.
    pub(super) fn bytes(&self) -> u64 {
        self.bulk.as_ref().map_or(0, Bulk::bytes)
    }

    /// So many rows are coming that indexes are better built after them, and the table, as long
    /// as its key rises, page by page.
    fn expect_many(&mut self) -> Result<(), SqlFault> {
        self.suspend_indexes()?;
        if !self.sorted.holds() {
            return Ok(());
        }
        let opening = &self.opening;
        let mut bulk = Bulk::new(
            opening.table(),
            &opening.shape,
            opening.stored_by(),
            opening.page_bytes,
            &opening.account,
        );
        if self.outcome.rows > 0 {
            let name = ddl::quoted(&self.opening.table().name);
            let mut rows = self.connection.statement(&format!("SELECT * FROM {name}"))?;
            while rows.step()? == Step::Row {
                bulk.add(rows.row(self.columns).cells).map_err(|refusal| self.refused(refusal))?;
            }
            drop(rows);
            self.connection.execute(&format!("DELETE FROM {name}"))?;
        }
        self.bulk = Some(bulk);
        Ok(())
    }

    /// Remembers that memory was refused, for the loader to tell why it cannot go on.
    fn refused(&self, refusal: Refusal) -> SqlFault {
        self.opening.pages.lock().unwrap_or_else(PoisonError::into_inner).refuse(refusal);
        let message = "no memory for a table's pages".to_owned();
        SqlFault { code: rusqlite::ffi::SQLITE_FULL, message, offset: None }
    }

    /// Puts what was built into the database, where SQLite finds it.
    fn settle(&mut self, bulk: Bulk) -> Result<(), SqlFault> {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?";
        let mut root = self.connection.statement(sql)?;
        // SAFETY: the name outlives the statement's steps, and nothing is bound after.
        unsafe { root.bind(1, &Cell::Text(&self.opening.table().name))? };
        let found = root.step()? == Step::Row;
        let page = match root.row(1).cells {
            [Cell::Integer(page)] if found => u32::try_from(*page).ok(),
            _ => None,
        };
        drop(root);
        let Some(page) = page else {
            let message = format!("{} has no root page", self.opening.table().name);
            return Err(SqlFault { code: rusqlite::ffi::SQLITE_CORRUPT, message, offset: None });
        };
        // Outside of a transaction the connection holds no lock, and looks at the change counter
        // before it believes a page it has in mind.
        self.connection.execute("COMMIT")?;
        let mut pages = self.opening.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = bulk.into(&mut pages, page);
        drop(pages);
        settled.map_err(|refusal| self.refused(refusal))?;
        self.connection.execute("BEGIN")
    }

    /// Drops the indexes, to be built after the rows: so many are coming that this is faster.
    fn suspend_indexes(&mut self) -> Result<(), SqlFault> {
        self.indexes_live = false;
        // A small part of what a small instance may have, or the cache would take the budget.
        let share = self.opening.account.limit() / WRITER_CACHE_SHARE / 1024;
        let kibibytes = share.min(WRITER_CACHE_KIBIBYTES.into());
        self.connection.execute(&format!("PRAGMA cache_size=-{kibibytes}"))?;
        for index in &self.opening.indexes {
            self.connection.execute(&format!("DROP INDEX {}", ddl::quoted(&index.name)))?;
        }
        Ok(())
    }

    /// Builds what indexes are missing. Statistics are gathered where a plan can go wrong: the
    /// table has a key or index and at least [`ANALYZE_ROWS_MIN`] rows.
    pub(super) fn end(mut self) -> Result<TableOutcome, SqlFault> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if let Some(bulk) = self.bulk.take() {
            self.settle(bulk)?;
        }
        drop(self.insert);
        if !self.indexes_live {
            for index in &self.opening.indexes {
                self.connection.execute(&index.create)?;
            }
        }
        if self.outcome.rows >= ANALYZE_ROWS_MIN
            && (self.opening.keyed() || !self.opening.indexes.is_empty())
        {
            self.opening.gather_statistics(&self.connection, self.outcome.rows)?;
        }
        Ok(self.outcome)
    }

    fn insert(&mut self, cells: &[Cell<'_>]) -> Result<(), SqlFault> {
        if self.indexes_live && self.outcome.rows == LIVE_INDEX_ROWS {
            self.expect_many()?;
        }
        let rises = self.sorted.next(cells);
        if let Some(mut bulk) = self.bulk.take() {
            if rises && bulk.takes(cells) {
                bulk.add(cells).map_err(|refusal| self.refused(refusal))?;
                self.bulk = Some(bulk);
                self.outcome.rows += 1;
                return Ok(());
            }
            self.settle(bulk)?;
        }
        for (index, cell) in cells.iter().enumerate() {
            // SAFETY: the statement is stepped below, while `cells` is borrowed, and then not
            // before every parameter is bound anew.
            unsafe { self.insert.bind(index + 1, cell)? };
        }
        let stepped = self.insert.step();
        self.insert.reset();
        stepped?;
        if self.opening.keyed() && self.connection.changes() == 0 {
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
        // Taken out and put back: counting a reference would cost more than the rest of it.
        let Some(purse) = self.purse.take() else { return Flow::Stop };
        let outcome =
            ledger::during(&purse, || match bytes.saturating_sub(self.opening.row_bytes_max) {
                0 => self.insert(cells),
                over => self.insert_shortened(cells, over),
            });
        self.purse = Some(purse);
        match outcome {
            Ok(()) => Flow::Continue,
            Err(failure) => {
                let refused = ledger::refused().map(|refusal| self.refused(refusal));
                self.failure = Some(refused.unwrap_or(failure));
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
