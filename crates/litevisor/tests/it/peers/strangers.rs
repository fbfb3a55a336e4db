//! Peers that hang, lie or die, and strangers at the peers' port: each costs one bounded wait at most.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::{Fleet, NOT_TAKEN, SQL, TAKEN, metric, whole};
use crate::client;

/// What a peer does with a connection.
type Manner = fn(TcpStream);

/// A peer that is none, at this address, for as long as the test lives.
fn impostor(address: SocketAddr, manner: Manner) {
    let listener = TcpListener::bind(address).expect("the port");
    let accept = move || {
        for stream in listener.incoming().flatten() {
            let one = std::thread::Builder::new().name("impostor".to_owned());
            one.spawn(move || manner(stream)).expect("a thread");
        }
    };
    std::thread::Builder::new().name("impostor".to_owned()).spawn(accept).expect("a thread");
}

/// Reads a request's head, and nothing of its body.
fn head(stream: &mut TcpStream) {
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        seen.push(byte[0]);
    }
}

const MANNERS: [(&str, Manner); 6] = [
    ("hangs up", |_| {}),
    ("says nothing", |mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    }),
    ("speaks something else", |mut stream| {
        let _ = stream.write_all(b"SSH-2.0-none\r\n");
    }),
    ("says that there is a copy and sends none", |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }),
    ("sends another form", |mut stream| {
        head(&mut stream);
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nLVI9\x04\0\0\0null");
    }),
    ("sends a manifest without end", |mut stream| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let _ = stream.write_all(b"8\r\nLVI1\xff\xff\x7f\x00\r\n");
        while stream.write_all(b"4\r\naaaa\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }),
];

#[test]
fn an_impostor_costs_one_bounded_wait() {
    for (what, manner) in MANNERS {
        let fleet = Fleet::new(2);
        impostor(fleet.port(1), manner);
        let app = fleet.replica(0, &[("peers", "timeout", "2s")]);
        let reply = app.sql("acme", SQL);
        assert_eq!(reply.status, 200, "{what}");
        assert_eq!(metric(&app, TAKEN), 0, "{what}");
        // It leaves without anybody to leave its images with.
        app.lifecycle.drain();
        app.wait().expect("drained");
    }
}

#[test]
fn a_peer_that_dies_midway_costs_one_bounded_wait() {
    // It passes on what the real peer says and cuts the image off.
    static REAL: std::sync::OnceLock<SocketAddr> = std::sync::OnceLock::new();
    let manner: Manner = |mut stream| {
        let mut real = TcpStream::connect(REAL.get().expect("set")).expect("connected");
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).expect("a request");
        request.truncate(read);
        real.write_all(&request).expect("passed on");
        let offer = String::from_utf8_lossy(&request).contains("?offer");
        let mut buffer = vec![0; 4096];
        // An offer passes whole, of an image only the beginning.
        for _ in 0..if offer { 64 } else { 2 } {
            let Ok(read @ 1..) = real.read(&mut buffer) else { return };
            if stream.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
    };
    let fleet = Fleet::new(3);
    let old = fleet.replica(0, &[]);
    let first = old.sql("acme", SQL);
    whole(&old, "acme");
    REAL.set(fleet.port(0)).expect("set once");
    impostor(fleet.port(1), manner);
    // It knows of the one in the middle only.
    let middle = fleet.port(1).to_string();
    let new = fleet.replica(2, &[("peers", "service", &middle), ("peers", "timeout", "3s")]);
    let reply = new.sql("acme", SQL);
    assert_eq!(reply.rows(), first.rows());
    assert_eq!((metric(&new, TAKEN), metric(&new, NOT_TAKEN)), (0, 1));
}

#[test]
fn a_stranger_learns_nothing() {
    let fleet = Fleet::new(1);
    let app = fleet.replica(0, &[]);
    assert_eq!(app.sql("acme", SQL).status, 200);
    let ask = |method: &str, target: &str, headers: &[(&str, &str)]| {
        let reply = client::send(fleet.port(0), &client::request(method, target, headers, b""));
        assert!(reply.body.is_empty());
        reply.status
    };
    for tenant in ["acme", "nobody"] {
        let target = format!("/peers/v1/images/{tenant}");
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(ask(method, &target, &[]), 401);
            let forged = format!("1 1790000000000 {} {}", "0".repeat(32), "0".repeat(64));
            assert_eq!(ask(method, &target, &[("Litevisor-Peer", &forged)]), 401);
        }
    }
    assert_eq!(ask("GET", "/metrics", &[]), 401);
    assert_eq!(ask("GET", "/v1/query?tenant=acme&sql=SELECT%201", &[]), 401);
}
