//! A stand-in for replicas, to see where a proxy sends whom: it says its name to every request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// One of them. Dropping it closes its port.
pub struct Upstream {
    pub address: SocketAddr,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Upstream {
    pub fn start(name: &'static str) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let serve = move || {
            for stream in listener.incoming() {
                if told.load(Ordering::Acquire) {
                    return;
                }
                // A client that goes midway is none of its business.
                let _ = stream.and_then(|stream| answer(stream, name));
            }
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(serve);
        Upstream { address, ends, thread: Some(thread.expect("a thread")) }
    }
}

/// One request, and the connection's end.
fn answer(mut stream: TcpStream, name: &str) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(());
        }
        head.push(byte[0]);
    }
    let length = name.len();
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{name}")
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        // So that it looks.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
