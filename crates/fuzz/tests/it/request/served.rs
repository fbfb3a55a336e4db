//! The program on a free port over a small dump, and a client that keeps its connection.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use bson::doc;
use litevisor::app::App;
use litevisor::config::{Config, Layers};
use litevisor::runtime::{Lifecycle, SystemRuntime};
use tempfile::TempDir;

const CATALOG: &str = r#"
tenant_key = "tenant"
tenants = { collection = "tenants", key = "_id" }
[[tables]]
name = "devices"
collection = "devices"
columns = [{ name = "id", path = "_id", as = "text" }, { name = "pages", path = "pages", as = "integer" }]
primary_key = ["id"]
"#;

/// How long an answer may take, far beyond what any takes: a request that is not answered hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// The running program. It ends with the process.
pub(super) struct Served {
    address: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    _folder: TempDir,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// It ended as its head promised.
    pub(super) whole: bool,
    /// The answer to `HEAD`: without a body.
    pub(super) of_head: bool,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Served {
    pub(super) fn start() -> Served {
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let devices = (0..5).map(|i| doc! {"_id": format!("d{i}"), "tenant": "tiny", "pages": i});
        for (name, documents) in
            [("devices", devices.collect()), ("tenants", vec![doc! {"_id": "tiny"}])]
        {
            let bytes = documents.iter().flat_map(|one| one.to_vec().expect("BSON"));
            std::fs::write(path(&format!("{name}.bson")), bytes.collect::<Vec<u8>>())
                .expect("written");
        }
        std::fs::write(path("catalog.toml"), CATALOG).expect("written");
        let mut layers = Layers::new()
            .flag("test", "source", "path", folder.path().display().to_string())
            .flag("test", "catalog", "path", path("catalog.toml").display().to_string());
        for (section, key, value) in [
            ("source", "kind", "dump"),
            ("http", "listen", "127.0.0.1:0"),
            ("http", "admin_listen", "127.0.0.1:0"),
            ("query", "timeout", "10s"),
            ("query", "result_rows_max", "1000"),
        ] {
            layers = layers.flag("test", section, key, value);
        }
        let config = Config::load(layers).expect("a good configuration").config;
        let (tell, told) = sync_channel(1);
        std::thread::Builder::new()
            .name("app".to_owned())
            .spawn(move || {
                let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build();
                let tokio = tokio.expect("a runtime");
                let runtime = SystemRuntime::new(tokio.handle().clone(), Lifecycle::new());
                tokio.block_on(async {
                    let app = App::bind(config, Arc::clone(&runtime)).await.expect("bound");
                    tell.send(app.address()).expect("heard");
                    app.run(|_| {}).await.expect("ran");
                });
            })
            .expect("a thread");
        let address = told.recv().expect("bound");
        let mut served = Served { address, connection: None, _folder: folder };
        // Until the dump is indexed the answer is 503.
        let ask = b"GET /v1/query?tenant=tiny&sql=SELECT%201";
        while served.send(&[ask], b"").status == 503 {
            std::thread::yield_now();
        }
        served
    }

    /// Sends the lines of a head and a body, and reads the answer. How the body is framed, and the
    /// connection, is not the input's business.
    pub(super) fn send(&mut self, head: &[&[u8]], body: &[u8]) -> Reply {
        let (first, fields) = head.split_first().map_or((&b""[..], head), |(a, b)| (*a, b));
        let mut request = [first, b" HTTP/1.1\r\nHost: test\r\n"].concat();
        request.extend(format!("Content-Length: {}\r\n", body.len()).into_bytes());
        for field in fields.iter().filter(|field| !field.is_empty() && !is_framing(field)) {
            request.extend([field, &b"\r\n"[..]].concat());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        let of_head = first.starts_with(b"HEAD ");
        // A kept connection may have been closed; a new one is not.
        if let Some(kept) = self.connection.take()
            && let Some(reply) = self.on(kept, &request, of_head)
        {
            return reply;
        }
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        self.on(BufReader::new(stream), &request, of_head).expect("an answer")
    }

    fn on(
        &mut self,
        mut stream: BufReader<TcpStream>,
        request: &[u8],
        of_head: bool,
    ) -> Option<Reply> {
        stream.get_mut().write_all(request).ok()?;
        let mut reply = read_head(&mut stream)?;
        reply.of_head = of_head;
        if !of_head {
            reply.whole = read_body(&mut stream, &mut reply).is_some();
        }
        let closes = reply.header("connection").is_some_and(|value| value == "close");
        if reply.whole && !closes {
            self.connection = Some(stream);
        }
        Some(reply)
    }
}

fn is_framing(field: &[u8]) -> bool {
    let name = field.split(|byte| *byte == b':').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    let framing =
        ["content-length", "transfer-encoding", "connection", "host", "expect", "upgrade"];
    framing.contains(&name.as_str())
}

fn line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
}

fn read_head(stream: &mut impl BufRead) -> Option<Reply> {
    let status = line(stream)?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Some(Reply { status, headers, body: Vec::new(), whole: true, of_head: false })
}

fn read_body(stream: &mut impl BufRead, reply: &mut Reply) -> Option<()> {
    if reply.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = usize::from_str_radix(&line(stream)?, 16).ok()?;
            let mut chunk = vec![0; size];
            stream.read_exact(&mut chunk).ok()?;
            reply.body.append(&mut chunk);
            if size == 0 {
                while !line(stream)?.is_empty() {}
                return Some(());
            }
            line(stream)?;
        }
    }
    let length = reply.header("content-length").map_or(Some(0), |text| text.parse().ok())?;
    reply.body = vec![0; length];
    stream.read_exact(&mut reply.body).ok()
}
