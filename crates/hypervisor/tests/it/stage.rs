//! The stage: source, runtime, events and sink of the tests.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bson::{Bson, Document};
use engine::{Params, Script};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hypervisor::{
    Event, Events, Hypervisor, Interrupt, LoadKind, Opened, Parts, QueryRequest, QuerySink,
    Runtime, Settings, Spent,
};
use model::{
    Catalog, Cell, Clock, Column, Error, ErrorCode, Flow, Monotonic, RowSink, Summary, TenantId,
    TenantKeyType, Timestamp,
};
use source::{
    BatchStream, Estimate, PointInTime, RawBatch, SampleSize, ScanSpec, Snapshot, Source,
};
use tokio::sync::{Semaphore, oneshot, watch};

pub(crate) const CATALOG: &str = r#"
tenant_key = "t"
[[tables]]
name = "a"
collection = "a"
columns = [{ name = "id", path = "_id", as = "integer" }, { name = "v", path = "v", as = "integer" }]
primary_key = ["id"]
[[tables]]
name = "b"
collection = "b"
columns = [{ name = "id", path = "_id", as = "integer" }, { name = "s", path = "s", as = "text" }]
primary_key = ["id"]
[[tables]]
name = "models"
collection = "models"
shared = true
columns = [{ name = "id", path = "_id", as = "integer" }, { name = "maker", path = "maker", as = "text" }]
primary_key = ["id"]
"#;

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name, TenantKeyType::String).unwrap()
}

/// A door: shut, whoever comes waits; each `admit` lets one through.
pub(crate) struct Door {
    shut: AtomicBool,
    permits: Semaphore,
    arrived: watch::Sender<usize>,
}

impl Default for Door {
    fn default() -> Self {
        Door {
            shut: AtomicBool::new(false),
            permits: Semaphore::new(0),
            arrived: watch::channel(0).0,
        }
    }
}

impl Door {
    pub(crate) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }
    pub(crate) fn open(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.permits.add_permits(1000);
    }
    pub(crate) fn admit(&self, n: usize) {
        self.permits.add_permits(n);
    }
    /// Waits until so many came, ever.
    pub(crate) async fn arrived(&self, n: usize) {
        self.arrived.subscribe().wait_for(|count| *count >= n).await.unwrap();
    }
    /// How many came, ever.
    pub(crate) fn arrivals(&self) -> usize {
        *self.arrived.borrow()
    }
    /// Takes back what was admitted and did not come.
    pub(crate) fn forget(&self) {
        self.permits.forget_permits(usize::MAX);
    }
    async fn pass(&self) {
        self.arrived.send_modify(|count| *count += 1);
        if self.shut.load(Ordering::SeqCst) {
            self.permits.acquire().await.unwrap().forget();
        }
    }
}

#[derive(Default)]
pub(crate) struct FakeSource {
    pub(crate) collections: Mutex<HashMap<String, Arc<Vec<Document>>>>,
    pub(crate) tenants: Mutex<Option<Vec<String>>>,
    pub(crate) at_open: Door,
    /// By collection.
    pub(crate) at_batch: Mutex<HashMap<String, Arc<Door>>>,
    pub(crate) opens: AtomicUsize,
    pub(crate) estimates: AtomicUsize,
    /// How long opening takes, by the clock that the test moves.
    pub(crate) slow: Mutex<Option<(Duration, Arc<FakeRuntime>)>>,
    /// How many have begun to wait for that, and how many have waited.
    pub(crate) opening: AtomicUsize,
    pub(crate) opened: AtomicUsize,
    /// Tenants whose documents were read, in order.
    pub(crate) scanned: Arc<Mutex<Vec<String>>>,
    pub(crate) mark: Arc<AtomicU64>,
    /// Only its newest point can be read.
    pub(crate) forgets_points: Arc<AtomicBool>,
    /// So many checks to come find a collection rebuilt.
    pub(crate) rebuilds: Arc<AtomicUsize>,
    /// There will never be anything newer.
    pub(crate) newest: AtomicBool,
    /// It knows how much there is without counting.
    pub(crate) knows: AtomicBool,
    pub(crate) fails: Mutex<Option<Error>>,
    pub(crate) panics: AtomicBool,
    pub(crate) unverified: AtomicBool,
    /// Documents of one batch, if not [`BATCH`].
    pub(crate) batch: AtomicUsize,
}

