//! Which collections there are, with their UUIDs.

use std::collections::HashMap;
use std::sync::Arc;

use bson::{Bson, Document, Timestamp as ClusterTime, doc};
use futures_util::TryStreamExt;
use model::Error;

use super::Server;
use super::failure::{failed, unavailable};

/// What is known of a collection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    /// Changes when the collection is dropped and made again; views have none.
    pub(super) uuid: Option<Bson>,
    /// Capped collections cannot be read at a point in time.
    pub(super) capped: bool,
    pub(super) view: bool,
}

impl Known {
    /// Whether it can be read at a point in time and be known again there. What has no UUID (a
    /// view, a time series) reads as empty at a point before what it shows was renamed or rebuilt.
    pub(super) fn is_pinned(&self) -> bool {
        self.uuid.is_some() && !self.capped
    }
}

/// The collections at some time; those that are not here do not exist.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    /// The server's time after it had looked; `None` where it has none.
    pub(super) at: Option<ClusterTime>,
    /// Shared by all listings that are alike: every instance holds one.
    known: Arc<HashMap<String, Known>>,
}

impl Listing {
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    /// Whether all of them can be read at a point in time.
    pub(super) fn is_pinned(&self) -> bool {
        self.known.values().all(Known::is_pinned)
    }

    /// The UUID of a collection, if it has one.
    pub(super) fn uuid(&self, name: &str) -> Option<&Bson> {
        self.get(name)?.uuid.as_ref()
    }
}

/// Asks the primary, who alone knows the newest. As a plain command, since the driver's own keeps
/// the reply's time to itself; what was known before lends its memory.
pub(super) async fn list(server: &Server, before: Option<Listing>) -> Result<Listing, Error> {
    let names = &server.names;
    let most = i32::try_from(names.len()).unwrap_or(i32::MAX).saturating_add(1);
    let command = doc! {
        "listCollections": 1,
        "filter": {"name": {"$in": names}},
        "cursor": {"batchSize": most},
    };
    let reply = server.ask(command, true).await.map_err(|e| failed("listing collections", &e))?;
    let known = parse(&reply).ok_or_else(|| unavailable("listCollections: a strange reply"))?;
    let at = reply.get_timestamp("operationTime").ok();
    let same = before.map(|before| before.known).filter(|before| **before == known);
    Ok(Listing { at, known: same.unwrap_or_else(|| Arc::new(known)) })
}

fn parse(reply: &Document) -> Option<HashMap<String, Known>> {
    let found = reply.get_document("cursor").ok()?.get_array("firstBatch").ok()?;
    let one = |spec: &Bson| {
        let spec = spec.as_document()?;
        let inner = |name| spec.get_document(name).ok();
        let uuid = inner("info").and_then(|info| info.get("uuid")).cloned();
        let capped =
            inner("options").is_some_and(|own| own.get_bool("capped").is_ok_and(|capped| capped));
        let view = spec.get_str("type").is_ok_and(|kind| kind == "view");
        Some((spec.get_str("name").ok()?.to_owned(), Known { uuid, capped, view }))
    };
    found.iter().map(one).collect()
}

/// A collection's indexes whose first field is `path`: whether there is one that serves equality.
pub(super) async fn has_index(
    server: &Server,
    collection: &str,
    path: &str,
) -> Result<bool, Error> {
    let doing = |e| failed("listing indexes", &e);
    let collection = server.database.collection::<Document>(collection);
    let listed = async { collection.list_indexes().await?.try_collect().await };
    let indexes: Vec<_> = server.patience.question(listed).await.map_err(doing)?;
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
