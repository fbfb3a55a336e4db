//! A bounded pipe of byte chunks from a synchronous producer (the encoder on a query's thread) to
//! an HTTP body. A slow reader makes the producer wait; one that stands still, or takes less than
//! the least rate, is cut, so that it holds neither memory nor a lease.
//!
//! The pipe also holds a result back until it is worth sending: while only one chunk that is not
//! full is in it, the response's head has not been decided, and a result that ends there goes out
//! whole, with its length, in one write.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use model::limits::{PIPE_CHUNKS_MAX, STREAM_CHUNK_BYTES};
use model::{Account, Charge, Clock, Flow, Monotonic};

/// When a reader is too slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Taking nothing for so long.
    pub(crate) idle: Duration,
    /// Taking fewer bytes a second than this while the producer waits.
    pub(crate) rate_min: u64,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It goes on.
    Open,
    /// All of it is in the pipe.
    Whole,
    /// The producer gave it up: it must not look whole.
    Aborted,
    /// The reader was too slow.
    TooSlow,
}

struct State {
    chunks: VecDeque<Bytes>,
    end: End,
    /// The response's head is out: no more holding back.
    flowing: bool,
    taken_bytes: u64,
    reader_gone: bool,
    /// The producer waits for room: else it is not woken, since std's condition variable asks the
    /// system at each wake even when nobody waits (one call per small answer, measured).
    producer_waits: Option<Monotonic>,
    waker: Option<Waker>,
}

impl State {
    /// Whether the producer must wait.
    fn is_full(&self) -> bool {
        self.chunks.len() >= PIPE_CHUNKS_MAX && !self.reader_gone && self.end == End::Open
    }
}

/// Bytes with what they are charged to the results in flight, where there was room for that: until
/// the connection has written them.
struct Charged {
    bytes: Vec<u8>,
    _charge: Option<Charge>,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

struct Shared {
    state: Mutex<State>,
    room: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the producer if it waits, after what it waits for was done under this lock.
    fn wake_producer(&self, state: MutexGuard<'_, State>) {
        let waits = state.producer_waits;
        drop(state);
        if waits.is_some() {
            self.room.notify_one();
        }
    }
}

/// Makes a pipe.
pub(crate) fn pipe(
    clock: Arc<dyn Clock>,
    patience: Patience,
    results: Arc<Account>,
) -> (PipeWriter, PipeReader) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            chunks: VecDeque::with_capacity(1),
            end: End::Open,
            flowing: false,
            taken_bytes: 0,
            reader_gone: false,
            producer_waits: None,
            waker: None,
        }),
        room: Condvar::new(),
    });
    let writer = PipeWriter {
        shared: Arc::clone(&shared),
        clock,
        patience,
        results,
        next: None,
        waited: Arc::default(),
    };
    (writer, PipeReader { shared })
}

/// The producer's end.
pub(crate) struct PipeWriter {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
    patience: Patience,
    /// What is in the pipe is charged to it; a refusal is no reason to stop, the pipe being bounded.
    results: Arc<Account>,
    /// What the next chunk is charged already, while it is being written.
    next: Option<Charge>,
    /// Nanoseconds; only the producer adds to them.
    waited: Arc<AtomicU64>,
}

impl PipeWriter {
    /// Puts a chunk in, waiting while the pipe is full. `Stop`: nobody wants more.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) -> Flow {
        let full = bytes.len() >= STREAM_CHUNK_BYTES;
        self.holds(bytes.capacity());
        let chunk = Bytes::from_owner(Charged { bytes, _charge: self.next.take() });
        let mut state = self.wait_for_room();
        if state.reader_gone || state.end != End::Open {
            return Flow::Stop;
        }
        state.chunks.push_back(chunk);
        let wake = state.flowing || full || state.chunks.len() > 1;
        let waker = if wake { state.waker.take() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Flow::Continue
    }

    /// The next chunk takes so many bytes from now on.
    pub(crate) fn holds(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        match &mut self.next {
            Some(charge) if charge.bytes() >= bytes => charge.shrink_to(bytes),
            // Refused: it stays at what there was room for.
            Some(charge) => drop(charge.grow(bytes - charge.bytes())),
            None => self.next = self.results.charge(bytes),
        }
    }

    /// Whether the response's head may be out already.
    pub(crate) fn is_flowing(&self) -> bool {
        self.shared.lock().flowing
    }

