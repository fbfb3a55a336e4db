//! Commands as they are sent: to whom, how often, for which collection.

use std::sync::atomic::Ordering;

use bson::{Bson, Document};
use model::limits::SOURCE_BATCH_DOCUMENTS;
use mongodb::raw_batch_cursor::RawBatchCursor;

use super::{ReadPreference, Server, criteria, failure};

impl Server {
    /// Puts a question, to the primary or to a member by preference; a second time where the first
    /// failure may pass, as the driver does with its own reads.
    pub(super) async fn ask(
        &self,
        command: Document,
        primary: bool,
    ) -> mongodb::error::Result<Document> {
        let preferred = self.database.selection_criteria().cloned();
        let criteria = match primary {
            true => Some(criteria(ReadPreference::Primary)),
            false => preferred,
        };
        let run = || async {
            let mut question = self.database.run_command(command.clone());
            if let Some(criteria) = criteria.clone() {
                question = question.selection_criteria(criteria);
            }
            self.patience.question(question).await
        };
        match run().await {
            Err(error) if failure::may_pass(&error) => run().await,
            outcome => outcome,
        }
    }

    /// Runs `find` on the collection with this UUID: the server fails if it is another one, where
    /// it would otherwise find nothing and say so without an error. Servers before MongoDB 6.0
    /// cannot: for them there is the check after the scan.
    pub(super) async fn find(
        &self,
        find: Document,
        uuid: Option<Bson>,
    ) -> mongodb::error::Result<RawBatchCursor> {
        let Some(uuid) = uuid.filter(|_| !self.without_uuids.load(Ordering::Relaxed)) else {
            return self.find_any(&find).await;
        };
        let mut exact = find.clone();
        exact.insert("collectionUUID", uuid);
        match self.find_any(&exact).await {
            Err(error) if failure::is_field_unknown(&error) => {
                let cursor = self.find_any(&find).await?;
                self.without_uuids.store(true, Ordering::Relaxed);
                Ok(cursor)
            }
            outcome => outcome,
        }
    }

    /// Runs `find`. As a command of its own, since only so can the first batch be smaller than the
    /// others: what decodes and inserts is the slower part and starts sooner. Like the driver's own
    /// reads it is tried a second time where that may help.
    async fn find_any(&self, find: &Document) -> mongodb::error::Result<RawBatchCursor> {
        let run = || async {
            let mut command = self.database.run_cursor_command(find.clone());
            if let Some(criteria) = self.database.selection_criteria() {
                command = command.selection_criteria(criteria.clone());
            }
            self.patience.work(command.batch_size(SOURCE_BATCH_DOCUMENTS).batch()).await
        };
        match run().await {
            Err(error) if failure::may_pass(&error) => run().await,
            outcome => outcome,
        }
    }
}
