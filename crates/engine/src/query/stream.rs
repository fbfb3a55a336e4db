//! The last statement's rows, into the sink.

use model::{AsOf, Column, CutReason, Error, Flow, RowSink, Summary};

use crate::conn::{SqlFault, Statement, Step};

/// The sink and what was sent to it.
pub(super) struct Stream<'s> {
    pub(super) sink: &'s mut dyn RowSink,
    pub(super) begun: bool,
    pub(super) max_rows: Option<u64>,
    pub(super) row_bytes_max: u64,
    pub(super) as_of: Option<AsOf>,
}

impl Stream<'_> {
    /// Steps `statement` to its end, or until the sink has enough. `begin` waits for the first
    /// step, so that what fails at once, or lacks a table, fails before anything was sent.
    pub(super) fn rows(
        &mut self,
        statement: &mut Statement,
        columns: &[Column],
    ) -> Result<Summary, SqlFault> {
        let mut summary =
            Summary { rows: 0, cut: None, changes: None, as_of: self.as_of, replaced_texts: 0 };
        let mut step = statement.step()?;
        self.begun = true;
        if self.sink.begin(columns) == Flow::Stop {
            return Ok(summary);
        }
        while step == Step::Row {
            if self.max_rows.is_some_and(|most| summary.rows >= most) {
                summary.cut = Some(CutReason::MaxRows);
                break;
            }
            let row = statement.row(columns.len());
            // SQLite bounds each value, and rows that it stores; a result's row it only computes.
            if row.bytes > self.row_bytes_max {
                return Err(SqlFault::row_too_big());
            }
            summary.rows += 1;
            summary.replaced_texts += row.replaced;
            if self.sink.row(row.cells) == Flow::Stop {
                break;
            }
            step = statement.step()?;
        }
        Ok(summary)
    }

    /// The result of a statement without columns, which has run.
    pub(super) fn nothing(&mut self) -> Summary {
        self.begun = true;
        // There is nothing more to send, whatever the sink says.
        let (Flow::Continue | Flow::Stop) = self.sink.begin(&[]);
        self.summary()
    }

    fn summary(&self) -> Summary {
        Summary { rows: 0, cut: None, changes: None, as_of: self.as_of, replaced_texts: 0 }
    }

    /// Tells the sink of an error, if it knows of the result at all.
    pub(super) fn fail(&mut self, error: &Error) {
        if self.begun {
            self.sink.fail(error);
        }
    }
}
