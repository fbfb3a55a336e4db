//! Loading: from a catalog to a blank image, from rows to a populated one.

use std::sync::Arc;

use model::{Account, Catalog, Error, RowSink};

use crate::image::{Image, PageSize};

/// Which of a catalog's tables an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The tables of one tenant.
    Tenant,
    /// The tables shared by all tenants.
    Shared,
}

/// The schema of a catalog without rows: what every boot starts from, copy-on-write.
#[derive(Clone, Debug)]
pub struct Blank {
    image: Image,
}

impl Blank {
    /// Creates the tables of one part of `catalog`. Fails with `internal` if SQLite refuses a
    /// definition.
    pub fn build(
        _catalog: &Arc<Catalog>,
        _part: Part,
        _page_size: PageSize,
    ) -> Result<Blank, Error> {
        Err(Error::internal("not written yet"))
    }

    /// The image without rows; none of its tables count as loaded.
    pub fn image(&self) -> &Image {
        &self.image
    }
}

/// How a tenant's table differs from the catalog's; the default: not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableShape {
    /// Numbers of columns declared without a type, since their values would not survive it.
    pub untyped: Vec<usize>,
    /// The primary key is a plain index, since it has duplicates or NULLs.
    pub demoted_key: bool,
}

/// Bounds of a load; bytes in memory are bounded by the account.
#[derive(Clone, Copy, Debug)]
pub struct LoadLimits {
    /// A row's values together; beyond it the largest are stored as NULL.
    pub row_bytes_max: u64,
}

/// What became of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableOutcome {
    /// Rows stored.
    pub rows: u64,
    /// Rows left out since their primary key was NULL or a duplicate. Not zero: load the table
    /// again with [`TableShape::demoted_key`].
    pub key_conflicts: u64,
    /// Values stored as NULL since their row was over `row_bytes_max`.
    pub oversized_values: u64,
}

/// One writer on a copy-on-write clone of an image. Several tables may be open at once, since one
/// scan may feed several. Dropping it drops all that was not published.
pub struct Loader {
    never: std::convert::Infallible,
}

impl Loader {
    /// Opens a writer on a clone of `base`; its memory is charged to `account`.
    pub fn new(
        _base: &Image,
        _account: &Arc<Account>,
        _limits: LoadLimits,
    ) -> Result<Loader, Error> {
        Err(Error::internal("not written yet"))
    }

    /// Opens a table for rows, dropping those it has. `expected_rows` decides whether indexes are
    /// built after the rows.
    pub fn begin_table(
        &mut self,
        _table: usize,
        _shape: &TableShape,
        _expected_rows: Option<u64>,
    ) -> Result<(), Error> {
        match self.never {}
    }

    /// Where the rows of an open table go. `Flow::Stop`: it cannot go on, [`Loader::end_table`]
    /// tells why.
    pub fn sink(&mut self, _table: usize) -> &mut dyn RowSink {
        match self.never {}
    }

    /// Closes a table and builds its indexes. A refused charge is `instance_too_large` if the
    /// account's own cap refused, else `overloaded`.
    pub fn end_table(&mut self, _table: usize) -> Result<TableOutcome, Error> {
        match self.never {}
    }

    /// Freezes what is there into an image, in the time of copying one pointer per chunk. Tables
    /// ended since the last publish count as loaded. The loader may go on.
    pub fn publish(&mut self) -> Result<Image, Error> {
        match self.never {}
    }

    /// Bytes held now.
    pub fn bytes(&self) -> u64 {
        match self.never {}
    }
}
