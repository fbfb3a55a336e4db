//! Which collections there are, with their UUIDs.

use std::collections::HashMap;
use std::sync::Arc;

use bson::{Document, doc};
use futures_util::TryStreamExt;
use model::Error;
use mongodb::Database;
use mongodb::results::CollectionType;

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

/// Asks the server.
pub(super) async fn list(database: &Database, names: &[String]) -> Result<Listing, Error> {
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
    Ok(Arc::new(found.into_iter().map(known).collect()))
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
