//! A plain HTTP/1.1 client over a socket: it sends exactly the bytes it is told, and sees exactly
//! how an answer ends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How an answer's body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As its head promised.
    Whole,
    /// The connection broke off.
    Broken,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
    pub ended: Ended,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    pub fn trailer(&self, name: &str) -> Option<&str> {
        find(&self.trailers, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let (length, from) = (self.body.len(), self.body.len().saturating_sub(1 << 12));
            let end = String::from_utf8_lossy(&self.body[from..]);
            panic!("{error} in {length} bytes, {:?}, that end with {end:?}", self.ended)
        })
    }

    /// Asserts a problem and gives its detail.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{text}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{text}");
        assert_eq!(problem["status"], status, "{text}");
        assert_eq!(problem["type"], format!("/docs/errors/{code}"));
        assert!(problem["retryable"].is_boolean(), "{text}");
        assert!(self.header("request-id").is_some());
        problem["detail"].as_str().expect("detail").to_owned()
    }

    /// Asserts 200 and gives the rows of a JSON result.
    #[track_caller]
    pub fn rows(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()["rows"].clone()
    }
}

fn find<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Sends one request and reads its answer to the end.
pub fn send(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = connect(address);
    stream.write_all(request).expect("sent");
    read_reply(&mut stream)
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout set");
    stream
}

/// The bytes of a request that closes its connection.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// Reads a head: status and headers; what follows it stays in `rest`.
pub fn read_head(stream: &mut impl Read, rest: &mut Vec<u8>) -> (u16, Vec<(String, String)>) {
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut buffer).expect("a head");
        assert!(read > 0, "the connection ended in the head: {:?}", String::from_utf8_lossy(rest));
        rest.extend_from_slice(&buffer[..read]);
    };
    let head = String::from_utf8(rest.drain(..end + 4).collect()).expect("ASCII");
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status line");
    (status.parse().expect("a status"), fields(lines))
}

fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Reads a whole answer.
pub fn read_reply(stream: &mut impl Read) -> Reply {
    let mut rest = Vec::new();
    let (status, headers) = read_head(stream, &mut rest);
    // Everything to the end: requests here close their connections. A reset is an end too.
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = stream.read(&mut buffer) {
        if read == 0 {
            break;
        }
        rest.extend_from_slice(&buffer[..read]);
    }
    let chunked = find(&headers, "transfer-encoding") == Some("chunked");
    let (body, trailers, ended) = if chunked {
        dechunk(&rest)
    } else {
        let wanted = find(&headers, "content-length").and_then(|text| text.parse().ok());
        let whole = wanted.is_none_or(|wanted: usize| rest.len() == wanted);
        (rest, Vec::new(), if whole { Ended::Whole } else { Ended::Broken })
    };
    Reply { status, headers, body, trailers, ended }
}

fn dechunk(mut rest: &[u8]) -> (Vec<u8>, Vec<(String, String)>, Ended) {
    let mut body = Vec::new();
    loop {
        let Some(at) = rest.windows(2).position(|window| window == b"\r\n") else {
            return (body, Vec::new(), Ended::Broken);
        };
        let size = std::str::from_utf8(&rest[..at]).ok();
        let Some(size) = size.and_then(|text| usize::from_str_radix(text, 16).ok()) else {
            return (body, Vec::new(), Ended::Broken);
        };
        rest = &rest[at + 2..];
        if size == 0 {
            let text = String::from_utf8_lossy(rest);
            let ended = if rest.ends_with(b"\r\n") { Ended::Whole } else { Ended::Broken };
            return (body, fields(text.trim_end().split("\r\n")), ended);
        }
        if rest.len() < size + 2 {
            body.extend_from_slice(rest);
            return (body, Vec::new(), Ended::Broken);
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}