impl FakeSource {
    pub(crate) fn put(&self, collection: &str, documents: impl IntoIterator<Item = Document>) {
        let mut collections = self.collections.lock().unwrap();
        Arc::make_mut(collections.entry(collection.to_owned()).or_default()).extend(documents);
    }
    /// The door before each batch of a collection.
    pub(crate) fn door(&self, collection: &str) -> Arc<Door> {
        Arc::clone(self.at_batch.lock().unwrap().entry(collection.to_owned()).or_default())
    }
}

struct FakeSnapshot {
    point: PointInTime,
    data: HashMap<String, Arc<Vec<Document>>>,
    doors: HashMap<String, Arc<Door>>,
    unverified: bool,
    newest: bool,
    lost: AtomicBool,
    now: Arc<AtomicU64>,
    forgets_points: Arc<AtomicBool>,
    rebuilds: Arc<AtomicUsize>,
    scanned: Arc<Mutex<Vec<String>>>,
    batch: usize,
}

impl FakeSnapshot {
    fn lose<T>(&self) -> Result<T, Error> {
        self.lost.store(true, Ordering::SeqCst);
        Err(Error::new(ErrorCode::SourceUnavailable, "this point is lost"))
    }
}

struct FakeStream {
    batches: Vec<Vec<u8>>,
    door: Option<Arc<Door>>,
}

/// Documents of one batch: small, so that large loads have several.
const BATCH: usize = 500;

impl BatchStream for FakeStream {
    fn next_batch(&mut self) -> BoxFuture<'_, Result<Option<RawBatch>, Error>> {
        Box::pin(async move {
            if self.batches.is_empty() {
                return Ok(None);
            }
            if let Some(door) = &self.door {
                door.pass().await;
            }
            let bytes = self.batches.remove(0);
            Ok(Some(RawBatch::from_run(bytes).unwrap()))
        })
    }
}

impl Snapshot for FakeSnapshot {
    fn point(&self) -> PointInTime {
        self.point
    }
    fn scan<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        spec: &'a ScanSpec,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async move {
            let old = self.point.mark != self.now.load(Ordering::SeqCst);
            if old && self.forgets_points.load(Ordering::SeqCst) {
                return self.lose();
            }
            if let Some(tenant) = tenant {
                self.scanned.lock().unwrap().push(tenant.as_str().to_owned());
            }
            let all = self.data.get(&spec.collection).cloned().unwrap_or_default();
            let own: Vec<&Document> = all
                .iter()
                .filter(|document| match tenant {
                    None => true,
                    Some(tenant) => {
                        let key = document.get("t").and_then(Bson::as_str);
                        // "stray" documents come to everybody: a source gone wrong.
                        key == Some(tenant.as_str()) || key == Some("stray")
                    }
                })
                .collect();
            let batches = own
                .chunks(self.batch)
                .map(|chunk| chunk.iter().flat_map(|d| d.to_vec().unwrap()).collect())
                .collect();
            let door = self.doors.get(&spec.collection).cloned();
            Ok(Box::new(FakeStream { batches, door }) as Box<dyn BatchStream>)
        })
    }
    fn verify<'a>(&'a self, _: &'a [ScanSpec]) -> BoxFuture<'a, Result<(), Error>> {
        let failed = self.unverified;
        let left =
            self.rebuilds.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        Box::pin(async move {
            if left.is_ok() {
                return self.lose();
            }
            if failed {
                return Err(Error::new(ErrorCode::SourceUnavailable, "away meanwhile"));
            }
            Ok(())
        })
    }
    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }
    fn lasts(&self) -> bool {
        self.point.exact
    }
    fn is_newest(&self) -> bool {
        self.newest
    }
}

