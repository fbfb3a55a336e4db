//! Drives inference over a source's collections.

use model::Error;
use source::{SampleSize, Source};

use super::Progress;

/// How far inference is.
#[derive(Clone, Debug)]
pub struct SampleProgress {
    /// The collection being looked at.
    pub collection: String,
    /// Documents looked at, of all collections.
    pub documents_done: u64,
    /// Documents to look at, as far as is known.
    pub documents_total: u64,
}

impl From<SampleProgress> for Progress {
    fn from(sampled: SampleProgress) -> Self {
        Progress::Sampling {
            collection: sampled.collection,
            documents_done: sampled.documents_done,
            documents_total: sampled.documents_total,
        }
    }
}

/// Looks at the documents of every collection and makes a catalog of what they hold.
///
/// # Errors
/// The source's own.
pub async fn infer(
    source: &dyn Source,
    size: SampleSize,
    progress: &mut (dyn FnMut(&SampleProgress) + Send),
) -> Result<InferredCatalog, Error> {
    let collections = source.collections().await?;
    let mut total = 0;
    for collection in &collections {
        let all = source.collection_size(collection).await?;
        total += match size {
            SampleSize::All => all,
            SampleSize::Ends(n) => all.min(2 * n),
        };
    }
    let _ = (progress, total);
    Err(Error::internal("inference is being written; declare a catalog"))
}

/// What inference makes.
#[derive(Clone, Debug)]
pub struct InferredCatalog {
    /// Ready to use.
    pub catalog: model::Catalog,
    /// To be read and kept.
    pub toml: String,
}
