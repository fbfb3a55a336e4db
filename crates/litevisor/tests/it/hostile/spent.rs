//! CPU time that a process's query threads spend, as the kernel counts it. A test that counts it
//! instead of the time that passes is right on a machine that is busy with other things.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Pause between two looks: a thread that ends between them is counted up to the last one.
const LOOK_MS: u64 = 5;

fn look(pid: u32, seen: &mut HashMap<String, u64>) {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return };
    for task in tasks.flatten() {
        // It may end at any moment.
        let read = |what: &str| fs::read_to_string(task.path().join(what)).unwrap_or_default();
        if !read("comm").starts_with("query-") {
            continue;
        }
        let nanos = read("schedstat").split(' ').next().and_then(|it| it.parse().ok());
        if let Some(nanos) = nanos {
            seen.insert(task.file_name().to_string_lossy().into_owned(), nanos);
        }
    }
}

/// CPU time of the query threads of `pid` while `work` runs.
pub fn during<R>(pid: u32, work: impl FnOnce() -> R) -> (R, Duration) {
    let (mut before, done) = (HashMap::new(), AtomicBool::new(false));
    look(pid, &mut before);
    let mut after = before.clone();
    let result = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                look(pid, &mut after);
                std::thread::sleep(Duration::from_millis(LOOK_MS));
            }
        });
        let result = work();
        done.store(true, Ordering::Release);
        looking.join().expect("no panic");
        result
    });
    look(pid, &mut after);
    let spent = after.iter().map(|(task, nanos)| nanos - before.get(task).unwrap_or(&0)).sum();
    (result, Duration::from_nanos(spent))
}
