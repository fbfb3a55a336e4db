//! The program under test as its own process, on free loopback ports, killed on drop.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::client::{Client, bare};

/// A running process.
pub(crate) struct Process {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where its operator does; of no meaning for the echo server.
    pub(crate) admin: SocketAddr,
}

/// How often a probe is tried, 20 ms apart: an index of a gigabyte dump takes seconds.
const PROBES_MAX: usize = 3_000;

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A program beside this one.
fn beside(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.parent().ok_or("no folder")?.join(name);
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is missing: build it first", path.display()).into())
    }
}

impl Process {
    /// Starts `litevisor serve` with `settings` after the sections for listening and telemetry.
    pub(crate) fn litevisor(dir: &Path, catalog: &str, settings: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        std::fs::write(dir.join("catalog.toml"), catalog)?;
        let (port, admin) = (free_port()?, free_port()?);
        let config = dir.join("litevisor.toml");
        let text = format!(
            "[http]\nlisten = \"127.0.0.1:{port}\"\nadmin_listen = \"127.0.0.1:{admin}\"\n\n\
             [catalog]\npath = {:?}\n\n{settings}\n",
            dir.join("catalog.toml")
        );
        std::fs::write(&config, text)?;
        let log = std::fs::File::create(dir.join("log"))?;
        let child = Command::new(beside("litevisor")?)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let mut process = Process { child, address: local(port), admin: local(admin) };
        process.wait_until(admin, "/readyz").map_err(|error| {
            let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
            format!("{error}; its log: {log}")
        })?;
        Ok(process)
    }

    /// Starts the bare echo server.
    pub(crate) fn echo() -> Result<Self> {
        let port = free_port()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["echo", &port.to_string()])
            .stdin(Stdio::null())
            .spawn()?;
        let mut process = Process { child, address: local(port), admin: local(port) };
        process.wait_until(port, "/v1/query")?;
        Ok(process)
    }

    /// Waits until `path` answers with anything but 503.
    fn wait_until(&mut self, port: u16, path: &str) -> Result<()> {
        for _ in 0..PROBES_MAX {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended at once: {status}").into());
            }
            if let Ok(mut client) = Client::connect(local(port)) {
                let mut body = Vec::new();
                client.send(&bare("GET", path))?;
                if matches!(client.receive(&mut body), Ok(status) if status != 503) {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("the server did not become ready".into())
    }

    /// Resident bytes now.
    pub(crate) fn rss(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    /// A client of the public listener.
    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(self.address)
    }

    /// Shuts a tenant's instance down and waits until its slot is vacant.
    pub(crate) fn close(&self, client: &mut Client, tenant: &str) -> Result<()> {
        let mut body = Vec::new();
        for _ in 0..PROBES_MAX {
            client.send(&bare("DELETE", &format!("/v1/instance?tenant={tenant}")))?;
            match client.receive(&mut body)? {
                204 => return Ok(()),
                202 => {}
                // Closing is rate-limited as booting is.
                429 => std::thread::sleep(Duration::from_millis(100)),
                other => {
                    return Err(format!(
                        "closing gave {other}: {}",
                        String::from_utf8_lossy(&body)
                    )
                    .into());
                }
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err("the instance did not close".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
