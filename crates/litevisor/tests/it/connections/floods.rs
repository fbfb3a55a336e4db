//! HTTP/2 frames without end that ask for nothing: heads that never end (CONTINUATION), settings,
//! pings, windows, and frames of kinds that nobody knows. The connection ends, and others are
//! answered.

use std::io::Write;

use super::http2::{
    ENHANCE_YOUR_CALM, GET, GOAWAY, HEADERS, SETTINGS, WINDOW_UPDATE, answers, frame, head, next,
    number, open,
};
use crate::harness::TestApp;

const PRIORITY: u8 = 2;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0x77;
const PROTOCOL_ERROR: u32 = 1;

/// Bytes after which the test gives up: a connection that lasts so long never ends.
const FLOOD_BYTES_MAX: usize = 2 << 30;

#[test]
fn a_head_without_end_ends_the_connection() {
    let app = TestApp::start(&[]).ready();
    let pieces = [
        // The method again and again, which is no head at all.
        (&[GET; 64][..], PROTOCOL_ERROR),
        // A field of which each frame has a byte more, or none.
        (&[0][..], ENHANCE_YOUR_CALM),
        (&[][..], ENHANCE_YOUR_CALM),
    ];
    for (piece, error) in pieces {
        let mut stream = open(&app);
        let first = head(GET, "/v1/query?tenant=tiny&sql=SELECT%201");
        let mut bytes = frame(HEADERS, 0, 1, &first);
        while bytes.len() < 1 << 20 {
            bytes.extend(frame(CONTINUATION, 0, 1, piece));
        }
        // It may end before all is sent.
        let _ = stream.write_all(&bytes);
        let farewell = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == GOAWAY);
        let why = number(&farewell.expect("a farewell").payload[4..8]);
        assert_eq!(why, error, "{piece:?}");
        answers(&app);
    }
}

#[test]
fn frames_that_ask_for_nothing_end_the_connection() {
    let settings = [("http", "keep_alive_timeout", "1s"), ("http", "stream_idle_timeout", "1s")];
    let app = TestApp::start(&settings).ready();
    let window = [&[0, 4], &1u32.to_be_bytes()[..]].concat();
    for (kind, number, payload) in [
        // Their answers, which the peer never takes, are not heaped up: nothing more is read.
        (SETTINGS, 0, &window[..]),
        (PING, 0, &[7; 8]),
        (PRIORITY, 1, &[0, 0, 0, 0, 1]),
        (WINDOW_UPDATE, 0, &[0, 0, 0, 1]),
        (UNKNOWN, 0, &[0; 32]),
    ] {
        let mut stream = open(&app);
        let flood = frame(kind, 0, number, payload).repeat(1_000);
        let mut sent = 0;
        while stream.write_all(&flood).is_ok() {
            sent += flood.len();
            assert!(sent < FLOOD_BYTES_MAX, "frames of kind {kind} go on for ever");
        }
        answers(&app);
    }
}
