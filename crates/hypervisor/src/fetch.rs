//! A load's asynchronous part: batches from the source, within the budget, to the load's thread.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use model::limits::{RESERVE_PER_BATCH_BYTE, SMALL_SCAN_BYTES};
use model::{Account, Error, ErrorCode, TenantId};
use source::{BatchStream, RawBatch, ScanSpec, Snapshot};
use tokio::sync::mpsc;

use crate::core::Core;
use crate::load_state::Load;
use crate::loading::Fed;

/// The beginning of a scan: all of it, if it is small.
pub(crate) struct Head {
    /// The rest; `None`: there is none.
    pub(crate) stream: Option<Box<dyn BatchStream>>,
    pub(crate) batches: Vec<RawBatch>,
}

impl Head {
    pub(crate) fn bytes(&self) -> u64 {
        self.batches.iter().map(|batch| batch.bytes() as u64).sum()
    }
}

/// Opens a scan and reads on until it has ended or turned out not to be small.
pub(crate) async fn head(
    snapshot: &dyn Snapshot,
    tenant: Option<&TenantId>,
    spec: &ScanSpec,
    load: &Load,
) -> Result<Head, Error> {
    let mut stream = snapshot.scan(tenant, spec).await?;
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while bytes <= SMALL_SCAN_BYTES {
        let Some(batch) = stream.next_batch().await? else {
            return Ok(Head { stream: None, batches });
        };
        bytes += batch.bytes();
        load.add_bytes(batch.bytes() as u64);
        batches.push(batch);
    }
    Ok(Head { stream: Some(stream), batches })
}

/// One scan of a load, as a task of its own.
pub(crate) struct Fetch {
    pub(crate) core: Arc<Core>,
    pub(crate) snapshot: Arc<dyn Snapshot>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) spec: ScanSpec,
    /// Its number among the load's scans.
    pub(crate) scan: usize,
    pub(crate) head: Head,
    pub(crate) load: Arc<Load>,
    /// The copy's account, and that of what its load takes in passing.
    pub(crate) accounts: (Arc<Account>, Arc<Account>),
    pub(crate) to: mpsc::Sender<Fed>,
    /// Whether to read it all once more.
    pub(crate) again: mpsc::Receiver<bool>,
}

impl Fetch {
    /// Reads the scan, as often as asked, until its end or that of the load.
    pub(crate) async fn run(mut self) {
        let stop = self.load.stop.clone();
        let to = self.to.clone();
        let core = Arc::clone(&self.core);
        let read = AssertUnwindSafe(self.read()).catch_unwind();
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            outcome = read => outcome,
        };
        let error = match outcome {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(panic) => {
                core.panicked("fetch", &*panic);
                Error::internal("reading the source panicked")
            }
        };
        // If nobody listens any more, the load has failed already.
        let _ = to.send(Fed::Failed(error)).await;
    }

    async fn read(&mut self) -> Result<(), Error> {
        loop {
            for batch in std::mem::take(&mut self.head.batches) {
                if !send(&self.core, &self.accounts, &self.to, self.scan, batch).await? {
                    return Ok(());
                }
            }
            if let Some(mut stream) = self.head.stream.take() {
                let mut next = stream.next_batch().await?;
                while let Some(batch) = next {
                    self.load.add_bytes(batch.bytes() as u64);
                    let sending = send(&self.core, &self.accounts, &self.to, self.scan, batch);
                    // The next one is asked for first: the source works on it meanwhile.
                    let (more, sent) = tokio::try_join!(biased; stream.next_batch(), sending)?;
                    if !sent {
                        return Ok(());
                    }
                    next = more;
                }
            }
            self.snapshot.verify(std::slice::from_ref(&self.spec)).await?;
            if self.to.send(Fed::End(self.scan)).await.is_err() {
                return Ok(());
            }
            if self.again.recv().await != Some(true) {
                return Ok(());
            }
            let stream = self.snapshot.scan(self.tenant.as_ref(), &self.spec).await?;
            self.head = Head { stream: Some(stream), batches: Vec::new() };
        }
    }
}

/// Sends a batch once there is memory for it; `false` if the load wants no more.
async fn send(
    core: &Core,
    (own, passing): &(Arc<Account>, Arc<Account>),
    to: &mpsc::Sender<Fed>,
    scan: usize,
    batch: RawBatch,
) -> Result<bool, Error> {
    let bytes = batch.bytes() as u64 * RESERVE_PER_BATCH_BYTE;
    let charge = core.reserve(passing, bytes).await.map_err(|error| {
        // Nobody stands in its way: it will not fit later either.
        if own.is_alone(passing) { instance_too_large() } else { error }
    })?;
    Ok(to.send(Fed::Batch(scan, batch, charge)).await.is_ok())
}

/// The tenant's tables take more memory than an instance may have.
pub(crate) fn instance_too_large() -> Error {
    Error::new(
        ErrorCode::InstanceTooLarge,
        "this tenant's tables do not fit into the memory an instance may have; a `filter` in the \
         catalog can leave out old documents, or the operator can raise instance.bytes_max",
    )
}