impl Source for FakeSource {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
    fn collections(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn sample<'a>(
        &'a self,
        _: &'a str,
        _: SampleSize,
    ) -> BoxFuture<'a, Result<Box<dyn BatchStream>, Error>> {
        Box::pin(async { Err(Error::internal("not asked for here")) })
    }
    fn collection_size<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        let all = self.collections.lock().unwrap().get(name).map_or(0, |all| all.len());
        Box::pin(async move { Ok(all as u64) })
    }
    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let list = self.tenants.lock().unwrap();
            Ok(list.as_ref().is_none_or(|list| list.iter().any(|t| t == tenant.as_str())))
        })
    }
    fn estimate<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        scans: &'a [ScanSpec],
    ) -> BoxFuture<'a, Result<Vec<Estimate>, Error>> {
        Box::pin(async move {
            self.estimates.fetch_add(1, Ordering::SeqCst);
            let data = self.collections.lock().unwrap();
            let own = |document: &&Document| {
                tenant.is_none_or(|t| document.get("t").and_then(Bson::as_str) == Some(t.as_str()))
            };
            let count = |spec: &ScanSpec| {
                data.get(&spec.collection).map_or(0, |all| all.iter().filter(own).count()) as u64
            };
            let price = |documents| Estimate { documents, bytes: documents * 50 };
            Ok(scans.iter().map(count).map(price).collect())
        })
    }
    fn known_estimate(
        &self,
        tenant: Option<&TenantId>,
        scans: &[ScanSpec],
    ) -> Option<Vec<Estimate>> {
        let knows = self.knows.load(Ordering::SeqCst);
        knows.then(|| self.estimate(tenant, scans).now_or_never().unwrap().unwrap())
    }
    fn open(&self) -> BoxFuture<'_, Result<Arc<dyn Snapshot>, Error>> {
        Box::pin(async move {
            self.opens.fetch_add(1, Ordering::SeqCst);
            self.at_open.pass().await;
            let slow = self.slow.lock().unwrap().clone();
            if let Some((takes, clock)) = slow {
                let nap = clock.sleep(takes);
                self.opening.fetch_add(1, Ordering::SeqCst);
                nap.await;
                self.opened.fetch_add(1, Ordering::SeqCst);
            }
            if self.panics.load(Ordering::SeqCst) {
                panic!("on purpose");
            }
            if let Some(error) = self.fails.lock().unwrap().clone() {
                return Err(error);
            }
            let mark = self.mark.load(Ordering::SeqCst);
            let as_of = Timestamp(i64::try_from(mark).unwrap());
            let point = PointInTime { as_of, mark, exact: true };
            Ok(Arc::new(FakeSnapshot {
                point,
                data: self.collections.lock().unwrap().clone(),
                doors: self.at_batch.lock().unwrap().clone(),
                unverified: self.unverified.load(Ordering::SeqCst),
                newest: self.newest.load(Ordering::SeqCst),
                lost: AtomicBool::new(false),
                now: Arc::clone(&self.mark),
                forgets_points: Arc::clone(&self.forgets_points),
                rebuilds: Arc::clone(&self.rebuilds),
                scanned: Arc::clone(&self.scanned),
                batch: match self.batch.load(Ordering::SeqCst) {
                    0 => BATCH,
                    other => other,
                },
            }) as Arc<dyn Snapshot>)
        })
    }
    fn advise<'a>(&'a self, _: &'a [ScanSpec]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A clock that stands until it is moved; real tasks and threads.
pub(crate) struct FakeRuntime {
    now: AtomicU64,
    /// Nanoseconds by which the clock goes on whenever it is read.
    pub(crate) tick: AtomicU64,
    /// Threads that gave way.
    pub(crate) sunk: AtomicUsize,
    drawn: AtomicU64,
    sleepers: Mutex<Vec<(u64, oneshot::Sender<()>)>>,
    handle: tokio::runtime::Handle,
}

impl FakeRuntime {
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap();
        let now = self.now.fetch_add(by, Ordering::SeqCst) + by;
        let mut sleepers = self.sleepers.lock().unwrap();
        let all = std::mem::take(&mut *sleepers);
        for (until, sleeper) in all {
            if until <= now {
                let _ = sleeper.send(());
            } else {
                sleepers.push((until, sleeper));
            }
        }
    }
}

