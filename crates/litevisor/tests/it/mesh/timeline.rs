//! What happened in a scenario, over time: drawn into the folder `LITEVISOR_MESH_PICTURES`, if that
//! is set.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use testkit::mesh::{Panel, Shape, Timeline};

use super::load::{Clock, Load, Outcome};
use super::watch::{DOCUMENTS, Watch};
use super::world::World;

/// How often the mesh is looked at, and how wide a bar is.
const LOOK: Duration = Duration::from_millis(250);

/// A scenario under way.
pub struct Course {
    shared: Arc<Shared>,
    sampler: Option<JoinHandle<Vec<Sample>>>,
}

struct Shared {
    name: &'static str,
    load: Clock,
    stop: AtomicBool,
    marks: Mutex<Vec<(f64, String)>>,
    refused: Mutex<Vec<Duration>>,
}

/// What was seen at once.
struct Sample {
    at: f64,
    replicas: usize,
    documents: u64,
}

impl Course {
    /// Looks at the mesh from now on.
    pub fn start(name: &'static str, world: &World, load: &Load) -> Course {
        let shared = Arc::new(Shared {
            name,
            load: load.clock(),
            stop: AtomicBool::new(false),
            marks: Mutex::default(),
            refused: Mutex::default(),
        });
        let (looking, watch) = (Arc::clone(&shared), world.watch());
        let thread = std::thread::Builder::new().name("timeline".to_owned());
        let sampler =
            folder().map(|_| thread.spawn(move || looking.look(&watch)).expect("a thread"));
        Course { shared, sampler }
    }

    /// Something was done just now.
    pub fn mark(&self, what: impl Into<String>) {
        let at = self.shared.load.at().as_secs_f64();
        self.shared.marks.lock().expect("no panic").push((at, what.into()));
    }

    /// A query beside the load was refused just now, as it should be.
    pub fn refused(&self) {
        self.shared.refused.lock().expect("no panic").push(self.shared.load.at());
    }

    /// Draws what the load met meanwhile.
    pub fn draw(self, outcome: &Outcome) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let (Some(folder), Some(sampler)) = (folder(), self.sampler) else { return };
        let samples = sampler.join().expect("no panic");
        let seconds = self.shared.load.at().as_secs_f64();
        let failures = outcome.failures.iter().chain(&outcome.wrong).map(|failure| failure.at);
        let slowest = outcome.answers.iter().map(|(at, time)| (*at, time.as_secs_f64() * 1e3));
        let mut panels = vec![
            Panel {
                title: "answers per second".to_owned(),
                shape: Shape::Line,
                points: per_second(outcome.answers.iter().map(|(at, _)| *at), seconds),
            },
            Panel {
                title: "failures in each quarter of a second".to_owned(),
                shape: Shape::Bars,
                points: bins(failures.map(|at| (at, 1.0)), seconds, |sum, one| sum + one),
            },
            Panel {
                title: "slowest answer, ms".to_owned(),
                shape: Shape::Line,
                points: bins(slowest, seconds, f64::max),
            },
        ];
        let refused = self.shared.refused.lock().expect("no panic").clone();
        if !refused.is_empty() {
            panels.push(Panel {
                title: "cold tenants refused per second".to_owned(),
                shape: Shape::Bars,
                points: per_second(refused.into_iter(), seconds),
            });
        }
        let first = samples.first().map_or(0, |sample| sample.documents);
        let sampled = |value: fn(&Sample, u64) -> f64| {
            samples.iter().map(|sample| (sample.at, value(sample, first))).collect()
        };
        let mut moved: Vec<f64> = outcome.moves.iter().map(Duration::as_secs_f64).collect();
        moved.sort_by(f64::total_cmp);
        let moved = moved.into_iter().zip(1u32..).map(|(at, count)| (at, f64::from(count)));
        let moved: Vec<_> = std::iter::once((0.0, 0.0)).chain(moved).collect();
        let last = moved.last().map_or(0.0, |(_, count)| *count);
        panels.extend([
            Panel {
                title: "replicas in the gateway's rotation".to_owned(),
                shape: Shape::Steps,
                points: sampled(|sample, _| sample.replicas as f64),
            },
            Panel {
                title: "tenants answered by another replica than before, in all".to_owned(),
                shape: Shape::Steps,
                points: moved.into_iter().chain([(seconds, last)]).collect(),
            },
            Panel {
                title: "documents read from MongoDB since the load began".to_owned(),
                shape: Shape::Steps,
                points: sampled(|sample, first| sample.documents.saturating_sub(first) as f64),
            },
        ]);
        let marks = self.shared.marks.lock().expect("no panic").clone();
        let title = self.shared.name.replace('-', " ");
        let picture = Timeline { title, seconds, marks, panels };
        std::fs::create_dir_all(&folder).expect("the pictures' folder");
        let file = folder.join(format!("{}.svg", self.shared.name));
        std::fs::write(&file, picture.svg()).expect("a picture");
    }
}

impl Shared {
    fn look(&self, watch: &Watch) -> Vec<Sample> {
        let mut samples = Vec::new();
        // By replica, gone ones too: what it told last, and what was told before it began anew.
        let mut read: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        while !self.stop.load(Ordering::Relaxed) {
            for (replica, value) in watch.counter(DOCUMENTS) {
                let (last, earlier) = read.entry(replica).or_default();
                if value < *last {
                    *earlier += *last;
                }
                *last = value;
            }
            samples.push(Sample {
                at: self.load.at().as_secs_f64(),
                replicas: watch.in_rotation(),
                documents: read.values().map(|(last, earlier)| last + earlier).sum(),
            });
            std::thread::sleep(LOOK);
        }
        samples
    }
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("LITEVISOR_MESH_PICTURES")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
}

fn per_second(moments: impl Iterator<Item = Duration>, seconds: f64) -> Vec<(f64, f64)> {
    bins(moments.map(|at| (at, 1.0 / LOOK.as_secs_f64())), seconds, |sum, one| sum + one)
}

fn bins(
    events: impl Iterator<Item = (Duration, f64)>,
    seconds: f64,
    join: fn(f64, f64) -> f64,
) -> Vec<(f64, f64)> {
    let width = LOOK.as_secs_f64();
    let mut values = vec![0.0; (seconds / width) as usize + 1];
    for (at, value) in events {
        let bin = (at.as_secs_f64() / width) as usize;
        if let Some(bin) = values.get_mut(bin) {
            *bin = join(*bin, value);
        }
    }
    // The last bin is not full.
    values.pop();
    values.iter().enumerate().map(|(bin, value)| ((bin as f64 + 0.5) * width, *value)).collect()
}
