//! HTTP/2 in hand-written frames: more requests than allowed, requests taken back as soon as they
//! are sent, idle connections.

use std::io::{Read, Write};
use std::net::TcpStream;

use model::limits::{RESETS_PENDING_MAX, STREAMS_PER_CONNECTION_MAX};
use serde_json::json;

use crate::client;
use crate::harness::TestApp;

const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;
const CANCEL: u32 = 8;

pub(super) struct Frame {
    pub(super) kind: u8,
    flags: u8,
    stream: u32,
    pub(super) payload: Vec<u8>,
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(super) fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

/// The next frame; none once the connection has ended.
pub(super) fn next(stream: &mut TcpStream) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; number(&[0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some(Frame { kind: head[3], flags: head[4], stream: number(&head[5..]), payload })
}

pub(super) fn open(app: &TestApp) -> TcpStream {
    let mut stream = client::connect(app.address);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("sent");
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).expect("sent");
    stream.write_all(&frame(SETTINGS, 1, 0, &[])).expect("sent");
    stream
}

/// A head by HPACK's static table, nothing of it indexed.
pub(super) fn head(method: u8, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).expect("short");
    // Seven bits, and the rest in a byte of its own.
    let length = if length < 127 { vec![length] } else { vec![127, length - 127] };
    [&[method, 0x86, 0x04], &length[..], path.as_bytes(), &[0x01, 1, b't']].concat()
}

pub(super) const GET: u8 = 0x82;
const POST: u8 = 0x83;

pub(super) fn answers(app: &TestApp) {
    assert_eq!(app.sql("tiny", "SELECT 1").rows(), json!([[1]]));
}

#[test]
fn more_requests_than_allowed_are_refused_alone() {
    let app = TestApp::start(&[]).ready();
    let mut stream = open(&app);
    // Their bodies never end, so all of them stay open.
    let last = 2 * STREAMS_PER_CONNECTION_MAX + 1;
    for number in (1..=last).step_by(2) {
        // Of a literal field: `content-type: application/json`.
        let mut fields = head(POST, "/v1/query?tenant=tiny");
        fields.extend_from_slice(&[0x0f, 0x10, 16]);
        fields.extend_from_slice(b"application/json");
        stream.write_all(&frame(HEADERS, END_HEADERS, number, &fields)).expect("sent");
    }
    let refused = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == RST_STREAM);
    let refused = refused.expect("a refusal before the end");
    assert_eq!((refused.stream, number(&refused.payload)), (last, REFUSED_STREAM));
    // The first one is served as ever.
    let body = br#"{"sql": "SELECT 'served'"}"#;
    stream.write_all(&frame(DATA, END_STREAM, 1, body)).expect("sent");
    let data = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == DATA);
    let data = data.expect("an answer");
    assert_eq!(data.stream, 1);
    assert!(String::from_utf8_lossy(&data.payload).contains("served"));
    answers(&app);
}

#[test]
fn requests_taken_back_at_once_end_the_connection() {
    let app = TestApp::start(&[]).ready();
    let mut stream = open(&app);
    let fields = head(GET, "/v1/query?tenant=tiny&sql=SELECT%201");
    let mut bytes = Vec::new();
    for number in (1..).step_by(2).take(50 * RESETS_PENDING_MAX) {
        bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, number, &fields));
        bytes.extend(frame(RST_STREAM, 0, number, &CANCEL.to_be_bytes()));
    }
    // It may end before all is sent.
    let _ = stream.write_all(&bytes);
    let farewell = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == GOAWAY);
    let farewell = farewell.expect("a farewell");
    assert_eq!(number(&farewell.payload[4..8]), ENHANCE_YOUR_CALM);
    answers(&app);
}

#[test]
fn an_idle_connection_ends() {
    let app = TestApp::start(&[("http", "keep_alive_timeout", "1s")]).ready();
    let mut stream = open(&app);
    let fields = head(GET, "/v1/query?tenant=tiny&sql=SELECT%201");
    stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields)).expect("sent");
    let kinds: Vec<u8> = std::iter::from_fn(|| next(&mut stream)).map(|frame| frame.kind).collect();
    assert!(kinds.contains(&DATA) && kinds.contains(&GOAWAY), "{kinds:?}");
    let ended = stream.read(&mut [0]);
    assert!(!matches!(&ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock), "{ended:?}");
}