    /// Nanoseconds for which the producer has waited for the reader, counted as they pass.
    pub(crate) fn waited(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.waited)
    }

    /// Nothing more will come, and it is whole.
    pub(crate) fn end(&mut self) {
        self.close(End::Whole);
    }

    /// Nothing more will come, and it is not whole.
    pub(crate) fn abort(&mut self) {
        self.close(End::Aborted);
    }

    fn close(&mut self, end: End) {
        let mut state = self.shared.lock();
        if state.end == End::Open {
            state.end = end;
        }
        // Before the head is out, the one who waits learns of the end by the query's own.
        let waker = if state.flowing { state.waker.take() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Adds to the time waited, and gives all of it.
    fn note(&self, waited: Duration) -> Duration {
        let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        let before = self.waited.fetch_add(nanoseconds, Ordering::Relaxed);
        Duration::from_nanos(before.saturating_add(nanoseconds))
    }

    fn wait_for_room(&self) -> MutexGuard<'_, State> {
        let state = self.shared.lock();
        if !state.is_full() {
            return state;
        }
        drop(state);
        hypervisor::pause(|| self.wait())
    }

    fn wait(&self) -> MutexGuard<'_, State> {
        let mut state = self.shared.lock();
        let mut stood_still = Duration::ZERO;
        let mut taken_before = state.taken_bytes;
        while state.is_full() {
            let since = self.clock.monotonic();
            let step = self.patience.idle.saturating_sub(stood_still).max(Duration::from_millis(1));
            state.producer_waits = Some(since);
            state = match self.shared.room.wait_timeout(state, step) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
            state.producer_waits = None;
            let waited = self.clock.monotonic().since(since);
            let all = self.note(waited);
            stood_still = if state.taken_bytes == taken_before {
                stood_still + waited
            } else {
                Duration::ZERO
            };
            taken_before = state.taken_bytes;
            let wanted = self.patience.rate_min as f64 * all.as_secs_f64();
            let crawls = all > self.patience.idle && (state.taken_bytes as f64) < wanted;
            if stood_still >= self.patience.idle || crawls {
                state.end = End::TooSlow;
                state.chunks.clear();
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
            }
        }
        state
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        // A producer that dies without a word (a panic) leaves nothing that looks whole.
        self.close(End::Aborted);
    }
}

impl export::Output for PipeWriter {
    fn chunk(&mut self, bytes: Vec<u8>) -> Flow {
        self.push(bytes)
    }

    fn abort(&mut self) {
        PipeWriter::abort(self);
    }

    fn end(&mut self) {
        PipeWriter::end(self);
    }

    fn holds(&mut self, bytes: usize) {
        PipeWriter::holds(self, bytes);
    }
}

/// The body's end.
pub(crate) struct PipeReader {
    shared: Arc<Shared>,
}

impl PipeReader {
    /// Ready once a response's head should go out before the producer has ended.
    pub(crate) fn poll_worth_sending(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        let full = state.chunks.front().is_some_and(|chunk| chunk.len() >= STREAM_CHUNK_BYTES);
        if state.end == End::Open && (full || state.chunks.len() > 1) {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The head is out: from now on every chunk is announced.
    pub(crate) fn start_flowing(&self) {
        self.shared.lock().flowing = true;
    }

    /// How the stream ended, if it has.
    pub(crate) fn end(&self) -> End {
        self.shared.lock().end
    }

    /// Since when the producer waits, if it does: what the time it has waited does not have yet.
    pub(crate) fn kept_since(&self) -> Option<Monotonic> {
        self.shared.lock().producer_waits
    }

    /// The next chunk, or how the stream ended once all are out.
    pub(crate) fn poll_chunk(&self, cx: &Context<'_>) -> Poll<Result<Bytes, End>> {
        let mut state = self.shared.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            state.taken_bytes += chunk.len() as u64;
            self.shared.wake_producer(state);
            return Poll::Ready(Ok(chunk));
        }
        if state.end != End::Open {
            return Poll::Ready(Err(state.end));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Everything at once, after the producer ended.
    pub(crate) fn take_all(&self) -> (Bytes, End) {
        let mut state = self.shared.lock();
        let end = state.end;
        if state.chunks.len() == 1 {
            return (state.chunks.pop_front().unwrap_or_default(), end);
        }
        let all: Vec<u8> = state.chunks.drain(..).flatten().collect();
        (Bytes::from(all), end)
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.reader_gone = true;
        state.chunks.clear();
        self.shared.wake_producer(state);
    }
}

#[cfg(test)]
mod tests;
