//! The loader: one writer on a copy-on-write clone of an image.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Account, Error, ErrorCode, RowSink, TableSet};
use rusqlite::ffi;

use super::ddl::{self, TableShape};
use super::handler;
use super::table::{OpenTable, Opening, TableOutcome};
use crate::conn::{Connection, SqlFault};
use crate::heap::Purse;
use crate::image::{Contents, Image, Pages, Refusal};
use crate::ledger;
use crate::vfs::Handed;

/// Bounds of a load; bytes in memory are bounded by the account.
#[derive(Clone, Copy, Debug)]
pub struct LoadLimits {
    /// A row's values together; beyond it the largest are stored as NULL.
    pub row_bytes_max: u64,
}

/// One writer on a copy-on-write clone of an image. Several tables may be open at once, since one
/// scan may feed several. Dropping it drops all that was not published.
///
/// It writes without a journal, so after an error it is of no more use: every later call gives
/// that error again.
pub struct Loader {
    open: BTreeMap<usize, OpenTable>,
    connection: Connection,
    pages: Arc<Mutex<Pages>>,
    account: Arc<Account>,
    passing: Arc<Account>,
    purse: Arc<Purse>,
    limits: LoadLimits,
    page_bytes: usize,
    contents: Contents,
    in_transaction: bool,
    failure: Option<Error>,
    /// What [`Loader::sink`] gives for a table that is not open.
    closed: Closed,
}

impl Loader {
    /// Opens a writer on a clone of `base`; the image's memory is charged to `account`, SQLite's
    /// heap meanwhile to the account above it.
    pub fn new(base: &Image, account: &Arc<Account>, limits: LoadLimits) -> Result<Loader, Error> {
        let passing = Account::child(account.parent().unwrap_or(account), u64::MAX);
        Loader::with_passing(base, (account, &passing), limits)
    }

    /// The same where the caller keeps the account for what the load takes in passing, which is no
    /// part of the instance, whose cap is for what stays.
    pub fn with_passing(
        base: &Image,
        (account, passing): (&Arc<Account>, &Arc<Account>),
        limits: LoadLimits,
    ) -> Result<Loader, Error> {
        crate::init()?;
        let purse = Purse::new(passing);
        let _paying = ledger::pay(account, Arc::clone(&purse));
        let pages = Arc::new(Mutex::new(Pages::over(base, account)));
        let opened = Connection::open(Handed::Writer(Arc::clone(&pages)));
        let opened = opened.and_then(|connection| {
            connection.limit(ffi::SQLITE_LIMIT_LENGTH, limits.row_bytes_max);
            connection.execute("PRAGMA journal_mode=OFF")?;
            handler::attach(&connection);
            Ok(connection)
        });
        let connection = opened.map_err(|fault| {
            ledger::refused().map_or_else(|| fault.into(), |refusal| refused(refusal.own))
        })?;
        Ok(Loader {
            open: BTreeMap::new(),
            connection,
            pages,
            account: Arc::clone(account),
            passing: Arc::clone(passing),
            purse,
            limits,
            page_bytes: base.page_bytes(),
            contents: base.contents().clone(),
            in_transaction: false,
            failure: None,
            closed: Closed,
        })
    }

    /// Opens a table for rows, dropping those it has. `expected_rows` only saves time: whether
    /// indexes are built after the rows is decided anew as rows come. Fails with `internal` for a
    /// table that the image's part does not have, else as [`Loader::end_table`].
    pub fn begin_table(
        &mut self,
        table: usize,
        shape: &TableShape,
        expected_rows: Option<u64>,
    ) -> Result<(), Error> {
        self.attempt(|loader| loader.open_table(table, shape, expected_rows))
    }

    fn open_table(
        &mut self,
        number: usize,
        shape: &TableShape,
        expected_rows: Option<u64>,
    ) -> Result<(), SqlFault> {
        self.open.remove(&number);
        let catalog = Arc::clone(&self.contents.catalog);
        let part = self.contents.part;
        let definition = catalog.tables.get(number);
        let Some(table) = definition.filter(|table| table.shared == (part == crate::Part::Shared))
        else {
            let message = format!("table {number} is none of the {part:?} part");
            return Err(SqlFault { code: ffi::SQLITE_MISUSE, message, offset: None });
        };
        self.begin_transaction()?;
        let indexes = ddl::indexes(&catalog, number, shape);
        if self.contents.touched.contains(number) || *shape != TableShape::default() {
            let name = ddl::quoted(&table.name);
            self.connection.execute(&format!("DROP TABLE IF EXISTS {name}"))?;
            self.connection.execute(&ddl::create_table(table, shape))?;
            for index in &indexes {
                self.connection.execute(&index.create)?;
            }
        }
        let this: TableSet = [number].into_iter().collect();
        self.contents.touched = self.contents.touched.union(&this);
        self.contents.loaded = self.contents.loaded.minus(&this);
        let opening = Opening {
            catalog: Arc::clone(&catalog),
            number,
            shape: shape.clone(),
            row_bytes_max: self.limits.row_bytes_max,
            indexes,
            expected_rows,
            pages: Arc::clone(&self.pages),
            page_bytes: self.page_bytes,
            account: Arc::clone(&self.account),
        };
        let open = OpenTable::new(&self.connection, opening, &self.purse)?;
        self.open.insert(number, open);
        Ok(())
    }