/// Opens with a window of `window` bytes for each stream: answers' heads may come, and so much of
/// their bodies.
fn open_with_window(app: &TestApp, window: u32) -> TcpStream {
    let mut stream = client::connect(app.address);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("sent");
    let setting = [&[0, 4], &window.to_be_bytes()[..]].concat();
    stream.write_all(&frame(SETTINGS, 0, 0, &setting)).expect("sent");
    stream.write_all(&frame(SETTINGS, 1, 0, &[])).expect("sent");
    stream
}

fn ask(stream: &mut TcpStream, number: u32, sql: &str) {
    let target = format!("/v1/query?tenant=tiny&sql={sql}");
    stream
        .write_all(&frame(HEADERS, END_HEADERS | END_STREAM, number, &head(GET, &target)))
        .expect("sent");
}

/// Gives a stream, or with 0 the connection, `bytes` more.
fn grant(stream: &mut TcpStream, number: u32, bytes: u32) {
    stream.write_all(&frame(WINDOW_UPDATE, 0, number, &bytes.to_be_bytes())).expect("sent");
}

/// With a second as the patience for readers.
fn impatient(more: &[(&str, &str, &str)]) -> TestApp {
    let settings = [("http", "stream_idle_timeout", "1s"), ("http", "stream_rate_min", "1MiB")];
    TestApp::start(&[&settings, more].concat()).ready()
}

#[test]
fn a_peer_that_never_takes_its_answer_loses_the_connection() {
    let app = impatient(&[("http", "keep_alive_timeout", "1s")]);
    let mut stream = open_with_window(&app, 0);
    ask(&mut stream, 1, "SELECT%201");
    let kinds: Vec<u8> = std::iter::from_fn(|| next(&mut stream)).map(|frame| frame.kind).collect();
    assert!(kinds.contains(&HEADERS) && !kinds.contains(&DATA), "{kinds:?}");
    let ended = stream.read(&mut [0]);
    assert!(!matches!(&ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock), "{ended:?}");
}

#[test]
fn a_stream_that_stands_still_is_cut_alone() {
    let app = impatient(&[]);
    let mut stream = open_with_window(&app, 0);
    ask(&mut stream, 1, "SELECT%201");
    let reset = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == RST_STREAM);
    let reset = reset.expect("a reset before the end");
    assert_eq!((reset.stream, number(&reset.payload)), (1, CANCEL));
    // Its neighbours on the connection, a proxy's other callers, are served as ever.
    ask(&mut stream, 3, "SELECT%20'served'");
    grant(&mut stream, 3, 1 << 16);
    let data = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == DATA);
    let data = data.expect("an answer");
    assert_eq!(data.stream, 3);
    assert!(String::from_utf8_lossy(&data.payload).contains("served"));
}

#[test]
fn a_stalled_result_holds_no_lease() {
    let app = impatient(&[("admission", "replica_concurrent", "1")]);
    // One byte of the stream is wanted, and no more.
    let mut stream = open_with_window(&app, 1);
    ask(
        &mut stream,
        1,
        "WITH%20c(x)AS(SELECT%201%20UNION%20ALL%20SELECT%20x%2B1%20FROM%20c)SELECT%20x%20FROM%20c",
    );
    let reset = std::iter::from_fn(|| next(&mut stream)).find(|frame| frame.kind == RST_STREAM);
    assert_eq!(reset.expect("a reset before the end").stream, 1);
    answers(&app);
    assert!(app.admin_get("/metrics").text().contains("outcome=\"client_too_slow\""));
}

#[test]
fn a_slow_reader_that_goes_on_is_served_to_the_end() {
    let app = impatient(&[]);
    let mut stream = open_with_window(&app, 0);
    let sql = "WITH%20c(x)AS(SELECT%201%20UNION%20ALL%20SELECT%20x%2B1%20FROM%20c%20LIMIT%20999)\
               SELECT%20hex(zeroblob(50))FROM%20c";
    ask(&mut stream, 1, sql);
    grant(&mut stream, 0, 1 << 20);
    let (mut body, mut granted) = (Vec::new(), 0);
    loop {
        if body.len() == granted {
            // Its slowness is what is tested: all in all it takes longer than the patience.
            std::thread::sleep(std::time::Duration::from_millis(500));
            grant(&mut stream, 1, 16 << 10);
            granted += 16 << 10;
        }
        let frame = next(&mut stream).expect("a frame before the end");
        match frame.kind {
            DATA => body.extend(frame.payload),
            kind => assert_ne!(kind, RST_STREAM, "cut after {} bytes", body.len()),
        }
        if frame.kind == DATA && frame.flags & END_STREAM != 0 {
            break;
        }
    }
    assert!(body.len() > 6 * (16 << 10), "{} bytes", body.len());
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["row_count"], 999);
}
