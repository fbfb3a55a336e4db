//! A TCP proxy between a driver and its server that can refuse, stall and cut on demand.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// What the proxy does with traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Passes it on.
    Pass,
    /// Closes what is open and every new connection.
    Refuse,
    /// Keeps connections open and passes nothing on.
    Stall,
    /// Passes on so many bytes from the server, over all connections, then refuses.
    CutAfter(u64),
    /// Passes on so many bytes from the server, over all connections, then stalls.
    StallAfter(u64),
    /// Each connection stalls once so many bytes have come from the server over it; the others go on.
    StallEachAfter(u64),
}

/// The proxy; gone on drop.
#[derive(Debug)]
pub struct ChaosProxy {
    address: String,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    traffic: Traffic,
    closed: bool,
    open: Vec<TcpStream>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits while stalled; false if the connection is to end. `passed`: how many bytes have come
    /// from the server over this connection, these included.
    fn may_pass(&self, bytes: u64, passed: u64, from_server: bool) -> bool {
        let stalls = |traffic| match traffic {
            Traffic::Stall => true,
            Traffic::StallEachAfter(most) => passed > most,
            _ => false,
        };
        let mut state = self.lock();
        if let (Traffic::StallAfter(left), true) = (state.traffic, from_server) {
            state.traffic = left.checked_sub(bytes).map_or(Traffic::Stall, Traffic::StallAfter);
        }
        while stalls(state.traffic) && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        if let (Traffic::CutAfter(left), true) = (state.traffic, from_server) {
            match left.checked_sub(bytes) {
                Some(left) => state.traffic = Traffic::CutAfter(left),
                None => {
                    state.traffic = Traffic::Refuse;
                    state.close_all();
                }
            }
        }
        !state.closed && state.traffic != Traffic::Refuse
    }
}

impl State {
    fn close_all(&mut self) {
        for stream in self.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl ChaosProxy {
    /// A proxy in front of `server` (`host:port`).
    ///
    /// # Panics
    /// If no port or thread is to be had.
    pub fn start(server: &str) -> ChaosProxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound address").to_string();
        let state = State { traffic: Traffic::Pass, closed: false, open: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let (server, accepting) = (server.to_owned(), Arc::clone(&shared));
        spawn(move || {
            for client in listener.incoming() {
                if accepting.lock().closed {
                    return;
                }
                if let Ok(client) = client {
                    connect(&accepting, &client, &server);
                }
            }
        });
        ChaosProxy { address, shared }
    }

    /// Where it listens: `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection string that goes through it.
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address)
    }

    /// What happens now: once so many bytes have passed, it is what comes after.
    pub fn traffic(&self) -> Traffic {
        self.shared.lock().traffic
    }

    /// Changes what happens from now on.
    pub fn set(&self, traffic: Traffic) {
        let mut state = self.shared.lock();
        state.traffic = traffic;
        if traffic == Traffic::Refuse {
            state.close_all();
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.close_all();
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the accepting thread.
        let _ = TcpStream::connect(&self.address);
    }
}

fn connect(shared: &Arc<Shared>, client: &TcpStream, server: &str) {
    if shared.lock().traffic == Traffic::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(server) else { return };
    for (from, to, from_server) in [(client, &server, false), (&server, client, true)] {
        let (Ok(from), Ok(to), Ok(kept)) = (from.try_clone(), to.try_clone(), from.try_clone())
        else {
            return;
        };
        let _ = from.set_nodelay(true);
        shared.lock().open.push(kept);
        let shared = Arc::clone(shared);
        spawn(move || pass(&shared, from, to, from_server));
    }
}

fn pass(shared: &Shared, mut from: TcpStream, mut to: TcpStream, from_server: bool) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    while let Ok(read) = from.read(&mut buffer) {
        let bytes = u64::try_from(read).unwrap_or(0);
        if from_server {
            passed += bytes;
        }
        if read == 0
            || !shared.may_pass(bytes, passed, from_server)
            || to.write_all(&buffer[..read]).is_err()
        {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn spawn(body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("chaos".to_owned()).spawn(body).expect("a thread for the proxy");
}
