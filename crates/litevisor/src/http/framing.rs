//! Watches the raw bytes of an HTTP/1 connection for a request that two readers may read
//! differently: one with both `Content-Length` and `Transfer-Encoding`, with a transfer coding
//! besides `chunked` (once), or with two `Host`s. A proxy before us may have read it the other way,
//! and taken what we read as the next request for a body (request smuggling). The HTTP library
//! takes the length away before anybody can see it, and skips codings that it does not undo, so the
//! heads are looked at on their way in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a header line that are looked at, without its spaces: longer than the two names with
/// any length that a body can have.
const LINE_BYTES: usize = 48;

/// What begins an HTTP/2 connection, whose frames are none of this.
const HTTP2_LINE: &[u8] = b"pri*http/2.0";

/// What makes a request ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// `Content-Length` and `Transfer-Encoding`.
    Lengths,
    /// A transfer coding besides `chunked`, or that one twice.
    Coding,
    /// More than one `Host`.
    Hosts,
}

impl Doubt {
    const ALL: [Doubt; 3] = [Doubt::Lengths, Doubt::Coding, Doubt::Hosts];

    /// What is wrong and what to do, in a sentence.
    pub(super) fn told(self) -> &'static str {
        match self {
            Doubt::Lengths => {
                "the request has both Content-Length and Transfer-Encoding, which say different \
                 things of its body: send one of them"
            }
            Doubt::Coding => {
                "the only transfer coding is chunked, once: send the body without another"
            }
            Doubt::Hosts => "the request has more than one Host: send one",
        }
    }
}

/// Which request of a connection is ambiguous, counted from 1, and why; 0 while none is.
#[derive(Clone, Default)]
pub(super) struct Ambiguous(Arc<AtomicU64>);

impl Ambiguous {
    fn note(&self, request: u64, doubt: Doubt) {
        let kinds = Doubt::ALL.len() as u64;
        self.0.store(request * kinds + doubt as u64, Ordering::Release);
    }

    /// Why it is this one.
    pub(super) fn of(&self, request: u64) -> Option<Doubt> {
        let (noted, kinds) = (self.0.load(Ordering::Acquire), Doubt::ALL.len() as u64);
        let kind = usize::try_from(noted % kinds).ok()?;
        (noted / kinds == request).then(|| Doubt::ALL.get(kind).copied()).flatten()
    }
}

enum State {
    /// The request line, or empty lines before it.
    RequestLine,
    Header,
    /// So many bytes of a body are still to come.
    Body(u64),
    ChunkSize,
    /// So many bytes of a chunk, with the line break after it.
    Chunk(u64),
    Trailer,
    /// HTTP/2, or something that the library refuses.
    Off,
}

/// The state of one connection's bytes.
pub(super) struct Framing {
    state: State,
    line: Line,
    length: Option<u64>,
    chunked: bool,
    /// A `Transfer-Encoding` was there.
    coded: bool,
    /// A `Host` was there.
    hosted: bool,
    doubt: Option<Doubt>,
    requests: u64,
    found: Ambiguous,
}

/// A line's beginning in lower case, without spaces.
struct Line {
    bytes: [u8; LINE_BYTES],
    used: usize,
}

impl Line {
    const EMPTY: Line = Line { bytes: [0; LINE_BYTES], used: 0 };

    fn push(&mut self, byte: u8) {
        if matches!(byte, b' ' | b'\t' | b'\r') {
            return;
        }
        if let Some(place) = self.bytes.get_mut(self.used) {
            *place = byte.to_ascii_lowercase();
            self.used += 1;
        }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl Framing {
    pub(super) fn new(found: Ambiguous) -> Self {
        Framing {
            state: State::RequestLine,
            line: Line::EMPTY,
            length: None,
            chunked: false,
            coded: false,
            hosted: false,
            doubt: None,
            requests: 0,
            found,
        }
    }

    /// Looks at the next bytes of the connection.
    pub(super) fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let left = match &mut self.state {
                State::Off => return,
                State::Body(left) | State::Chunk(left) => left,
                _ => {
                    bytes = self.see_line(bytes);
                    continue;
                }
            };
            let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
            *left -= taken as u64;
            bytes = &bytes[taken..];
            if *left == 0 {
                let chunk = matches!(self.state, State::Chunk(_));
                self.state = if chunk { State::ChunkSize } else { State::RequestLine };
            }
        }
    }

