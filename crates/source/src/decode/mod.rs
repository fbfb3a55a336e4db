//! From raw documents to rows of one table.

mod report;

use std::sync::Arc;

use model::{Catalog, Error, Flow, RowSink, TenantId};

pub use report::{ColumnReport, Stray, TableReport, Unmapped};

use crate::RawBatch;

/// Bounds of decoding.
#[derive(Clone, Copy, Debug)]
pub struct DecodeLimits {
    /// Bytes of a row's values together; beyond it the largest become NULL, counted.
    pub row_bytes_max: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits { row_bytes_max: model::limits::ROW_BYTES_DEFAULT }
    }
}

/// Turns the documents of a scan into the rows of one table.
pub struct Decoder {
    report: TableReport,
}

impl Decoder {
    /// A decoder for table number `table`. Every document must belong to `tenant` (`None` for
    /// shared tables).
    pub fn new(
        catalog: &Arc<Catalog>,
        table: usize,
        tenant: Option<&TenantId>,
        limits: DecodeLimits,
    ) -> Decoder {
        let _ = (catalog, table, tenant, limits);
        Decoder { report: TableReport::default() }
    }

    /// Decodes a batch into `sink` (only `row` is called). [`Flow::Stop`] if the sink said so.
    ///
    /// # Errors
    /// `internal` if a document is malformed or belongs to another tenant: everything that was
    /// loaded for this boot must then be dropped.
    pub fn decode(&mut self, batch: &RawBatch, sink: &mut dyn RowSink) -> Result<Flow, Error> {
        let _ = (batch, sink);
        Err(Error::internal("decoding is being written"))
    }

    /// What was seen so far.
    pub fn report(&self) -> &TableReport {
        &self.report
    }
}
