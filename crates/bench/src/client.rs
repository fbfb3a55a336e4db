//! A small blocking HTTP/1.1 client over one kept connection: cheap, so that it measures the
//! server and not itself.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::Result;

/// One kept connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

/// An answer without its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// The status code.
    pub(crate) status: u16,
    length: Option<usize>,
    chunked: bool,
}

impl Client {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: BufReader::with_capacity(256 * 1024, stream), line: Vec::new() })
    }

    /// Sends ready bytes of a request.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(request)?)
    }

    /// Reads an answer whole; the body goes to `body`.
    pub(crate) fn receive(&mut self, body: &mut Vec<u8>) -> Result<u16> {
        body.clear();
        let head = self.head()?;
        self.body(&head, &mut |piece| body.extend_from_slice(piece))?;
        Ok(head.status)
    }

    /// A request and its answer; anything but 2xx is an error.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.send(request)?;
        let mut body = Vec::new();
        let status = self.receive(&mut body)?;
        if !(200..300).contains(&status) {
            return Err(format!("status {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(body)
    }

    /// Reads status line and headers.
    pub(crate) fn head(&mut self) -> Result<Head> {
        let mut head = Head::default();
        self.read_line()?;
        head.status =
            std::str::from_utf8(&self.line)?.split(' ').nth(1).ok_or("no status")?.parse()?;
        loop {
            self.read_line()?;
            if self.line.is_empty() {
                return Ok(head);
            }
            let line = std::str::from_utf8(&self.line)?;
            let (name, value) = line.split_once(':').ok_or("a header without colon")?;
            if name.eq_ignore_ascii_case("content-length") {
                head.length = Some(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = true;
            }
        }
    }

    /// Reads the body piece by piece; gives its length.
    pub(crate) fn body(&mut self, head: &Head, take: &mut dyn FnMut(&[u8])) -> Result<u64> {
        if !head.chunked {
            let length = head.length.unwrap_or(0);
            self.exactly(length, take)?;
            return Ok(length as u64);
        }
        let mut total = 0;
        loop {
            self.read_line()?;
            let length = usize::from_str_radix(std::str::from_utf8(&self.line)?.trim(), 16)?;
            self.exactly(length, take)?;
            self.read_line()?;
            if length == 0 {
                return Ok(total);
            }
            total += length as u64;
        }
    }

    fn exactly(&mut self, mut length: usize, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        use std::io::BufRead as _;
        while length > 0 {
            let piece = self.stream.fill_buf()?;
            if piece.is_empty() {
                return Err("the connection ended within a body".into());
            }
            let n = piece.len().min(length);
            take(&piece[..n]);
            self.stream.consume(n);
            length -= n;
        }
        Ok(())
    }

    fn read_line(&mut self) -> Result<()> {
        use std::io::BufRead as _;
        self.line.clear();
        self.stream.read_until(b'\n', &mut self.line)?;
        if self.line.pop() != Some(b'\n') {
            return Err("the connection ended within a line".into());
        }
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(())
    }
}

/// A POST of JSON, ready to send.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A request without a body, ready to send.
pub(crate) fn bare(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// A query of a tenant, ready to send.
pub(crate) fn query(tenant: &str, body: &str) -> Vec<u8> {
    post(&format!("/v1/query?tenant={tenant}"), body)
}