impl Clock for FakeRuntime {
    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.now.load(Ordering::SeqCst) / 1_000_000).unwrap())
    }
    fn monotonic(&self) -> Monotonic {
        let tick = self.tick.load(Ordering::SeqCst);
        Monotonic(self.now.fetch_add(tick, Ordering::SeqCst))
    }
}

impl Runtime for FakeRuntime {
    fn spawn(&self, _: &'static str, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.monotonic().after(duration).0;
        let (sender, receiver) = oneshot::channel();
        let mut sleepers = self.sleepers.lock().unwrap();
        if until <= self.now.load(Ordering::SeqCst) {
            return Box::pin(async {});
        }
        sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        sleepers.push((until, sender));
        Box::pin(async {
            let _ = receiver.await;
        })
    }
    fn thread(&self, name: String, body: Box<dyn FnOnce() + Send>) -> Result<(), Error> {
        std::thread::Builder::new().name(name).spawn(body).unwrap();
        Ok(())
    }
    fn confine(&self) {}

    fn sink(&self) {
        self.sunk.fetch_add(1, Ordering::SeqCst);
    }
    fn random(&self) -> u64 {
        self.drawn.fetch_add(1, Ordering::SeqCst)
    }
}

/// Events as short words: `started:boot:x`.
pub(crate) struct Witness {
    seen: watch::Sender<Vec<String>>,
}

impl Witness {
    pub(crate) fn words(&self) -> Vec<String> {
        self.seen.borrow().clone()
    }
    pub(crate) fn count(&self, word: &str) -> usize {
        self.seen.borrow().iter().filter(|seen| *seen == word).count()
    }
    /// Waits until `word` was seen `n` times, ever.
    pub(crate) async fn saw(&self, word: &str, n: usize) {
        let wanted = |seen: &Vec<String>| seen.iter().filter(|s| *s == word).count() >= n;
        let waiting = self.seen.subscribe();
        let outcome = within(async { waiting.clone().wait_for(wanted).await.map(drop) }).await;
        outcome.unwrap_or_else(|| panic!("no {word} x{n} in {:?}", self.words())).unwrap();
    }
}

impl Events for Witness {
    fn emit(&self, event: &Event<'_>) {
        let who = |tenant: &Option<&TenantId>| tenant.map_or("shared", |t| t.as_str()).to_owned();
        let word = match event {
            Event::LoadStarted { tenant, kind } => {
                format!("started:{}:{}", kind.name(), who(tenant))
            }
            Event::LoadFinished { tenant, kind, reloads, .. } => {
                let reloads =
                    if *reloads > 0 { format!(":reloads={reloads}") } else { String::new() };
                format!("finished:{}:{}{reloads}", kind.name(), who(tenant))
            }
            Event::LoadFailed { tenant, kind, error } => {
                format!("failed:{}:{}:{}", kind.name(), who(tenant), error.code)
            }
            Event::LoadStopped { tenant, kind } => {
                format!("stopped:{}:{}", kind.name(), who(tenant))
            }
            Event::TablesPublished { tenant, tables, .. } => {
                format!("published:{tables}:{}", who(tenant))
            }
            Event::PointLost { tenant, .. } => format!("point_lost:{}", who(tenant)),
            Event::Refault => "refault".to_owned(),
            Event::Closing { tenant, reason, .. } => {
                format!("closing:{}:{}", reason.name(), who(tenant))
            }
            Event::Closed { tenant, .. } => format!("closed:{}", who(tenant)),
            Event::Shed { tenant, reason } => format!("shed:{}:{tenant}", reason.name()),
            Event::QueryFinished { tenant, gone: true, .. } => format!("query:gone:{tenant}"),
            Event::QueryFinished { tenant, error, .. } => {
                format!("query:{}:{tenant}", error.map_or("ok", |code| code.slug()))
            }
            Event::Panicked { doing, .. } => format!("panicked:{doing}"),
            Event::DrainStep { step, in_time, .. } => format!("drain:{step}:{in_time}"),
            _ => return,
        };
        self.seen.send_modify(|seen| seen.push(word));
    }
}

