//! A cursor's raw batches. Dropping a stream kills its cursor on the server.

use bson::{Bson, Document, doc};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::Error;
use mongodb::Collection;
use mongodb::raw_batch_cursor::RawBatchCursor;

use super::failure::{failed, unavailable};
use super::fate::Fate;
use super::patience::Patience;
use crate::raw::{Value, find};
use crate::{BatchStream, RawBatch};

/// The stream over one cursor.
pub(super) struct Batches {
    pub(super) cursor: RawBatchCursor,
    pub(super) patience: Patience,
    pub(super) collection: String,
    /// Of the snapshot it belongs to, if it belongs to one.
    pub(super) fate: Option<Fate>,
}

impl Batches {
    pub(super) async fn next(&mut self) -> Result<Option<RawBatch>, Error> {
        loop {
            let reply = async { self.cursor.next().await.transpose() };
            let reply = match self.patience.work(reply).await {
                Ok(None) => return Ok(None),
                Ok(Some(reply)) => reply,
                Err(e) => {
                    if let Some(fate) = &self.fate {
                        fate.note(&e);
                    }
                    return Err(failed(&format!("reading {}", self.collection), &e));
                }
            };
            let batch = RawBatch::from_reply(reply)
                .map_err(|e| unavailable(format!("reading {}: {e}", self.collection)))?;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
    }
}

impl BatchStream for Batches {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(self.next())
    }
}

/// The first and last `ends` documents by `_id`.
pub(super) struct Ends {
    pub(super) collection: Collection<Document>,
    pub(super) patience: Patience,
    pub(super) ends: i64,
    pub(super) first: Option<Batches>,
    pub(super) last: Option<Batches>,
    /// The greatest `_id` among the first ones, and how many these are.
    pub(super) greatest: Option<Bson>,
    pub(super) count: i64,
}

impl Ends {
    async fn next(&mut self) -> Result<Option<RawBatch>, Error> {
        if let Some(first) = &mut self.first {
            if let Some(batch) = first.next().await? {
                self.count += i64::try_from(batch.len()).unwrap_or(0);
                self.greatest = batch.documents().map_while(Result::ok).last().and_then(id_value);
                return Ok(Some(batch));
            }
            self.first = None;
            if self.count < self.ends {
                return Ok(None);
            }
            self.last = Some(self.open_last().await?);
        }
        match &mut self.last {
            Some(last) => last.next().await,
            None => Ok(None),
        }
    }

    async fn open_last(&mut self) -> Result<Batches, Error> {
        let name = self.collection.name().to_owned();
        // `$expr` compares across types, as the sort does; a plain `$gt` would not.
        let after = match &self.greatest {
            Some(id) => doc! {"$expr": {"$gt": ["$_id", {"$literal": id.clone()}]}},
            None => doc! {},
        };
        let cursor = self.collection.find(after).sort(doc! {"_id": -1}).limit(self.ends).batch();
        let cursor = self.patience.work(cursor).await;
        let cursor = cursor.map_err(|e| failed(&format!("sampling {name}"), &e))?;
        Ok(Batches { cursor, patience: self.patience, collection: name, fate: None })
    }
}

impl BatchStream for Ends {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(self.next())
    }
}

/// A document's `_id`, whatever it is.
fn id_value(document: &[u8]) -> Option<Bson> {
    let there = find(document, |e| (e.name == b"_id").then_some(e.value)).ok().flatten()?;
    match there {
        Value::Null => Some(Bson::Null),
        _ => Document::from_reader(document).ok()?.remove("_id"),
    }
}
