//! From raw documents to rows of one table, in one pass over the bytes, without allocation per row.
//!
//! Rules beyond INTERFACE §2: of a field that repeats within a document the first counts, as for
//! MongoDB's own queries. A path that leads through an array (not unwound) or a scalar has no
//! value: NULL, reported as a stray of the type in the way. The tenant's key needs no column and
//! is not in the rest column unless mapped paths are beside it. An unwound table's rest column
//! holds the element's unmapped fields, not the document's.

mod cells;
mod plan;
mod report;
mod sequence;
mod walk;

use std::sync::Arc;

use model::{Catalog, Cell, Error, ErrorCode, Flow, RowSink, TenantId};

use crate::RawBatch;
use crate::key::{Owner, TenantKey};
use crate::raw::{Malformed, Value};
use cells::Pending;
use plan::{Plan, TOP};
use walk::{Memory, Walk};

pub(crate) use plan::exclusion;
pub use report::{ColumnReport, Stray, TableReport, Unmapped};
pub(crate) use walk::id_of;

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
    plan: Plan,
    memory: Memory,
    /// Bytes that a row's texts and blobs may have.
    payload_max: usize,
    /// Kept for its allocation.
    cells: Vec<Cell<'static>>,
    /// Why no document can be the tenant's, if that is so.
    refusal: Option<String>,
}

impl Decoder {
    /// A decoder for table number `table`. Every document must belong to `tenant` (`None` for
    /// shared tables).
    ///
    /// # Panics
    /// If the catalog has no such table.
    pub fn new(
        catalog: &Arc<Catalog>,
        table: usize,
        tenant: Option<&TenantId>,
        limits: DecodeLimits,
    ) -> Decoder {
        let plan = Plan::new(catalog, table);
        let own = &catalog.tables[table];
        let key = tenant.and_then(|id| TenantKey::of_tenant(id, catalog.tenant_key_type));
        let refusal = (!own.shared && key.is_none())
            .then(|| format!("table {} was decoded without a tenant's key", own.name));
        let report = TableReport {
            columns: vec![ColumnReport::default(); own.columns.len()],
            ..TableReport::default()
        };
        // SQLite's limit counts the record's header too: up to 9 bytes a column and its own length.
        let header = 9 * own.columns.len() + 9;
        let row_bytes = usize::try_from(limits.row_bytes_max).unwrap_or(usize::MAX);
        Decoder {
            memory: Memory {
                sequences: plan.nodes.iter().map(|_| sequence::Sequence::default()).collect(),
                arena: String::new(),
                rest: String::new(),
                report,
                pass: 0,
                key: if own.shared { None } else { key },
            },
            plan,
            payload_max: row_bytes.saturating_sub(header),
            cells: Vec::new(),
            refusal,
        }
    }

    /// Decodes a batch into `sink` (only `row` is called). [`Flow::Stop`] if the sink said so.
    ///
    /// # Errors
    /// `source_unavailable` if the batch is not whole documents. `internal` if a document is malformed or belongs to another tenant: everything that was
    /// loaded for this boot must then be dropped.
    pub fn decode(&mut self, batch: &RawBatch, sink: &mut dyn RowSink) -> Result<Flow, Error> {
        if let Some(refusal) = &self.refusal {
            return Err(Error::internal(refusal.clone()));
        }
        let mut row = vec![Pending::Missing; self.plan.types.len()];
        for document in batch.documents() {
            let document = document.map_err(|malformed| self.unframed(&malformed))?;
            let flow = match self.document(document, &mut row, sink) {
                Ok(Ok(flow)) => flow,
                Ok(Err(stranger)) => return Err(stranger),
                Err(malformed) => return Err(self.malformed(document, &malformed)),
            };
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Continue)
    }

    /// What was seen so far.
    pub fn report(&self) -> &TableReport {
        &self.memory.report
    }