    fn see_line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = memchr::memchr(b'\n', bytes);
        if let Some(end) = end
            && self.line.used == 0
            && self.passes(&bytes[..end])
        {
            return &bytes[end + 1..];
        }
        let line = &bytes[..end.unwrap_or(bytes.len())];
        for byte in line {
            if self.line.used == LINE_BYTES {
                break;
            }
            self.line.push(*byte);
        }
        let Some(end) = end else { return &[] };
        let line = std::mem::replace(&mut self.line, Line::EMPTY);
        self.state = self.next(line.text());
        &bytes[end + 1..]
    }

    /// Whether a whole line tells nothing, seen by its beginning: most headers, and the usual
    /// request lines.
    fn passes(&mut self, line: &[u8]) -> bool {
        match self.state {
            State::Header => !matches!(
                line,
                [] | [b'c' | b'C' | b'h' | b'H' | b't' | b'T' | b' ' | b'\t' | b'\r', ..]
            ),
            State::RequestLine if line.starts_with(b"POST /") || line.starts_with(b"GET /") => {
                self.state = self.next(b"request");
                true
            }
            _ => false,
        }
    }

    /// What comes after this line.
    fn next(&mut self, line: &[u8]) -> State {
        match (&self.state, line) {
            (State::RequestLine, b"") => State::RequestLine,
            (State::RequestLine, HTTP2_LINE) => State::Off,
            (State::RequestLine, _) => {
                (self.length, self.doubt) = (None, None);
                (self.chunked, self.coded, self.hosted) = (false, false, false);
                State::Header
            }
            (State::Header, b"") => self.after_head(),
            (State::Header, _) => {
                if let Some(value) = line.strip_prefix(b"content-length:") {
                    // What is no number the library refuses itself.
                    let value = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                    self.length = value.or(Some(0));
                    // A length padded beyond what is looked at is as good as two.
                    self.chunked |= line.len() == LINE_BYTES;
                }
                if let Some(coding) = line.strip_prefix(b"transfer-encoding:") {
                    let twice = std::mem::replace(&mut self.coded, true);
                    if twice || coding != b"chunked" {
                        self.doubt = Some(Doubt::Coding);
                    }
                    self.chunked = true;
                }
                if line.starts_with(b"host:") && std::mem::replace(&mut self.hosted, true) {
                    self.doubt = Some(Doubt::Hosts);
                }
                State::Header
            }
            (State::ChunkSize, _) => chunk(line),
            (State::Trailer, b"") => State::RequestLine,
            (State::Trailer, _) => State::Trailer,
            _ => State::Off,
        }
    }

    fn after_head(&mut self) -> State {
        self.requests += 1;
        if self.length.is_some() && self.chunked {
            self.doubt = Some(Doubt::Lengths);
        }
        if let Some(doubt) = self.doubt {
            self.found.note(self.requests, doubt);
            // The connection ends with its refusal.
            return State::Off;
        }
        match (self.length, self.chunked) {
            (_, true) => State::ChunkSize,
            (Some(bytes), false) if bytes > 0 => State::Body(bytes),
            _ => State::RequestLine,
        }
    }
}

fn chunk(line: &[u8]) -> State {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let size = std::str::from_utf8(&line[..digits]).ok();
    match size.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        Some(0) => State::Trailer,
        Some(bytes) => State::Chunk(bytes.saturating_add(2)),
        None => State::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ambiguous request, counted from 1, however the bytes are cut; 0 if there is none.
    fn ambiguous(bytes: &str) -> u64 {
        doubtful(bytes).map_or(0, |(request, _)| request)
    }

    fn doubtful(bytes: &str) -> Option<(u64, Doubt)> {
        let found: Vec<_> = [1, 2, 7, bytes.len()]
            .iter()
            .map(|size| {
                let found = Ambiguous::default();
                let mut framing = Framing::new(found.clone());
                bytes.as_bytes().chunks(*size).for_each(|part| framing.see(part));
                (1..9).find_map(|request| Some((request, found.of(request)?)))
            })
            .collect();
        assert!(found.windows(2).all(|two| two[0] == two[1]), "{bytes}: {found:?}");
        found[0]
    }

    #[test]
    fn other_codings_and_two_hosts_are_seen() {
        let of = |fields: &str| doubtful(&format!("POST / HTTP/1.1\r\n{fields}\r\n"));
        for fields in [
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, chunked\r\n",
            "Transfer-Encoding: chunked\r\ntransfer-encoding:\tchunked\r\n",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert_eq!(of(fields), Some((1, Doubt::Coding)), "{fields}");
        }
        assert_eq!(of("Host: a\r\nX: y\r\nhost: a\r\n"), Some((1, Doubt::Hosts)));
        assert_eq!(of("Host: a\r\nX-Host: b\r\nHosts: c\r\nTransfer-Encoding: Chunked\r\n"), None);
        let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(doubtful(&good.repeat(3)), None, "one Host each");
    }

    #[test]
    fn both_lengths_are_seen_in_each_order_and_spelling() {
        for both in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "TRANSFER-ENCODING:chunked\r\nHost: x\r\ncontent-length:\t 5\r\n",
            "content-length: 0\ntransfer-encoding: gzip, chunked\n",
        ] {
            assert_eq!(ambiguous(&format!("POST / HTTP/1.1\r\n{both}\r\n")), 1, "{both}");
        }
        assert_eq!(ambiguous("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345"), 0);
        assert_eq!(ambiguous("POST / HTTP/1.1\r\nX-Content-Length: 5\r\n\r\n"), 0);
    }

    #[test]
    fn bodies_are_not_taken_for_heads() {
        let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
        let inside = format!("POST / HTTP/1.1\r\n{both}");
        let length = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{inside}", inside.len());
        assert_eq!(ambiguous(&length), 0);
        assert_eq!(ambiguous(&format!("{length}{inside}")), 2);
        let chunked = format!(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x};a=b\r\n{inside}\r\n3\r\n\r\n\n\
             \r\n0\r\nContent-Length: 3\r\n\r\n",
            inside.len()
        );
        assert_eq!(ambiguous(&chunked), 0);
        assert_eq!(ambiguous(&format!("{chunked}\r\n{inside}")), 2);
        assert_eq!(ambiguous(&format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{inside}")), 0);
    }
}