    /// Where the rows of an open table go. `Flow::Stop`: it cannot go on, [`Loader::end_table`]
    /// tells why.
    pub fn sink(&mut self, table: usize) -> &mut dyn RowSink {
        match self.open.get_mut(&table) {
            Some(open) => open,
            None => &mut self.closed,
        }
    }

    /// Closes a table and builds its indexes. A refused charge is `instance_too_large` if the
    /// account's own cap refused, or if nobody else stood in the way; else `overloaded`.
    pub fn end_table(&mut self, table: usize) -> Result<TableOutcome, Error> {
        self.attempt(|loader| {
            let Some(open) = loader.open.remove(&table) else {
                let message = format!("table {table} was not begun");
                return Err(SqlFault { code: ffi::SQLITE_MISUSE, message, offset: None });
            };
            let outcome = open.end()?;
            // What is large goes to the chunks now, so that publishing stays short.
            if outcome.rows > model::limits::LIVE_INDEX_ROWS {
                loader.commit()?;
            }
            loader.contents.loaded.insert(table);
            Ok(outcome)
        })
    }

    /// Freezes what is there into an image, in the time of copying one pointer per chunk. Tables
    /// ended since the last publish count as loaded; one still open may have any part of its rows. The
    /// loader may go on. Debug builds, and so all tests, check every image.
    pub fn publish(&mut self) -> Result<Image, Error> {
        self.attempt(|loader| {
            loader.commit()?;
            let contents = loader.contents.clone();
            let image = loader.pages().freeze(contents);
            if cfg!(debug_assertions) {
                super::check::check(&image)?;
            }
            Ok(image)
        })
    }

    /// Bytes held now, shared ones included.
    pub fn bytes(&self) -> u64 {
        self.pages().size() + self.open.values().map(OpenTable::bytes).sum::<u64>()
    }

    fn begin_transaction(&mut self) -> Result<(), SqlFault> {
        if !self.in_transaction {
            self.connection.execute("BEGIN")?;
            self.in_transaction = true;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SqlFault> {
        if self.in_transaction {
            self.connection.execute("COMMIT")?;
            self.in_transaction = false;
        }
        // Rows of tables still open must not be transactions of their own.
        if self.open.is_empty() { Ok(()) } else { self.begin_transaction() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where memory is short for everybody and nobody else holds much of it, the tenant does not fit,
    /// whoever else goes.
    fn refused(&self, refusal: Refusal) -> Error {
        refused(refusal.own || self.account.is_alone(&self.passing))
    }

    /// Runs a step, at the account's expense, unless an earlier one failed.
    fn attempt<T>(
        &mut self,
        step: impl FnOnce(&mut Loader) -> Result<T, SqlFault>,
    ) -> Result<T, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let account = Arc::clone(&self.account);
        let _paying = ledger::pay(&account, Arc::clone(&self.purse));
        step(self).map_err(|fault| {
            let refusal = self.pages().refused().or_else(ledger::refused);
            let error = refusal.map_or_else(|| fault.into(), |refusal| self.refused(refusal));
            self.failure = Some(error.clone());
            error
        })
    }
}

fn refused(too_large: bool) -> Error {
    if too_large {
        return Error::new(
            ErrorCode::InstanceTooLarge,
            "this tenant's tables do not fit into the memory an instance may have; a `filter` in \
             the catalog can leave out old documents, or the operator can raise instance.bytes_max",
        );
    }
    Error::new(
        ErrorCode::Overloaded,
        "this replica has no memory left to load the tenant's tables; try again later",
    )
}

/// Takes no rows.
struct Closed;

impl RowSink for Closed {
    fn begin(&mut self, _columns: &[model::Column]) -> model::Flow {
        model::Flow::Stop
    }
    fn row(&mut self, _cells: &[model::Cell<'_>]) -> model::Flow {
        model::Flow::Stop
    }
    fn finish(&mut self, _summary: &model::Summary) {}
    fn fail(&mut self, _error: &Error) {}
}
