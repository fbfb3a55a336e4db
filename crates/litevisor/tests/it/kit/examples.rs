//! `deploy/examples`: the proxies themselves run them, in front of three stand-ins for replicas.
//! Each tenant is always on one; when one goes, the others keep theirs.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use testkit::mesh::until;

use super::upstream::Upstream;
use super::{bring, text};
use crate::client::{read_reply, request};

const NAMES: [&str; 3] = ["replica-0", "replica-1", "replica-2"];
const TENANTS: usize = 300;

/// A proxy that runs an example. Dropping it ends it.
struct Proxy {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example with the stand-ins' addresses for its own.
fn example(path: &str, upstreams: &[Upstream], port: u16) -> String {
    let mut example = text(&format!("deploy/examples/{path}"));
    let mut replace = |right: &str, here: &str| {
        assert!(example.contains(right), "{path}: {right}");
        example = example.replace(right, here);
    };
    for (name, upstream) in NAMES.iter().zip(upstreams) {
        let (ip, port) = (upstream.address.ip(), upstream.address.port());
        match path {
            "envoy/envoy.yaml" => replace(
                &format!("address: {name}.internal, port_value: 8080"),
                &format!("address: {ip}, port_value: {port}"),
            ),
            _ => replace(&format!("{name}.internal:8080"), &format!("{ip}:{port}")),
        }
    }
    // A stand-in has no listener of its own for probes.
    match path {
        "envoy/envoy.yaml" => {
            replace(", health_check_config: {port_value: 8081}", "");
            replace("port_value: 8000", &format!("port_value: {port}"));
        }
        "haproxy/haproxy.cfg" => {
            replace("check port 8081", "check");
            replace("bind :8000", &format!("bind 127.0.0.1:{port}"));
        }
        _ => {
            replace("listen 8000", &format!("listen 127.0.0.1:{port}"));
            replace("http {", &format!("http {{\naccess_log off;\n{}", temporary_folders()));
        }
    }
    example
}

/// Where nginx keeps what it does not keep here; by itself in a folder of the installed package.
fn temporary_folders() -> String {
    let kinds = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"];
    kinds.map(|kind| format!("{kind}_temp_path {kind};\n")).concat()
}

impl Proxy {
    /// Runs what `set` makes of an example.
    fn start(
        part: &str,
        path: &str,
        upstreams: &[Upstream],
        set: impl FnOnce(String) -> String,
    ) -> Proxy {
        let folder = tempfile::tempdir().expect("a folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address =
            SocketAddr::from((Ipv4Addr::LOCALHOST, free.local_addr().expect("it").port()));
        drop(free);
        let file = folder.path().join(Path::new(path).file_name().expect("a name"));
        std::fs::write(&file, set(example(path, upstreams, address.port()))).expect("written");
        check(part, &file);
        let mut command = command(part, &file);
        command.current_dir(folder.path()).stdin(Stdio::null());
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        command.stdout(log.try_clone().expect("cloned")).stderr(log);
        let mut proxy = Proxy { child: command.spawn().expect("started"), address, folder };
        until("the proxy to answer from each replica", || {
            let ended = proxy.child.try_wait().expect("its status");
            let log = || std::fs::read_to_string(proxy.folder.path().join("log"));
            assert!(ended.is_none(), "{part} ended: {}", log().unwrap_or_default());
            let places = proxy.places();
            NAMES.iter().all(|name| places.values().any(|place| place.as_deref() == Some(name)))
        });
        proxy
    }

    /// Who answers a tenant; `None` for a failure.
    fn place(&self, tenant: usize) -> Option<String> {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(self.address).ok()?;
        let target = format!("/v1/query?sql=select+{tenant}&tenant=tenant-{tenant}");
        stream.write_all(&request("GET", &target, &[], b"")).ok()?;
        let reply = read_reply(&mut stream);
        (reply.status == 200).then(|| reply.text())
    }

    fn places(&self) -> BTreeMap<usize, Option<String>> {
        (0..TENANTS).map(|tenant| (tenant, self.place(tenant))).collect()
    }
}

/// The proxy's own look at its configuration.
fn check(part: &str, file: &Path) {
    let mut command = command(part, file);
    match part {
        "envoy" => command.args(["--mode", "validate"]),
        "nginx" => command.arg("-t"),
        _ => command.arg("-c"),
    };
    let output = command.output().expect("run");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{part}: {said}");
    assert!(!said.contains("[warn]") && !said.contains("[WARNING]"), "{part}: {said}");
}

fn command(part: &str, file: &Path) -> Command {
    let mut command = Command::new(bring(&[part]).join(part));
    match part {
        "envoy" => {
            command.args(["--concurrency", "2", "--use-dynamic-base-id", "-l", "warn", "-c"]);
            command.arg(file);
        }
        "nginx" => {
            let folder = file.parent().expect("a folder").display().to_string();
            let own = format!("daemon off; pid {folder}/pid; error_log stderr;");
            command.arg("-p").arg(&folder).arg("-g").arg(own).arg("-c").arg(file);
        }
        _ => {
            command.arg("-db").arg("-f").arg(file);
        }
    }
    command
}

/// Runs an example through: three replicas, then two.
fn keeps_tenants_in_place(part: &str, path: &str) {
    let mut upstreams = NAMES.map(Upstream::start).into_iter().collect::<Vec<_>>();
    let proxy = Proxy::start(part, path, &upstreams, |example| example);
    let before = proxy.places();
    for _ in 0..2 {
        assert_eq!(proxy.places(), before, "{part}: a tenant is on two replicas");
    }
    for name in NAMES {
        let share = before.values().filter(|place| place.as_deref() == Some(name)).count();
        assert!(share > TENANTS / 5, "{part}: {name} has {share} of {TENANTS}");
    }

    upstreams.truncate(2);
    until("every tenant to be answered by the others", || {
        proxy.places().values().all(Option::is_some)
    });
    let after = proxy.places();
    assert!(after.values().all(|place| place.as_deref() != Some(NAMES[2])));
    let stayed = |tenant: &usize| before[tenant].as_deref() != Some(NAMES[2]);
    let moved = (0..TENANTS).filter(|t| stayed(t) && before[t] != after[t]).count();
    // Maglev moves one or two in a hundred needlessly, rings none.
    assert!(moved <= TENANTS / 25, "{part}: {moved} moved whose replica lives");
}

#[test]
fn envoy_s_keeps_tenants_in_place() {
    keeps_tenants_in_place("envoy", "envoy/envoy.yaml");
}

#[test]
fn nginx_s_keeps_tenants_in_place() {
    keeps_tenants_in_place("nginx", "nginx/nginx.conf");
}

#[test]
fn haproxy_s_keeps_tenants_in_place() {
    keeps_tenants_in_place("haproxy", "haproxy/haproxy.cfg");
}

#[test]
fn a_proxy_that_does_not_hash_is_found() {
    let upstreams = NAMES.map(Upstream::start);
    let proxy = Proxy::start("nginx", "nginx/nginx.conf", &upstreams, |example| {
        let hash = "hash $arg_tenant consistent;";
        assert!(example.contains(hash));
        example.replace(hash, "")
    });
    let before = proxy.places();
    assert_ne!(proxy.places(), before, "in turn, each tenant comes to all of them");
}