    fn document<'a>(
        &mut self,
        document: &'a [u8],
        row: &mut [Pending<'a>],
        sink: &mut dyn RowSink,
    ) -> Result<Result<Flow, Error>, Malformed> {
        row.fill(Pending::Missing);
        self.memory.arena.clear();
        self.memory.rest.clear();
        self.memory.pass += 1;
        let has_key = self.memory.key.is_some();
        let mut walk = Walk {
            plan: &self.plan,
            memory: &mut self.memory,
            row,
            document,
            owner: None,
            unwound: None,
        };
        walk.document(TOP, document)?;
        let (owner, unwound) = (walk.owner, walk.unwound);
        match owner {
            Some(Owner::Own) => {}
            None if !has_key => {}
            Some(Owner::OtherType) => {
                self.memory.report.other_key_types += 1;
                return Ok(Ok(Flow::Continue));
            }
            Some(Owner::Stranger) | None => return Ok(Err(self.stranger(document))),
        }
        self.memory.report.documents += 1;
        if !self.plan.unwind {
            return Ok(Ok(self.emit(row, sink)));
        }
        let mut flow = Flow::Continue;
        let arena = self.memory.arena.len();
        let single = walk::unwind(unwound, |index, element| {
            if flow == Flow::Continue {
                self.memory.arena.truncate(arena);
                self.element(index, element, document, row)?;
                flow = self.emit(row, sink);
            }
            Ok(())
        })?;
        self.memory.report.unwound_scalars += u64::from(single);
        Ok(Ok(flow))
    }

    /// Fills the columns that an unwound element gives.
    fn element<'a>(
        &mut self,
        index: i64,
        element: Value<'a>,
        document: &'a [u8],
        row: &mut [Pending<'a>],
    ) -> Result<(), Malformed> {
        for column in &self.plan.element_columns {
            row[*column] = Pending::Missing;
        }
        for column in &self.plan.index {
            row[*column] = Pending::Cell(Cell::Integer(index));
        }
        self.memory.rest.clear();
        self.memory.pass += 1;
        let Some(number) = self.plan.fields.iter().position(|field| field.unwound) else {
            return Ok(());
        };
        let mut walk = Walk {
            plan: &self.plan,
            memory: &mut self.memory,
            row,
            document,
            owner: None,
            unwound: None,
        };
        walk.unwound_element(number, element)
    }

    /// Hands one row to the sink.
    fn emit(&mut self, row: &[Pending<'_>], sink: &mut dyn RowSink) -> Flow {
        let Memory { arena, rest, report, .. } = &mut self.memory;
        let rest_column = self.plan.rest;
        if rest_column.is_some() {
            rest.insert(0, '{');
            rest.push('}');
        }
        let mut cells: Vec<Cell<'_>> = std::mem::take(&mut self.cells);
        let mut payload = 0;
        for (column, pending) in row.iter().enumerate() {
            let cell = match *pending {
                Pending::Cell(cell) => cell,
                Pending::Arena(start, end) => Cell::Text(arena.get(start..end).unwrap_or_default()),
                Pending::Missing if rest_column == Some(column) => Cell::Text(rest.as_str()),
                Pending::Missing => {
                    report.columns[column].missing += 1;
                    Cell::Null
                }
            };
            payload += cell.payload_bytes();
            cells.push(cell);
        }
        if payload > self.payload_max {
            report.oversized += shrink(&mut cells, payload, self.payload_max);
        }
        report.rows += 1;
        let flow = sink.row(&cells);
        // An empty vector has no borrowed cells left: the standard library reuses its allocation.
        cells.clear();
        self.cells = cells.into_iter().map(|_| Cell::Null).collect();
        flow
    }

    fn stranger(&self, document: &[u8]) -> Error {
        Error::internal(format!(
            "the document of {} with _id {} does not belong to the tenant that was asked for: the boot is dropped",
            self.plan.collection,
            id_of(document),
        ))
    }

    fn unframed(&self, malformed: &Malformed) -> Error {
        Error::new(
            ErrorCode::SourceUnavailable,
            "the data source cannot be read at the moment; try again shortly",
        )
        .with_internal(format!("reading {}: {malformed}", self.plan.collection))
    }

    fn malformed(&self, document: &[u8], malformed: &Malformed) -> Error {
        Error::internal(format!(
            "{malformed}, in the document of {} with _id {}",
            self.plan.collection,
            id_of(document),
        ))
    }
}

/// Makes the largest cells NULL until the row fits; returns how many.
fn shrink(cells: &mut [Cell<'_>], mut payload: usize, payload_max: usize) -> u64 {
    let mut dropped = 0;
    while payload > payload_max {
        let largest = cells.iter_mut().max_by_key(|cell| cell.payload_bytes());
        match largest {
            Some(cell) if cell.payload_bytes() > 0 => {
                payload -= cell.payload_bytes();
                *cell = Cell::Null;
                dropped += 1;
            }
            _ => break,
        }
    }
    dropped
}

#[cfg(test)]
mod tests;
