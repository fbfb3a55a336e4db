//! Load: a closed loop of queries through a gateway, every answer checked, every failure kept with
//! its moment.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use testkit::mesh::until;
use ureq::typestate::WithoutBody;
use ureq::{Agent, RequestBuilder};

use super::watch::GATEWAY;

/// Tenants there are.
pub const TENANTS: usize = 2_000;

/// Rows of each tenant.
pub const ROWS: i64 = 10;

/// Loops at once.
pub const CALLERS: usize = 8;

/// Far beyond what an answer takes.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A tenant's id.
pub fn tenant(number: usize) -> String {
    format!("t{number:04}")
}

/// A tenant's pages: no two tenants' sums are alike.
pub fn pages(tenant: usize, row: i64) -> i64 {
    i64::try_from(tenant).expect("small") * 1_000 + row
}

fn sum(tenant: usize) -> i64 {
    (0..ROWS).map(|row| pages(tenant, row)).sum()
}

/// A query that was not answered, or wrongly.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Since the load began.
    pub at: Duration,
    pub what: String,
}

/// What a loop, or all together, met.
#[derive(Debug, Default)]
pub struct Outcome {
    pub failures: Vec<Failure>,
    /// Answers that were not the tenant's.
    pub wrong: Vec<Failure>,
    /// When each answer came, and how long it took.
    pub answers: Vec<(Duration, Duration)>,
    /// Answers that waited for a boot.
    pub cold: usize,
    /// When a tenant was answered by another replica than the time before.
    pub moves: Vec<Duration>,
}

impl Outcome {
    fn add(&mut self, other: Outcome) {
        self.failures.extend(other.failures);
        self.wrong.extend(other.wrong);
        self.answers.extend(other.answers);
        self.cold += other.cold;
        self.moves.extend(other.moves);
    }

    /// The given share of the times that answers took, of those that came from `from` on.
    pub fn quantile(&self, share: f64, from: Duration) -> Duration {
        let after = self.answers.iter().filter(|(at, _)| *at >= from);
        let mut times: Vec<Duration> = after.map(|(_, time)| *time).collect();
        times.sort_unstable();
        let at = (times.len() as f64 * share) as usize;
        times.get(at.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// No answer was wrong, and those that did not come were for these tenants.
    #[track_caller]
    pub fn expect_failures_of(&self, may_fail: impl Fn(&str) -> bool) {
        assert!(self.wrong.is_empty(), "wrong answers: {:?}", self.wrong.first());
        let tenant = |failure: &Failure| failure.what.split(':').next().map(str::to_owned);
        let other =
            self.failures.iter().find(|one| !tenant(one).is_some_and(|name| may_fail(&name)));
        assert!(other.is_none(), "{other:?}");
    }

    /// Every answer came, and was right.
    #[track_caller]
    pub fn expect_no_failure(&self) {
        assert!(
            self.wrong.is_empty(),
            "wrong answers: {:?}",
            &self.wrong[..self.wrong.len().min(5)]
        );
        let some = &self.failures[..self.failures.len().min(5)];
        assert!(
            self.failures.is_empty(),
            "{} of {}: {some:?}",
            self.failures.len(),
            self.answers.len()
        );
    }
}

/// Where to ask `host` for the rows, with this query string's beginning.
pub fn url(host: impl std::fmt::Display, begins: &str) -> String {
    format!("http://{host}/v1/query?{begins}sql=SELECT%20count(*)%2C%20sum(pages)%20FROM%20reads")
}

/// Asks for `number`'s rows through `gateway`.
pub fn ask(agent: &Agent, gateway: SocketAddr, number: usize) -> Result<Answer, Wrong> {
    let url = url(gateway, &format!("tenant={}&", tenant(number)));
    answer(agent.get(url), number)
}

/// The same by a header of this name, without the parameter.
pub fn ask_by(header: &str, agent: &Agent, number: usize) -> Result<Answer, Wrong> {
    answer(agent.get(url(GATEWAY, "")).header(header, tenant(number)), number)
}

fn answer(request: RequestBuilder<WithoutBody>, number: usize) -> Result<Answer, Wrong> {
    let failed = |error: ureq::Error| Wrong::Failed(error.to_string());
    let mut answer = request.call().map_err(failed)?;
    let text = answer.body_mut().read_to_string().map_err(failed)?;
    if answer.status() != 200 {
        return Err(Wrong::Failed(format!("{}: {text}", answer.status())));
    }
    if !text.contains(&format!("\"rows\":[[{ROWS},{}]]", sum(number))) {
        return Err(Wrong::Answer(text));
    }
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    Ok(Answer {
        cold: header("litevisor-instance") == Some("cold"),
        by: header("answered-by").unwrap_or_default().to_owned(),
    })
}

/// What an answer says beside the rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reply {
    pub status: u16,
    /// A problem's code.
    pub code: String,
    /// What a problem says to people.
    pub detail: String,
    /// Seconds.
    pub retry_after: Option<u64>,
}

/// Asks for what is at `url`.
pub fn reply(agent: &Agent, url: &str) -> Reply {
    let mut answer = agent.get(url).call().unwrap_or_else(|error| panic!("{url}: {error}"));
    let text = answer.body_mut().read_to_string().expect("text");
    let body: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
    Reply {
        status: answer.status().as_u16(),
        code: body["code"].as_str().unwrap_or_default().to_owned(),
        detail: body["detail"].as_str().unwrap_or_default().to_owned(),
        retry_after: retry_after.and_then(|seconds| seconds.parse().ok()),
    }
}

/// How a right answer came about.
pub struct Answer {
    /// It waited for a boot.
    pub cold: bool,
    /// The pod's address, as the gateway says.
    pub by: String,
}

/// Why an answer does not count.
#[derive(Debug)]
pub enum Wrong {
    /// There is none, or it is a refusal.
    Failed(String),
    /// It is not the tenant's.
    Answer(String),
}

/// An agent that keeps its connection and passes refusals on.
pub fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(ANSWER_MAX))
        .http_status_as_error(false)
        .build()
        .into()
}

