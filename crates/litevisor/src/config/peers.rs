//! `[peers]`: hand-over between replicas.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::reader::Reader;
use super::{Bytes, Interval};

/// `[peers]`, where it is used.
#[derive(Clone, Debug)]
pub struct PeersConfig {
    /// Where the other replicas come in.
    pub listen: SocketAddr,
    /// A name with a port whose addresses are all replicas, this one among them: a headless Service.
    /// Or several, with commas between.
    pub service: String,
    /// What replicas know of each other: the first secret signs, all verify.
    pub secret_file: PathBuf,
    /// How long taking one image over may last.
    pub timeout: Interval,
    /// What this replica sends, to all together.
    pub bytes_per_second: Bytes,
}

impl PeersConfig {
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        const S: &str = "peers";
        let listen: Option<SocketAddr> = reader.take_optional(S, "listen");
        let service: Option<String> = reader.take_optional(S, "service");
        if service.as_ref().is_some_and(|all| all.split(',').any(|one| !one.contains(':'))) {
            reader.wrong("needs a port, as in \"litevisor-peers:8082\"");
        }
        let secret_file: Option<PathBuf> = reader.take_optional(S, "secret_file");
        let there = [listen.is_some(), service.is_some(), secret_file.is_some()];
        if there.contains(&true) && there.contains(&false) {
            reader.wrong(
                "and the others of listen, service and secret_file are of use only together",
            );
        }
        let timeout = reader.take(S, "timeout", Interval::seconds(10));
        let bytes_per_second = reader.take(S, "bytes_per_second", Bytes(256 << 20));
        if bytes_per_second.0 == 0 {
            reader.wrong("must not be 0");
        }
        Some(PeersConfig {
            listen: listen?,
            service: service?,
            secret_file: secret_file?,
            timeout,
            bytes_per_second,
        })
    }
}
