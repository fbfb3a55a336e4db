//! The point in time of a copy that another replica read. It tells what is shown and cannot be read
//! from here: more tables begin a new copy.

use futures_util::future::BoxFuture;
use model::{Error, TenantId, Timestamp};
use source::{BatchStream, PointInTime, ScanSpec, Snapshot};

use crate::manifest::Manifest;

/// Such a point.
pub(super) struct TakenOver(PointInTime);

impl TakenOver {
    pub(super) fn of(manifest: &Manifest) -> TakenOver {
        TakenOver(PointInTime {
            as_of: Timestamp(manifest.as_of_ms),
            mark: manifest.generation,
            exact: manifest.as_of_exact,
        })
    }
}

impl Snapshot for TakenOver {
    fn point(&self) -> PointInTime {
        self.0
    }

    fn scan<'a>(
        &'a self,
        _tenant: Option<&'a TenantId>,
        _spec: &'a ScanSpec,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async { Err(Error::internal("a copy from a peer was read on")) })
    }

    fn verify<'a>(&'a self, _specs: &'a [ScanSpec]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Err(Error::internal("a copy from a peer was read on")) })
    }

    fn is_lost(&self) -> bool {
        true
    }

    fn lasts(&self) -> bool {
        false
    }

    fn is_newest(&self) -> bool {
        false
    }
}