/// A guard against tests that hang; never what decides them.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_secs(20), work).await.ok()
}

/// What a query gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<String>,
    pub(crate) opened: Option<Opened>,
    pub(crate) spent: Spent,
}

/// A sink that may block at its first row until it is let go.
pub(crate) struct TestSink {
    pub(crate) answer: Arc<Mutex<Answer>>,
    pub(crate) hold: Option<Hold>,
}

pub(crate) struct Hold {
    /// It stands as who waits for a reader does, not as who works.
    pub(crate) pauses: bool,
    pub(crate) reached: Option<oneshot::Sender<()>>,
    pub(crate) go: std::sync::mpsc::Receiver<()>,
}

impl RowSink for TestSink {
    fn begin(&mut self, _: &[Column]) -> Flow {
        Flow::Continue
    }
    fn row(&mut self, cells: &[Cell<'_>]) -> Flow {
        if let Some(hold) = &mut self.hold
            && let Some(reached) = hold.reached.take()
        {
            let _ = reached.send(());
            let _ = match hold.pauses {
                true => hypervisor::pause(|| hold.go.recv()),
                false => hold.go.recv(),
            };
        }
        let text: Vec<String> = cells
            .iter()
            .map(|cell| match cell {
                Cell::Null => "NULL".to_owned(),
                Cell::Integer(n) => n.to_string(),
                Cell::Real(r) => r.to_string(),
                Cell::Text(t) => (*t).to_owned(),
                Cell::Blob(b) => format!("{} bytes", b.len()),
            })
            .collect();
        self.answer.lock().unwrap().rows.push(text.join("|"));
        Flow::Continue
    }
    fn finish(&mut self, _: &Summary) {}
    fn fail(&mut self, _: &Error) {}
}

impl QuerySink for TestSink {
    fn opened(&mut self, opened: &Opened) {
        self.answer.lock().unwrap().opened = Some(*opened);
    }

    fn spent(&mut self, spent: Spent) {
        self.answer.lock().unwrap().spent = spent;
    }
}

pub(crate) struct Stage {
    pub(crate) hypervisor: Hypervisor,
    pub(crate) source: Arc<FakeSource>,
    pub(crate) runtime: Arc<FakeRuntime>,
    pub(crate) events: Arc<Witness>,
}

pub(crate) async fn stage(settings: Settings) -> Stage {
    stage_with(CATALOG, settings).await
}

pub(crate) async fn stage_with(catalog: &str, settings: Settings) -> Stage {
    let source = Arc::new(FakeSource::default());
    source.mark.store(1000, Ordering::SeqCst);
    let read = Arc::clone(&source) as Arc<dyn Source>;
    stage_on(source, read, catalog, settings).await
}

/// A stage that reads another source than its own.
pub(crate) async fn stage_on(
    source: Arc<FakeSource>,
    read: Arc<dyn Source>,
    catalog: &str,
    settings: Settings,
) -> Stage {
    let runtime = Arc::new(FakeRuntime {
        now: AtomicU64::new(1_000_000_000),
        tick: AtomicU64::new(0),
        sunk: AtomicUsize::new(0),
        drawn: AtomicU64::new(4),
        sleepers: Mutex::default(),
        handle: tokio::runtime::Handle::current(),
    });
    let events = Arc::new(Witness { seen: watch::channel(Vec::new()).0 });
    let hypervisor = Hypervisor::start(Parts {
        peers: None,
        catalog: Arc::new(Catalog::parse(catalog).unwrap()),
        source: read,
        runtime: Arc::clone(&runtime) as Arc<dyn Runtime>,
        settings,
        events: Arc::clone(&events) as Arc<dyn Events>,
    })
    .await
    .unwrap();
    Stage { hypervisor, source, runtime, events }
}

impl Stage {
    /// A tenant with `n` rows in `a` and one in `b`.
    pub(crate) fn populate(&self, name: &str, n: i64) {
        self.source.put("a", (0..n).map(|i| bson::doc! {"_id": i, "t": name, "v": i * 2}));
        self.source.put("b", [bson::doc! {"_id": 1, "t": name, "s": format!("s of {name}")}]);
    }

