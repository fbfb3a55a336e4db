//! Reading a tenant's own bytes of a collection, or the whole of it, in batches.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::limits::{DUMP_FIRST_BATCH_BYTES, DUMP_GAP_BYTES_MAX, SOURCE_BATCH_BYTES};
use model::{Error, Filter, Timestamp};

use super::folder::{CollectionFile, Documents, unreadable};
use super::index::{Index, Place, Postings};
use crate::filter::matches;
use crate::key::TenantKey;
use crate::raw;
use crate::{BatchStream, RawBatch};

/// A collection that can be read at any offset.
pub(super) struct Collection {
    pub(super) path: PathBuf,
    pub(super) bytes: Bytes,
    pub(super) index: Index,
}

/// Where a collection's bytes are.
pub(super) enum Bytes {
    /// In the file: read where needed.
    File(File),
    /// In memory, decompressed.
    Memory(Vec<u8>),
}

impl Collection {
    /// Appends the bytes of a run to `out`.
    fn read(&self, start: u64, length: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let before = out.len();
        match &self.bytes {
            Bytes::File(file) => {
                out.resize(before + length, 0);
                file.read_exact_at(&mut out[before..], start).map_err(|e| {
                    unreadable(&self.path, format!("at byte {start}: {e}; was the file changed?"))
                })
            }
            Bytes::Memory(all) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                match all.get(start..start.saturating_add(length)) {
                    Some(run) => {
                        out.extend_from_slice(run);
                        Ok(())
                    }
                    None => Err(unreadable(&self.path, format!("no {length} bytes at {start}"))),
                }
            }
        }
    }
}

/// The documents of one scan. The first batch is small and read in place: what is small would cost
/// more to hand over than to read. All others are read on a thread that may wait for a disk.
pub(super) struct Scan {
    /// Absent while it reads elsewhere.
    reader: Option<Reader>,
    begun: bool,
}

/// Reads a scan's documents.
struct Reader {
    collection: Arc<Collection>,
    runs: Runs,
    filter: Option<(Filter, Timestamp)>,
    /// Whether no run is left.
    done: bool,
}

/// Which parts of the file are read, and how far.
pub(super) enum Runs {
    /// One tenant's.
    Tenant {
        key: model::Path,
        tenant: TenantKey,
        place: Place,
        /// What is left of a run that is longer than a batch.
        left: Option<(u64, u64)>,
    },
    /// All of it, from this offset on.
    All(u64),
}

impl Scan {
    pub(super) fn new(
        collection: Arc<Collection>,
        runs: Runs,
        filter: Option<(Filter, Timestamp)>,
    ) -> Scan {
        Scan { reader: Some(Reader { collection, runs, filter, done: false }), begun: false }
    }

    async fn next(&mut self) -> Result<Option<RawBatch>, Error> {
        let lost = || Error::internal("a dump's batch was given up midway");
        if !std::mem::replace(&mut self.begun, true) {
            let reader = self.reader.as_mut().ok_or_else(lost)?;
            let batch = reader.batch(DUMP_FIRST_BATCH_BYTES)?;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        let mut reader = self.reader.take().ok_or_else(lost)?;
        if reader.done {
            self.reader = Some(reader);
            return Ok(None);
        }
        let read = move || {
            let batch = reader.some();
            (reader, batch)
        };
        let (reader, batch) = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.map_err(|_| lost())?,
            Err(_) => read(),
        };
        self.reader = Some(reader);
        batch
    }
}

