//! Which collections there are, with their UUIDs. Boots that ask at the same time share an answer,
//! provided that the question to the server was put after theirs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bson::{Document, doc};
use futures_util::TryStreamExt;
use model::Error;
use mongodb::Database;
use mongodb::results::CollectionType;
use tokio::sync::Mutex;

use super::failure::failed;

/// What is known of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// Changes when the collection is dropped and made again; views have none.
    pub(super) uuid: Option<Vec<u8>>,
    /// Capped collections cannot be read at a point in time.
    pub(super) capped: bool,
    pub(super) view: bool,
}

pub(super) type Listing = Arc<HashMap<String, Known>>;

/// The listings of one database.
#[derive(Default)]
pub(super) struct Listings {
    asked: AtomicU64,
    last: Mutex<(u64, Option<Listing>)>,
}

impl Listings {
    /// The last listing, if there was one since the start, else a fresh one.
    pub(super) async fn last(
        &self,
        database: &Database,
        names: &[String],
    ) -> Result<Listing, Error> {
        if let (_, Some(listing)) = &*self.last.lock().await {
            return Ok(Arc::clone(listing));
        }
        self.fresh(database, names).await
    }

    /// A listing that was begun after this call.
    pub(super) async fn fresh(
        &self,
        database: &Database,
        names: &[String],
    ) -> Result<Listing, Error> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if let (begun, Some(listing)) = &*last
            && *begun >= mine
        {
            return Ok(Arc::clone(listing));
        }
        let begun = self.asked.load(Ordering::SeqCst);
        let listing = Arc::new(list(database, names).await?);
        *last = (begun, Some(Arc::clone(&listing)));
        Ok(listing)
    }
}

async fn list(database: &Database, names: &[String]) -> Result<HashMap<String, Known>, Error> {
    let doing = |e| failed("listing collections", &e);
    let filter = match names {
        [] => doc! {},
        names => doc! {"name": {"$in": names}},
    };
    let cursor = database.list_collections().filter(filter).await.map_err(doing)?;
    let found: Vec<_> = cursor.try_collect().await.map_err(doing)?;
    let known = |spec: mongodb::results::CollectionSpecification| {
        let uuid = spec.info.uuid.map(|binary| binary.bytes);
        let capped = spec.options.capped.unwrap_or(false);
        let view = spec.collection_type == CollectionType::View;
        (spec.name, Known { uuid, capped, view })
    };
    Ok(found.into_iter().map(known).collect())
}

/// A collection's indexes whose first field is `path`: whether there is one that serves equality.
pub(super) async fn has_index(
    database: &Database,
    collection: &str,
    path: &str,
) -> Result<bool, Error> {
    let doing = |e| failed("listing indexes", &e);
    let cursor = database.collection::<Document>(collection).list_indexes().await.map_err(doing)?;
    let indexes: Vec<_> = cursor.try_collect().await.map_err(doing)?;
    Ok(indexes.iter().any(|index| {
        let options = index.options.as_ref();
        let partial = options.is_some_and(|o| o.partial_filter_expression.is_some());
        let hidden = options.and_then(|o| o.hidden).unwrap_or(false);
        let usable = index.keys.iter().next().is_some_and(|(first, kind)| {
            first == path && kind.as_str().is_none_or(|kind| kind == "hashed")
        });
        usable && !partial && !hidden
    }))
}