    pub(crate) fn request(&self, name: &str, sql: &str) -> QueryRequest {
        QueryRequest {
            tenant: tenant(name),
            script: Script { sql: sql.to_owned(), params: Params::None },
            timeout: Duration::from_secs(7200),
            max_rows: None,
            max_age: None,
            lane: Default::default(),
        }
    }

    pub(crate) async fn ask(&self, request: QueryRequest) -> Result<Answer, Error> {
        let answer = Arc::new(Mutex::new(Answer::default()));
        let sink = TestSink { answer: Arc::clone(&answer), hold: None };
        let query = self.hypervisor.query(request, Box::new(sink), Interrupt::new());
        within(query).await.unwrap_or_else(|| panic!("hangs: {:?}", self.events.words()))?;
        let answer = answer.lock().unwrap().clone();
        Ok(answer)
    }

    pub(crate) async fn query(&self, name: &str, sql: &str) -> Result<Answer, Error> {
        self.ask(self.request(name, sql)).await
    }

    pub(crate) async fn rows(&self, name: &str, sql: &str) -> Vec<String> {
        self.query(name, sql).await.unwrap().rows
    }

    /// A query as a task of its own.
    #[expect(clippy::disallowed_methods, reason = "the test's own runtime")]
    pub(crate) fn begin(
        &self,
        name: &str,
        sql: &str,
    ) -> tokio::task::JoinHandle<Result<Answer, Error>> {
        let (hypervisor, request) = (self.hypervisor.clone(), self.request(name, sql));
        tokio::spawn(async move {
            let answer = Arc::new(Mutex::new(Answer::default()));
            let sink = TestSink { answer: Arc::clone(&answer), hold: None };
            hypervisor.query(request, Box::new(sink), Interrupt::new()).await?;
            let answer = answer.lock().unwrap().clone();
            Ok(answer)
        })
    }

    /// A query that stands at its first row until told to go; returns once it stands.
    pub(crate) async fn hold(
        &self,
        name: &str,
        sql: &str,
    ) -> (tokio::task::JoinHandle<Result<Answer, Error>>, std::sync::mpsc::SyncSender<()>) {
        self.hold_so(name, sql, false).await
    }

    /// The same, where it may stand as who waits for a reader does.
    #[expect(clippy::disallowed_methods, reason = "the test's own runtime")]
    pub(crate) async fn hold_so(
        &self,
        name: &str,
        sql: &str,
        pauses: bool,
    ) -> (tokio::task::JoinHandle<Result<Answer, Error>>, std::sync::mpsc::SyncSender<()>) {
        let (go, gone) = std::sync::mpsc::sync_channel(1);
        let (reached, stands) = oneshot::channel();
        let hold = Hold { pauses, reached: Some(reached), go: gone };
        let (hypervisor, request) = (self.hypervisor.clone(), self.request(name, sql));
        let task = tokio::spawn(async move {
            let answer = Arc::new(Mutex::new(Answer::default()));
            let sink = TestSink { answer: Arc::clone(&answer), hold: Some(hold) };
            hypervisor.query(request, Box::new(sink), Interrupt::new()).await?;
            let answer = answer.lock().unwrap().clone();
            Ok(answer)
        });
        within(stands).await.expect("the query stands").unwrap();
        (task, go)
    }

    /// Waits until so many requests wait for this tenant.
    pub(crate) async fn waiting(&self, name: &str, n: usize) {
        let there = async {
            loop {
                let slots = self.hypervisor.slots();
                let slot = slots.iter().find(|slot| slot.tenant == Some(tenant(name)));
                if slot.is_some_and(|slot| slot.waiting == n) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        within(there).await.unwrap_or_else(|| panic!("never {n} waiting for {name}"));
    }
}

pub(crate) fn lazy() -> Settings {
    Settings {
        tables: hypervisor::TablesPolicy::Lazy,
        budget_bytes: 256 << 20,
        ..Settings::default()
    }
}

pub(crate) fn boots(stage: &Stage, name: &str) -> usize {
    stage.events.count(&format!("started:{}:{name}", LoadKind::Boot.name()))
}