impl Reader {
    fn postings<'a>(&'a self, key: &model::Path, tenant: &TenantKey) -> Option<&'a Postings> {
        self.collection.index.keys.get(key)?.tenants.get(tenant)
    }

    /// The next run; a caller that cannot take all of it gives the rest back.
    fn run(&mut self) -> Option<(u64, u64)> {
        let total = self.collection.index.bytes;
        match &mut self.runs {
            Runs::All(at) if *at < total => {
                let run = (*at, total - *at);
                *at = total;
                Some(run)
            }
            Runs::All(_) => None,
            Runs::Tenant { left, .. } if left.is_some() => left.take(),
            Runs::Tenant { key, tenant, place, .. } => {
                let (key, tenant, mut next) = (key.clone(), tenant.clone(), *place);
                let run = self.postings(&key, &tenant)?.run(&mut next);
                if let Runs::Tenant { place, .. } = &mut self.runs {
                    *place = next;
                }
                run
            }
        }
    }

    fn give_back(&mut self, run: (u64, u64)) {
        match &mut self.runs {
            Runs::All(at) => *at = run.0,
            Runs::Tenant { left, .. } => *left = Some(run),
        }
    }

    /// The next batch that is not empty.
    fn some(&mut self) -> Result<Option<RawBatch>, Error> {
        while !self.done {
            let batch = self.batch(SOURCE_BATCH_BYTES)?;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// What the filter leaves of the next so many bytes.
    fn batch(&mut self, bytes_max: usize) -> Result<RawBatch, Error> {
        let mut bytes = Vec::new();
        self.fill(&mut bytes, bytes_max)?;
        self.done |= bytes.is_empty();
        let batch = RawBatch::from_run(bytes).map_err(|e| {
            unreadable(&self.collection.path, format!("{e}, in a batch; was the file changed?"))
        })?;
        match &self.filter {
            None => Ok(batch),
            Some((filter, now)) => self.filtered(&batch, filter, *now),
        }
    }

    /// Collects runs until the batch is full. Neighbouring runs are read at one go, with what lies
    /// between them if that is less than a page, and only the runs are kept.
    fn fill(&mut self, bytes: &mut Vec<u8>, bytes_max: usize) -> Result<(), Error> {
        let mut spans: Vec<(u64, usize)> = Vec::new();
        let mut total = 0;
        while total < bytes_max {
            let Some((start, length)) = self.run() else {
                self.done = true;
                break;
            };
            let room = bytes_max - total;
            let length_here = usize::try_from(length).unwrap_or(usize::MAX);
            if length_here > room {
                // Few enough spans to fill the batch with: the rest of it comes from this run.
                self.read_spans(&spans, bytes)?;
                let used = self.read_front(start, room, length_here, bytes)?;
                let used = u64::try_from(used).unwrap_or(u64::MAX);
                if used < length {
                    self.give_back((start + used, length - used));
                }
                return Ok(());
            }
            spans.push((start, length_here));
            total += length_here;
        }
        self.read_spans(&spans, bytes)
    }

    /// Appends the run's first whole documents that fit into `room`, at least one; returns how many
    /// bytes they are.
    fn read_front(
        &self,
        start: u64,
        room: usize,
        length: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<usize, Error> {
        let before = bytes.len();
        self.collection.read(start, room.max(4).min(length), bytes)?;
        let corrupt = |e| unreadable(&self.collection.path, format!("{e}; was the file changed?"));
        let mut taken = 0;
        while bytes.len() - before - taken >= 4 {
            let next = raw::document_length(bytes, before + taken).map_err(corrupt)?;
            if taken == 0 && next > bytes.len() - before {
                bytes.truncate(before);
                let whole = next.min(length);
                self.collection.read(start, whole, bytes)?;
                return Ok(whole);
            }
            if taken + next > bytes.len() - before {
                break;
            }
            taken += next;
        }
        bytes.truncate(before + taken);
        Ok(taken)
    }

    fn read_spans(&self, spans: &[(u64, usize)], bytes: &mut Vec<u8>) -> Result<(), Error> {
        let mut window = Vec::new();
        let mut at = 0;
        while let Some(&(start, length)) = spans.get(at) {
            let mut last = at;
            let mut end = start + u64::try_from(length).unwrap_or(0);
            while let Some(&(next, length)) = spans.get(last + 1)
                && next - end <= DUMP_GAP_BYTES_MAX
            {
                last += 1;
                end = next + u64::try_from(length).unwrap_or(0);
            }
            if last == at {
                self.collection.read(start, length, bytes)?;
            } else {
                window.clear();
                let whole = usize::try_from(end - start).unwrap_or(usize::MAX);
                self.collection.read(start, whole, &mut window)?;
                for &(own, length) in &spans[at..=last] {
                    let from = usize::try_from(own - start).unwrap_or(usize::MAX);
                    bytes.extend_from_slice(window.get(from..from + length).unwrap_or_default());
                }
            }
            at = last + 1;
        }
        Ok(())
    }

    fn filtered(
        &self,
        batch: &RawBatch,
        filter: &Filter,
        now: Timestamp,
    ) -> Result<RawBatch, Error> {
        let mut kept = Vec::new();
        for document in batch.documents() {
            let unreadable = |e| unreadable(&self.collection.path, e);
            let document = document.map_err(unreadable)?;
            if matches(filter, document, now).map_err(unreadable)? {
                kept.extend_from_slice(document);
            }
        }
        RawBatch::from_run(kept).map_err(|e| unreadable(&self.collection.path, e))
    }
}

impl BatchStream for Scan {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(self.next())
    }
}

/// A collection's documents from front to back, or those at its two ends, in the file's order.
pub(super) struct Sample {
    documents: Documents,
    /// How many at each end; `None` for all.
    ends: Option<usize>,
    done: bool,
}

impl Sample {
    pub(super) fn open(file: &CollectionFile, ends: Option<usize>) -> Result<Self, Error> {
        Ok(Sample { documents: Documents::open(file)?, ends, done: false })
    }

    fn batch(&mut self) -> Result<Option<RawBatch>, Error> {
        if self.done {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        match self.ends {
            None => {
                while bytes.len() < SOURCE_BATCH_BYTES {
                    let Some((_, document)) = self.documents.next()? else { break };
                    bytes.extend_from_slice(document);
                }
                self.done = bytes.is_empty();
            }
            Some(ends) => {
                self.done = true;
                let mut last: VecDeque<Vec<u8>> = VecDeque::with_capacity(ends.min(1024));
                let mut first = 0;
                while let Some((_, document)) = self.documents.next()? {
                    if first < ends {
                        first += 1;
                        bytes.extend_from_slice(document);
                        continue;
                    }
                    let mut kept = if last.len() < ends {
                        Vec::new()
                    } else {
                        last.pop_front().unwrap_or_default()
                    };
                    kept.clear();
                    kept.extend_from_slice(document);
                    last.push_back(kept);
                }
                last.iter().for_each(|document| bytes.extend_from_slice(document));
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        RawBatch::from_run(bytes)
            .map(Some)
            .map_err(|e| Error::internal(format!("documents read one by one do not frame: {e}")))
    }
}

impl BatchStream for Sample {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(async { self.batch() })
    }
}
