//! Tests of the pipe: holding back, bounds, ends.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::task::noop_waker;
use model::{Monotonic, Timestamp};

use super::*;

/// A clock that goes on by a second whenever it is asked.
#[derive(Default)]
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.0.fetch_add(1_000_000_000, Ordering::Relaxed))
    }
}

fn small_pipe() -> (PipeWriter, PipeReader) {
    counted_pipe(&Account::root(u64::MAX))
}

fn counted_pipe(results: &Arc<Account>) -> (PipeWriter, PipeReader) {
    let patience = Patience { idle: Duration::from_millis(5), rate_min: 1 };
    pipe(Arc::new(Ticking::default()), patience, Arc::clone(results))
}

#[test]
fn a_small_result_is_held_back_and_goes_out_whole() {
    let (mut writer, reader) = small_pipe();
    let waker = noop_waker();
    let cx = Context::from_waker(&waker);
    assert_eq!(writer.push(b"abc".to_vec()), Flow::Continue);
    assert!(reader.poll_worth_sending(&cx).is_pending());
    writer.end();
    assert!(reader.poll_worth_sending(&cx).is_pending(), "the query's end tells");
    drop(writer);
    assert_eq!(reader.take_all(), (Bytes::from_static(b"abc"), End::Whole));
}

#[test]
fn a_full_chunk_is_worth_sending() {
    let (mut writer, reader) = small_pipe();
    let waker = noop_waker();
    let cx = Context::from_waker(&waker);
    assert_eq!(writer.push(vec![0; STREAM_CHUNK_BYTES]), Flow::Continue);
    assert!(reader.poll_worth_sending(&cx).is_ready());
    reader.start_flowing();
    assert!(matches!(reader.poll_chunk(&cx), Poll::Ready(Ok(_))));
    assert!(reader.poll_chunk(&cx).is_pending());
    drop(writer);
    assert!(matches!(reader.poll_chunk(&cx), Poll::Ready(Err(End::Aborted))), "not whole");
}

#[test]
fn a_reader_that_stands_still_is_cut_and_its_memory_freed() {
    let (mut writer, reader) = small_pipe();
    for _ in 0..PIPE_CHUNKS_MAX {
        assert_eq!(writer.push(vec![0; 10]), Flow::Continue);
    }
    assert_eq!(writer.push(vec![0; 10]), Flow::Stop);
    writer.end();
    let (bytes, end) = reader.take_all();
    assert_eq!((bytes.len(), end), (0, End::TooSlow));
}

#[test]
fn a_reader_that_left_stops_the_producer() {
    let (mut writer, reader) = small_pipe();
    let producer = std::thread::Builder::new().spawn(move || {
        let mut pushed = 0_usize;
        while writer.push(vec![0; 10]) == Flow::Continue {
            pushed += 1;
        }
        pushed
    });
    drop(reader);
    let pushed = producer.expect("spawned").join().expect("ended");
    assert!(pushed <= PIPE_CHUNKS_MAX);
}

#[test]
fn bytes_are_counted_from_the_encoder_s_buffer_until_the_connection_has_written_them() {
    let results = Account::root(1_000);
    let (mut writer, reader) = counted_pipe(&results);
    writer.holds(100);
    assert_eq!(results.used(), 100, "as they are written");
    writer.holds(300);
    let chunk = Vec::with_capacity(300);
    assert_eq!(writer.push(chunk), Flow::Continue);
    assert_eq!(results.used(), 300, "in the pipe, once");
    writer.holds(600);
    assert_eq!(results.used(), 900);
    writer.holds(800);
    assert_eq!(results.used(), 900, "there is no room, but what there was room for stays counted");
    reader.start_flowing();
    let waker = noop_waker();
    let Poll::Ready(Ok(taken)) = reader.poll_chunk(&Context::from_waker(&waker)) else {
        panic!("there is a chunk")
    };
    assert_eq!(results.used(), 900, "while the connection writes them");
    drop(taken);
    assert_eq!(results.used(), 600);
    drop((writer, reader));
    assert_eq!(results.used(), 0);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test's own thread")]
fn a_wait_is_known_while_it_lasts() {
    let clock = Arc::new(Ticking::default());
    let patience = Patience { idle: Duration::from_secs(3600), rate_min: 0 };
    let (mut writer, reader) = pipe(clock, patience, Account::root(u64::MAX));
    reader.start_flowing();
    assert_eq!(reader.kept_since(), None);
    let waited = writer.waited();
    let producer = std::thread::spawn(move || {
        for _ in 0..=PIPE_CHUNKS_MAX {
            let _ = writer.push(vec![0; STREAM_CHUNK_BYTES]);
        }
    });
    while reader.kept_since().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(waited.load(Ordering::Relaxed), 0, "noted at its end only");
    drop(reader);
    producer.join().unwrap();
    assert!(waited.load(Ordering::Relaxed) > 0);
}