/// Every tenant once, in `CALLERS` loops.
pub fn round(gateway: SocketAddr) -> Outcome {
    round_of(gateway, 0..TENANTS)
}

/// Each of these tenants once, in `CALLERS` loops.
pub fn round_of(gateway: SocketAddr, tenants: Range<usize>) -> Outcome {
    let next = AtomicUsize::new(tenants.start);
    let mut all = Outcome::default();
    let ledger = Ledger::new(gateway);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let (agent, mut outcome) = (agent(), Outcome::default());
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= tenants.end {
                            return outcome;
                        }
                        ledger.note(&mut outcome, &agent, number);
                    }
                })
            })
            .collect();
        for caller in callers {
            all.add(caller.join().expect("no panic"));
        }
    });
    all
}

/// Callers that go on until they are told to stop.
pub struct Load {
    ledger: Arc<Ledger>,
    tenants: usize,
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Outcome>>,
}

impl Load {
    /// Each caller goes through all tenants, from a place of its own on.
    pub fn start(gateway: SocketAddr) -> Load {
        Load::of(gateway, 0..TENANTS)
    }

    /// The same for some tenants only.
    pub fn of(gateway: SocketAddr, tenants: Range<usize>) -> Load {
        let (ledger, stop) = (Arc::new(Ledger::new(gateway)), Arc::new(AtomicBool::new(false)));
        let start_one = |caller| {
            let (stop, ledger) = (Arc::clone(&stop), Arc::clone(&ledger));
            let tenants = tenants.clone();
            let body = move || {
                let (agent, mut outcome) = (agent(), Outcome::default());
                let mut turn = caller * tenants.len() / CALLERS;
                while !stop.load(Ordering::Relaxed) {
                    let number = tenants.start + turn % tenants.len();
                    ledger.note(&mut outcome, &agent, number);
                    turn += 1;
                }
                outcome
            };
            let thread = std::thread::Builder::new().name(format!("caller-{caller}"));
            thread.spawn(body).expect("a thread")
        };
        let callers = (0..CALLERS).map(start_one).collect();
        Load { ledger, tenants: tenants.len(), stop, callers }
    }

    /// Since it began.
    pub fn at(&self) -> Duration {
        self.clock().at()
    }

    /// Tells that to others.
    pub fn clock(&self) -> Clock {
        Clock(self.ledger.start)
    }

    /// Queries that came to an end, so far.
    pub fn answered(&self) -> usize {
        self.ledger.answered.load(Ordering::Relaxed)
    }

    /// Waits until as many more queries have ended as there are tenants.
    pub fn until_once_round(&self) {
        let enough = self.answered() + self.tenants;
        until("a round", || self.answered() >= enough);
    }

    /// Ends it.
    pub fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        for caller in self.callers {
            all.add(caller.join().expect("no panic"));
        }
        all
    }
}

/// Since when a load goes on.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Since it began.
    pub fn at(self) -> Duration {
        self.0.elapsed()
    }
}

/// What callers share.
struct Ledger {
    start: Instant,
    gateway: SocketAddr,
    answered: AtomicUsize,
    /// Who answered for a tenant last.
    answered_by: Mutex<BTreeMap<usize, String>>,
}

impl Ledger {
    fn new(gateway: SocketAddr) -> Ledger {
        Ledger {
            start: now(),
            gateway,
            answered: AtomicUsize::new(0),
            answered_by: Mutex::default(),
        }
    }

    fn note(&self, outcome: &mut Outcome, agent: &Agent, number: usize) {
        let asked = now();
        let failure = |what| Failure {
            at: self.start.elapsed(),
            what: format!("{}: {what}", tenant(number)),
        };
        match ask(agent, self.gateway, number) {
            Ok(answer) => {
                let at = self.start.elapsed();
                outcome.cold += usize::from(answer.cold);
                outcome.answers.push((at, asked.elapsed()));
                let mut answered_by = self.answered_by.lock().expect("no panic");
                let before = answered_by.insert(number, answer.by.clone());
                outcome.moves.extend(before.filter(|before| *before != answer.by).map(|_| at));
            }
            Err(Wrong::Failed(what)) => outcome.failures.push(failure(what)),
            Err(Wrong::Answer(what)) => outcome.wrong.push(failure(what)),
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "real parts under load, in real time")]
pub fn now() -> Instant {
    Instant::now()
}
